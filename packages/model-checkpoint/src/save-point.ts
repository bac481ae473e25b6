import type { StopReason, TrainerHandle, TrainerState } from '@trainyard/core'

/** A point of a run at which everything about a step or epoch is known, and a checkpoint may be saved. */
export interface SavePoint {
  /** Updates done. */
  readonly step: number
  /** Epochs done. */
  readonly epoch: number
  /** Whether an epoch has just ended. */
  readonly isEpochEnd: boolean
  /** Whether a validation has just been made. */
  readonly isValidated: boolean
  /** Whether the run ends here, for good or for now. */
  readonly isEnd: boolean
  /** Milliseconds on the host's clock, which counts from anywhere. */
  readonly time: number
}

/** Tells where a run is. `validatedAt` is the step of its last validation. */
export function savePoint(state: TrainerState, trainer: TrainerHandle, validatedAt = -1): SavePoint {
  const { step, epoch, batch, isValidationDue } = state
  return {
    step,
    epoch,
    isEpochEnd: batch === 0 && step > 0,
    isValidated: validatedAt === step && !isValidationDue,
    isEnd: trainer.stopRequest !== undefined || endOf(state, trainer) !== undefined,
    time: trainer.host.now(),
  }
}

/** Tells why the run is over; undefined if it is not, or if a signal or the clock only interrupts it. */
export function endOf(
  { epoch, step, isValidationDue }: TrainerState,
  { maxEpochs = Infinity, maxSteps = Infinity, stopRequest }: TrainerHandle,
): StopReason | undefined {
  if (isValidationDue) return undefined
  if (epoch >= maxEpochs) return 'maxEpochs'
  if (step >= maxSteps) return 'maxSteps'
  return stopRequest?.reason === 'stop' ? 'stop' : undefined
}

/** Names a point of a run, so that none is saved twice. */
export function positionOf({ step, epoch, batch, isValidationDue }: TrainerState): string {
  return [step, epoch, batch, isValidationDue].join('/')
}
