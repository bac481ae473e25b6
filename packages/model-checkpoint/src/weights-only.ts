import type { Checkpoint } from '@trainyard/core'
import { fail } from './errors.ts'

/** Leaves the weights of a checkpoint, and nothing else. @throws if the module's state has no `weights`. */
export function weightsOnly({ module }: Checkpoint): Checkpoint {
  const weights = module?.['weights']
  if (weights === undefined) fail('`saveWeightsOnly` needs a module whose state has `weights`')
  return { module: { weights: weights! } }
}
