import type { Duration } from '@trainyard/core'
import { check, wholeNumber } from './errors.ts'
import type { SavePoint } from './save-point.ts'

/** Decides when to save: looks at a save point, and at the one of the last save, or of the run's start. */
export type When = (point: SavePoint, last: SavePoint) => boolean

/** Saves after every `n`th step. */
export function everySteps(n: number): When {
  wholeNumber('everySteps', n, 1)
  return ({ step }, last) => step % n === 0 && step !== last.step
}

/** Saves after every `n`th epoch. */
export function everyEpochs(n: number): When {
  wholeNumber('everyEpochs', n, 1)
  return ({ epoch, isEpochEnd }, last) => isEpochEnd && epoch % n === 0 && epoch !== last.epoch
}

/** Saves after each validation in every `n`th epoch, of which there may be several. */
export function everyValidation(n = 1): When {
  wholeNumber('everyValidation', n, 1)
  return ({ epoch, isEpochEnd, isValidated }) => isValidated && (isEpochEnd ? epoch : epoch + 1) % n === 0
}

/** Saves when so much time has gone by since the last save. */
export function everyTime({ hours = 0, minutes = 0, seconds = 0 }: Duration): When {
  const milliseconds = ((hours * 60 + minutes) * 60 + seconds) * 1000
  check(milliseconds > 0, 'everyTime', 'a positive time such as { minutes: 30 }', `${milliseconds} ms`)
  return ({ time }, last) => time - last.time >= milliseconds
}

/** Saves at the end of a run, however it ends but by an error. */
export const atEnd: When = ({ isEnd }) => isEnd

/** Saves when one of several says so. */
export function whenAny(...policies: readonly When[]): When {
  return (point, last) => policies.some((policy) => policy(point, last))
}
