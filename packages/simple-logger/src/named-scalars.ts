import type { TensorRef, TrainerState } from '@trainyard/core'

/** Gives the latest values of the scalars that a callback reads, as far as there are any. In `evaluate()` they are those of the data set evaluated. */
export function namedScalars(
  reads: readonly (string | TensorRef)[],
  { action, metrics }: TrainerState,
): [string, number][] {
  return reads.flatMap((read): [string, number][] => {
    const label = typeof read === 'string' ? read : read.name
    // A training step is known by the user's name for it, an evaluation by the module's.
    const key = typeof read === 'string' || action === 'train' ? label : read.key
    const value = action === 'eval' && key.startsWith('val_') ? undefined : metrics.get(key)
    return value === undefined ? [] : [[label, value]]
  })
}

/** Gives the results of the last validation. */
export function validationScalars({ metrics }: TrainerState): [string, number][] {
  return [...metrics].filter(([name]) => name.startsWith('val_'))
}
