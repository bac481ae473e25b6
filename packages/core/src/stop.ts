/** Why a run ended. `rank`: another rank asked, by `stop` or for its own `maxTime` or `signal`. */
export type StopReason = 'maxEpochs' | 'maxSteps' | 'maxTime' | 'stop' | 'signal' | 'rank'

/** A wish to stop that waits for the step in flight. */
export interface StopRequest {
  readonly reason: StopReason
  /** What `requestStop` was given, or the name of the signal. */
  readonly detail: string
}
