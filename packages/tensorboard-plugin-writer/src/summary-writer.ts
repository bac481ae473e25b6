import { fail } from './errors.ts'
import type { ErrorPolicy } from './event-file.ts'
import { EventWriter } from './event-writer.ts'
import { checkedPath, RunDirectory, type WriterState } from './run-directory.ts'
import { defaultHost, type WriterHost } from './writer-host.ts'

export interface SummaryWriterOptions {
  /** Stands at the end of the default directory's name. */
  comment?: string
  /** Takes what was logged at this step and later out of the files that are in the directory, for good, before the first event is added. */
  purgeStep?: number
  /** Seconds that events may wait in memory. Default: 1. */
  flushSecs?: number
  /** Stands at the end of the file's name. */
  filenameSuffix?: string
  /** What to do when the disk refuses: `warn` once, keep the events and try again; or `throw`. Default: `warn`. */
  onError?: ErrorPolicy
  /** Stands for clock, console and disk; for tests. */
  host?: Partial<WriterHost>
}

/**
 * Writes a run for TensorBoard: one event file in `logDir`. Names and defaults are those of `torch.utils.tensorboard`, but for `flushSecs` and the order of an
 * image's dimensions.
 *
 * What is added is on the disk a second later, after `flush()` or `close()`, and when the process exits.
 *
 * ```ts
 * const writer = new SummaryWriter('runs/a')
 * writer.addScalar('loss', 0.31, 100)
 * writer.close()
 * ```
 */
export class SummaryWriter extends EventWriter {
  readonly #run: RunDirectory
  readonly #subWriters = new Map<string, EventWriter>()

  /** @param logDir Default: `runs/<date>_<time>_<host><comment>`. */
  constructor(logDir?: string, options: SummaryWriterOptions = {}) {
    const run = new RunDirectory(runOptions(logDir, options))
    super(run, '')
    this.#run = run
  }

  /** The directory of the run. */
  get logDir(): string {
    return this.#run.path
  }

  /** Sets the directory, unless one was given, or is in use. */
  useLogDir(directory: string): void {
    this.#run.usePath(directory)
  }

  /**
   * Gives a writer for a directory in this one, which TensorBoard shows as a run of its own: the way to have two curves in one chart, or several processes
   * write at once. It is flushed and closed with this one.
   */
  sub(name: string): EventWriter {
    const path = checkedPath(name)
    const writer = this.#subWriters.get(path) ?? new EventWriter(this.#run, path)
    this.#subWriters.set(path, writer)
    return writer
  }

  /**
   * Creates the file now, and not with the first event.
   * @param step TensorBoard then drops what it has read of the directory's earlier files from this step on; the files stay as they are.
   */
  open(step?: number): void {
    if (step !== undefined) this.#run.startAt(step)
    this.#run.file('').open()
  }

  /** Hands everything, that of the sub-writers too, to the operating system. @throws only with `onError: 'throw'`. */
  override flush(): void {
    this.#run.flush()
  }

  /** Flushes and closes the files. What is added later goes to a new file. */
  close(): void {
    this.#run.close()
  }

  /** Makes everything safe on the disk, and gives what a later process needs to go on exactly here: JSON. */
  getState(): WriterState {
    return this.#run.getState()
  }

  /** Goes back to a state: cuts off what the run has written since. What is added next goes to a new file. */
  updateState(state: WriterState): void {
    this.#run.updateState(state)
  }
}

function runOptions(logDir: string | undefined, options: SummaryWriterOptions): RunDirectory['options'] {
  const { comment = '', purgeStep, flushSecs = 1, filenameSuffix = '', onError = 'warn', host = {} } = options
  if (logDir === '') fail('`logDir` must not be empty; leave it out for runs/<date>_<time>_<host>')
  if (purgeStep !== undefined && !Number.isSafeInteger(purgeStep))
    fail(`\`purgeStep\` must be a whole number, not ${purgeStep}`)
  if (!(flushSecs > 0 && flushSecs <= 1e6)) fail(`\`flushSecs\` must be a number above 0, not ${flushSecs}`)
  for (const [option, part] of Object.entries({ comment, filenameSuffix }))
    if (/[/\\]/.test(part)) fail(`\`${option}\` must be part of a name, without slashes, not "${part}"`)
  if (onError !== 'warn' && onError !== 'throw')
    fail(`\`onError\` must be 'warn' or 'throw', not ${String(onError)}`)
  return {
    logDir,
    comment,
    purgeStep,
    flushSecs,
    suffix: filenameSuffix,
    onError,
    host: { ...defaultHost(), ...host },
  }
}
