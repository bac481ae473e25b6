import type { Checkpoint } from '@trainyard/core'

/** A small state that differs in every file from that of any other step. */
export function stateAt(step: number): Checkpoint {
  const record = (value: number): { shape: number[]; data: Float32Array } => ({
    shape: [3],
    data: Float32Array.of(value, -value, value / 3),
  })
  return {
    module: {
      weights: { 'dense/kernel': record(step) },
      optimizers: [{ slots: { 'dense/kernel': { m: record(step + 0.5) } } }],
    },
    trainer: { step, epoch: 0, batch: step },
    callbacks: { counter: { steps: step } },
  }
}
