import type { TrainerHandle, TrainerState } from '@trainyard/core'

/** The stretch of steps that a bar stands for. */
export interface Span {
  /** The step count at its start; before this process began, where it resumed in the middle. */
  readonly from: number
  /** Its steps, where they are known. */
  readonly total: number | undefined
  readonly of: 'epoch' | 'run'
}

/**
 * Gives the span that begins or goes on here: the epoch, where its length is known, cut short by
 * `maxSteps`; else the whole run. A resume in the middle of an epoch counts back by whole epochs, since
 * batches may be several to a step.
 */
export function spanAt({ step, epoch, batch }: TrainerState, trainer: TrainerHandle): Span {
  const { stepsPerEpoch, totalSteps, maxSteps = Infinity } = trainer
  if (stepsPerEpoch === undefined) return { from: 0, total: totalSteps, of: 'run' }
  const before = batch === 0 ? 0 : Math.min(Math.max(step - epoch * stepsPerEpoch, 0), stepsPerEpoch - 1)
  return { from: step - before, total: Math.min(stepsPerEpoch, before + maxSteps - step), of: 'epoch' }
}

/** Writes which epoch is under way or just over, of how many if that is known: `epoch 2/3`. */
export function epochText(
  { epoch, batch }: TrainerState,
  { stepsPerEpoch, totalSteps, maxEpochs }: TrainerHandle,
): string {
  const epochs = stepsPerEpoch && totalSteps ? Math.ceil(totalSteps / stepsPerEpoch) : maxEpochs
  const number = String(batch > 0 ? epoch + 1 : epoch)
  return epochs === undefined
    ? `epoch ${number}`
    : `epoch ${number.padStart(String(epochs).length)}/${epochs}`
}
