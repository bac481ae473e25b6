import type { RunPath } from './api.ts'
import type { DeliveryTiming, WandbResume } from './options.ts'
import type { RecordSource } from './record-source.ts'
import type { ServerSettings } from './settings.ts'

export interface SenderOptions {
  readonly server: ServerSettings
  readonly timing: DeliveryTiming
  readonly source: RecordSource
  /** The folder of files that go with the run. */
  readonly files: string
  /** What was asked for; the file says the rest. */
  readonly resume: WandbResume
  /** Called when somebody pressed Stop on the run's page. */
  onStop?(): void
  /** Tells a person about trouble. */
  warn(line: string): void
}

/** How far sending has come. */
export interface SenderState {
  /** Rows of the file that the server has; undefined where nobody tells. */
  readonly delivered: number | undefined
  /** Files and artifacts that it refused. */
  readonly refusedFiles: number
  /** Whether it has everything, the end of the run too. */
  readonly isComplete: boolean
  /** Why sending was given up. */
  readonly error: string | undefined
}

/** Sends what stands in a `.wandb` file, from its construction on. It neither throws nor keeps the process alive. */
export interface Sender {
  readonly state: SenderState
  /** The run's place, once the server has told. */
  readonly run: RunPath | undefined
  /** Waits until the server knows the run, or it is clear that this takes longer; for so many milliseconds at most. */
  started(timeout: number): Promise<void>
  /** Sends the rest, for so many milliseconds at most; then gives up. The file must have its end. */
  finish(timeout: number): Promise<SenderState>
}
