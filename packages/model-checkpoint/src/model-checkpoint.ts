import {
  Callback,
  type Duration,
  type SavedCheckpoint,
  type StateRecord,
  type StopReason,
  type TensorRef,
  type TrainerHandle,
  type TrainerState,
} from '@trainyard/core'
import {
  type FileSystem,
  type FileSystemModule,
  type LoadedCheckpoint,
  readCheckpoint,
  writeCheckpoint,
} from '@trainyard/checkpointer'
import { join } from 'node:path'
import { CheckpointStore } from './checkpoint-store.ts'
import { check, fail, wholeNumber } from './errors.ts'
import { checkTemplate, fillName } from './file-name.ts'
import { type Keep, keepAll, keepAny, keepBest, keepNewest, ranked } from './keep.ts'
import { atEnd, everyEpochs, everySteps, everyTime, everyValidation, type When, whenAny } from './when.ts'
import { endOf, positionOf, type SavePoint, savePoint } from './save-point.ts'
import { weightsOnly } from './weights-only.ts'

export interface ModelCheckpointOptions<Monitor extends string | TensorRef> {
  /** Where to. Default: `checkpoints` in the run's directory, or in the working directory if there is none. */
  dirpath?: string | undefined
  /** A template for names: counters and metrics in braces. Default: `{epoch}-{step}`, and `-{<monitor>:.4f}` if there is a monitor. */
  filename?: string | undefined
  /** What makes a checkpoint good, by name or reference. Default: `val_loss`. `null`: nothing; the newest are kept. */
  monitor?: Monitor | null
  /** Whether less is better or more. Default: `min`. */
  mode?: 'min' | 'max' | undefined
  /** How many of the best to keep; -1: all. Default: 3. */
  saveTopK?: number | undefined
  /** Whether to keep the newest as well, with a link `last` to it. Default: true. */
  saveLast?: boolean | undefined
  /** Whether to go back to the best weights at the end of a run, and to save them as `best`. Default: false. */
  saveBestModel?: boolean | undefined
  /** Saves after every so many steps. */
  everyNTrainSteps?: number | undefined
  /** Saves after every so many epochs. Default: 1 if neither steps nor time are given. */
  everyNEpochs?: number | undefined
  /** Saves when so much time has gone by, for example `{ minutes: 30 }`. */
  trainTimeInterval?: Duration | undefined
  /** Whether names say what their numbers are: `epoch=1-step=300`. Default: true. */
  autoInsertMetricName?: boolean | undefined
  /** Whether a name that somebody else's checkpoint has gets `-v1` behind it, rather than to replace that. Default: true. */
  enableVersionCounter?: boolean | undefined
  /** `false`: `everyNEpochs` means the validations in these epochs, of which there may be several. Default: true, their ends. */
  saveOnTrainEpochEnd?: boolean | undefined
  /** Whether to leave out all but the weights; such a checkpoint cannot be resumed from. Default: false. */
  saveWeightsOnly?: boolean | undefined
  /** Whether to save where the run ends, also by a stop or a signal. Default: true. */
  saveOnTrainEnd?: boolean | undefined
  /** Whether to save after an error, too: the last completed step, but what callbacks missed of it stays missing. Default: false. */
  saveOnException?: boolean | undefined
  /** Whether to keep with each checkpoint how the program was called and on what it ran. Default: true. */
  saveContext?: boolean | undefined
  /** Whether to write in a thread of its own: the loop waits only until the state is copied. Default: false. */
  asyncSave?: boolean | undefined
  /** Whether to print a line for each checkpoint. Default: false. */
  verbose?: boolean | undefined
  /** The key of its state in checkpoints; two in one run need two. Default: `ModelCheckpoint`. */
  name?: string | undefined
  /** Default: Node's. */
  files?: FileSystem | FileSystemModule | undefined
}

/**
 * Saves checkpoints during a run, keeps the best and the newest, and deletes the others. It saves at save points, when the validation of the same step
 * is done; a score is that of exactly the weights it stands with, or there is none. NaN is never best; of equal scores the older one is better.
 */
export class ModelCheckpoint<const Monitor extends string | TensorRef = 'val_loss'> extends Callback<
  Extract<NoInfer<Monitor>, string>
> {
  override readonly name: string
  override readonly reads: readonly (Extract<NoInfer<Monitor>, string> | TensorRef)[]
  readonly #options: ModelCheckpointOptions<Monitor>
  readonly #monitor: string | undefined
  readonly #template: string
  readonly #when: When
  readonly #store: CheckpointStore
  #logDirectory: string | undefined
  /** Where the last save was, or the start. */
  #last: SavePoint | undefined
  /** The position of the last save, so that none is made twice. */
  #savedAt = ''
  /** The step at which the last validation was. */
  #validatedAt = -1
  /** Whether a checkpoint was due when there was no score: the next validation makes up for it. */
  #owed = false
  #failed = false
  /** What the run monitored before it was resumed, if that is not what it monitors now. */
  #otherMonitor: string | null | undefined
  /** Whether the save point that the run goes on from has to be looked at again. */
  #isResumed = false

  constructor(options: ModelCheckpointOptions<Monitor> = {}) {
    super()
    const {
      dirpath,
      monitor = 'val_loss' as Monitor,
      mode = 'min',
      saveTopK = 3,
      saveLast = true,
      saveBestModel = false,
      everyNTrainSteps,
      trainTimeInterval,
      saveOnTrainEpochEnd = true,
      saveOnTrainEnd = true,
      enableVersionCounter = true,
      asyncSave = false,
      name = 'ModelCheckpoint',
      files,
    } = options
    const isAlone = everyNTrainSteps === undefined && trainTimeInterval === undefined
    const everyNEpochs = options.everyNEpochs ?? (isAlone ? 1 : undefined)
    check(
      dirpath === undefined || (typeof dirpath === 'string' && dirpath !== ''),
      'dirpath',
      'a path',
      dirpath,
    )
    check(['min', 'max'].includes(mode), 'mode', 'min or max', mode)
    check(
      Number.isSafeInteger(saveTopK) && saveTopK >= -1,
      'saveTopK',
      'a whole number from -1, which keeps all',
      saveTopK,
    )
    check(
      saveTopK !== 0 || saveLast,
      'saveLast',
      'true where `saveTopK` is 0, for nothing would be saved',
      saveLast,
    )
    for (const [option, value] of Object.entries({ everyNTrainSteps, everyNEpochs }))
      if (value !== undefined) wholeNumber(option, value, 1)
    check(
      !saveBestModel || monitor !== null,
      'monitor',
      'the name of a metric where `saveBestModel` is set',
      monitor,
    )
    this.name = name
    this.reads = (monitor === null ? [] : [monitor]) as typeof this.reads
    this.#monitor = monitor === null ? undefined : typeof monitor === 'string' ? monitor : monitor.name
    this.#options = { ...options, mode, saveTopK }
    this.#template = options.filename ?? `{epoch}-{step}${this.#monitor ? `-{${this.#monitor}:.4f}` : ''}`
    checkTemplate('filename', this.#template)
    const triggers: (When | false)[] = [
      everyNTrainSteps !== undefined && everySteps(everyNTrainSteps),
      everyNEpochs !== undefined &&
        (saveOnTrainEpochEnd ? everyEpochs(everyNEpochs) : everyValidation(everyNEpochs)),
      trainTimeInterval !== undefined && everyTime(trainTimeInterval),
      saveOnTrainEnd && atEnd,
    ]
    this.#when = whenAny(...triggers.filter((trigger) => trigger !== false))
    const best: Keep =
      saveTopK === -1 ? keepAll : this.#monitor ? keepBest(saveTopK, mode) : keepNewest(saveTopK)
    this.#store = new CheckpointStore({
      keep: saveLast ? keepAny(best, keepNewest(1)) : best,
      link: saveLast ? 'last' : undefined,
      reserved: saveBestModel ? ['best'] : [],
      versionCounter: enableVersionCounter,
      async: asyncSave,
      warn: (line) => this.#warn(line),
      files,
    })
    // A handler that is not there costs nothing.
    if (asyncSave) this.onStepEnd = (_state, trainer) => this.#tell(trainer)
  }

  /** The path of the best checkpoint that is kept; undefined before there is one with a score. */
  get bestModelPath(): string | undefined {
    const [best] = this.#ranked()
    return best && this.#store.path(best.name)
  }

  /** The exact score of the best checkpoint. */
  get bestModelScore(): number | undefined {
    return this.#ranked()[0]?.score
  }

  /** The path of the newest checkpoint. */
  get lastModelPath(): string | undefined {
    const last = this.#store.saved.at(-1)
    return last && this.#store.path(last.name)
  }

  /** The scores of the best checkpoints, by path, best first. */
  get bestKModels(): ReadonlyMap<string, number> {
    const { saveTopK } = this.#options
    const best = saveTopK === -1 ? this.#ranked() : this.#ranked().slice(0, saveTopK)
    return new Map(best.map(({ name, score }) => [this.#store.path(name), score!]))
  }

  /** Where the checkpoints are, or will be, in a run whose files go to `logDirectory`. */
  directory(logDirectory: string | undefined = this.#logDirectory): string {
    return this.#options.dirpath ?? join(logDirectory ?? '', 'checkpoints')
  }

  override useDirectory(directory: string): void {
    this.#logDirectory = directory
  }

  override readsAt(state: TrainerState): boolean {
    const { everyNTrainSteps, trainTimeInterval } = this.#options
    return (
      state.isLastBatch ||
      trainTimeInterval !== undefined ||
      state.step % (everyNTrainSteps ?? Infinity) === 0
    )
  }

  override async onActionStart(state: TrainerState, trainer: TrainerHandle): Promise<void> {
    if (state.action !== 'train') return
    if (this.#options.trainTimeInterval && state.worldSize > 1)
      fail('`trainTimeInterval` needs a single process, for clocks differ; use `everyNTrainSteps`')
    this.#warn = (line) => trainer.host.warn(line)
    this.#failed = false
    this.#store.folder = this.directory()
    this.#store.isPassive = Boolean(state.globalRank)
    await this.#store.open(trainer.strategy)
    if (this.#otherMonitor !== undefined && !state.globalRank)
      this.#warn(
        `[model-checkpoint] \`monitor\` was ${JSON.stringify(this.#otherMonitor)} when the checkpoint was saved; what was kept by it stays, and is not compared`,
      )
    this.#otherMonitor = undefined
    const { step = 0, epoch = 0 } = this.#store.saved.at(-1) ?? {}
    this.#last = { ...savePoint(state, trainer), step, epoch }
    this.#savedAt = step === state.step && step > 0 ? positionOf(state) : ''
    this.#isResumed = step > 0 && !state.isValidationDue
  }

  override async onEpochStart(state: TrainerState, trainer: TrainerHandle): Promise<void> {
    // The run may go on from another saver's checkpoint of this step, written before it was this one's turn.
    if (this.#isResumed) await this.onSavePoint(state, trainer)
  }

  override onValidationEnd(state: TrainerState): void {
    this.#validatedAt = state.step
  }

  override async onSavePoint(state: TrainerState, trainer: TrainerHandle): Promise<void> {
    this.#isResumed = false
    const point = savePoint(state, trainer, this.#validatedAt)
    const score = this.#score(state)
    const isScored = !this.#monitor?.startsWith('val_') || score !== undefined
    const isOwed = this.#owed && point.isValidated
    if (this.#savedAt === positionOf(state) || !(isOwed || this.#when(point, this.#last!))) return
    // A point without a score may be saved as the newest; a place among the best has to wait for the next validation.
    this.#owed = !isScored && !state.isValidationDue
    this.#last = point
    await this.#save(state, trainer, score, endOf(state, trainer))
  }

  override async onException(state: TrainerState, _error: Error, trainer: TrainerHandle): Promise<void> {
    this.#failed = true
    if (state.action === 'train' && this.#options.saveOnException && this.#savedAt !== positionOf(state))
      await this.#save(state, trainer, undefined, undefined)
  }

  override async onActionEnd(state: TrainerState, trainer: TrainerHandle): Promise<void> {
    if (state.action !== 'train') return
    await this.#store.close()
    await this.#tell(trainer)
    if (this.#options.saveBestModel && !this.#failed) await this.#restoreBest(state, trainer)
  }

  override getState(): StateRecord {
    const monitor = this.#monitor ?? null
    return { ...this.#store.getState(), monitor, owed: this.#owed, validatedAt: this.#validatedAt }
  }

  override updateState({ monitor, owed, validatedAt, ...state }: StateRecord): void {
    this.#validatedAt = validatedAt as number
    if (monitor === (this.#monitor ?? null)) {
      this.#owed = Boolean(owed)
      this.#store.updateState(state)
      // Scores of one metric say nothing about another: the list begins anew, as if another run had saved all that is there.
    } else this.#otherMonitor = monitor as string | null
  }

  async #save(
    state: TrainerState,
    trainer: TrainerHandle,
    score: number | undefined,
    end: StopReason | undefined,
  ): Promise<void> {
    const { saveWeightsOnly, saveContext = true, autoInsertMetricName } = this.#options
    const metrics = Object.fromEntries(state.metrics)
    const { step, epoch } = state
    this.#savedAt = positionOf(state)
    // A name tells the score of these weights, or none.
    const values = { ...metrics, ...(this.#monitor && { [this.#monitor]: score }), step, epoch }
    const name = (template: string): string => fillName(template, values, autoInsertMetricName)
    await this.#store.save({
      // A template of nothing but metrics that have no value would leave no name.
      name: name(this.#template) || name('{epoch}-{step}'),
      step,
      epoch,
      score,
      scores: metrics,
      context: { ...(saveContext && contextOf(trainer)), end: end ?? null },
      checkpoint: async () => (saveWeightsOnly ? weightsOnly(await trainer.getState()) : trainer.getState()),
    })
    await this.#tell(trainer)
  }

  /** Tells of what has become durable, or throws what went wrong meanwhile. */
  #tell(trainer: TrainerHandle): Promise<void> | undefined {
    const saved = this.#store.takeSaved()
    return saved.length > 0 ? this.#tellOf(saved, trainer) : undefined
  }

  async #tellOf(saved: readonly SavedCheckpoint[], trainer: TrainerHandle): Promise<void> {
    for (const one of saved) {
      if (this.#options.verbose) trainer.host.print(`[model-checkpoint] saved ${one.path}`)
      await trainer.emit('onCheckpoint', one)
    }
  }

  async #restoreBest({ globalRank }: TrainerState, trainer: TrainerHandle): Promise<void> {
    const { files } = this.#store
    // A run that a signal has interrupted goes on from where it is. The signal may have come to one rank alone: that of rank zero counts.
    const isDecided = !globalRank && trainer.stopRequest?.reason !== 'signal'
    const own = isDecided ? await this.#readBest() : undefined
    // All ranks must take the same one, and when rank zero says so it is there.
    const told = await trainer.strategy.broadcast(new TextEncoder().encode(own?.path ?? ''), 0)
    const path = new TextDecoder().decode(told)
    if (path === '') {
      if (isDecided) this.#warn('[model-checkpoint] there is no best checkpoint to go back to')
      return
    }
    const { checkpoint, manifest, context } = own ?? (await readCheckpoint(path, { files }))
    await trainer.updateState({ module: checkpoint.module! })
    if (globalRank) return
    const info = { ...manifest, runId: manifest.runId ?? undefined, context }
    // A copy keeps the time of its original: a run does not go on from here, but from where it was.
    await writeCheckpoint(await this.#store.freePath('best'), checkpoint, { info, files, warn: this.#warn })
  }

  /** Reads the best checkpoint that can be read: a run that has come to its end must not fail because one is gone. */
  async #readBest(): Promise<(LoadedCheckpoint & { readonly path: string }) | undefined> {
    for (const { name } of this.#ranked()) {
      const path = this.#store.path(name)
      try {
        return { path, ...(await readCheckpoint(path, { files: this.#store.files })) }
      } catch (error) {
        this.#warn(
          `[model-checkpoint] cannot go back to "${path}", and takes the next best: ${String(error)}`,
        )
      }
    }
    return undefined
  }

  #ranked(): ReturnType<typeof ranked> {
    return ranked(this.#store.saved, this.#options.mode!)
  }

  /** The monitored value, if it is that of the weights as they are now. */
  #score(state: TrainerState): number | undefined {
    if (!this.#monitor) return undefined
    // At the end of an epoch it was read at the epoch's last step.
    const isRead = state.batch === 0 || this.readsAt(state)
    const isFresh = this.#monitor.startsWith('val_') ? this.#validatedAt === state.step : isRead
    return isFresh && !state.isValidationDue ? state.metrics.get(this.#monitor) : undefined
  }

  #warn: (line: string) => void = console.warn
}

function contextOf({ maxEpochs, maxSteps }: TrainerHandle): StateRecord {
  return {
    arguments: process.argv.slice(1),
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    ...(maxEpochs !== undefined && { maxEpochs }),
    ...(maxSteps !== undefined && { maxSteps }),
  }
}
