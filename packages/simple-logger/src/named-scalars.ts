import type { TensorRef, TrainerState } from '@trainyard/core'

/** Gives the latest values of the scalars that a callback reads, as far as there are any. */
export function namedScalars(
  reads: readonly (string | TensorRef)[],
  { metrics }: TrainerState,
): [string, number][] {
  return reads.flatMap((read): [string, number][] => {
    const name = typeof read === 'string' ? read : read.name
    const value = metrics.get(name)
    return value === undefined ? [] : [[name, value]]
  })
}

/** Gives the results of the last validation. */
export function validationScalars({ metrics }: TrainerState): [string, number][] {
  return [...metrics].filter(([name]) => name.startsWith('val_'))
}
