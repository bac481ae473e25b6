/** Why a run ended. */
export type StopReason = 'maxEpochs' | 'maxSteps' | 'maxTime' | 'stop' | 'signal'

/** A wish to stop that waits for the step in flight. */
export interface StopRequest {
  readonly reason: StopReason
  /** What `requestStop` was given, or the name of the signal. */
  readonly detail: string
}
