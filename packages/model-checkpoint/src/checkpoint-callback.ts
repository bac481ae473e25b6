import {
  Callback,
  type Checkpoint,
  type StateRecord,
  type TrainerHandle,
  type TrainerState,
} from '@trainyard/core'
import { type FileSystem, latestCheckpoint, nodeFiles, readCheckpoint } from '@trainyard/checkpointer'
import { CheckpointStore } from './checkpoint-store.ts'
import { check, fail, wholeNumber } from './errors.ts'
import { keepAll, keepNewest } from './keep.ts'
import { passedOver } from './passed-over.ts'
import { positionOf, type SavePoint, savePoint } from './save-point.ts'
import { atEnd, everyEpochs, everySteps, type When, whenAny } from './when.ts'

export interface CheckpointCallbackOptions {
  /** Where to save, as `step=<n>` and `epoch=<n>`. */
  folder: string
  /** Where to look for a checkpoint to go on from. Default: `folder`. */
  loadFromFolder?: string | undefined
  /** Saves after every so many steps. Default: only at the end. */
  stepFreq?: number | undefined
  /** Saves after every so many epochs. Default: only at the end. */
  epochFreq?: number | undefined
  /** How many to keep, the newest ones; 0: all. Default: 4. */
  checkpointsToKeep?: number | undefined
  /** Whether it is an error if there is nothing to go on from. Default: false. */
  forceLoad?: boolean | undefined
  /** Default: `CheckpointCallback`. */
  name?: string | undefined
  /** Default: Node's. */
  files?: FileSystem | undefined
}

/** Saves every so often, keeps the newest, and goes on from the newest by itself: the simple one. */
export class CheckpointCallback extends Callback {
  override readonly name: string
  readonly #options: CheckpointCallbackOptions
  readonly #when: When
  readonly #store: CheckpointStore
  #last: SavePoint | undefined
  #savedAt = ''

  constructor(options: CheckpointCallbackOptions) {
    super()
    const { folder, stepFreq, epochFreq, checkpointsToKeep = 4, name = 'CheckpointCallback', files } = options
    check(typeof folder === 'string' && folder !== '', 'folder', 'a path', folder)
    for (const [option, value] of Object.entries({ stepFreq, epochFreq }))
      if (value !== undefined) wholeNumber(option, value, 1)
    check(
      Number.isSafeInteger(checkpointsToKeep) && checkpointsToKeep >= 0,
      'checkpointsToKeep',
      'a whole number; 0 keeps all',
      checkpointsToKeep,
    )
    this.name = name
    this.#options = options
    this.#when = whenAny(
      atEnd,
      ...(stepFreq ? [everySteps(stepFreq)] : []),
      ...(epochFreq ? [everyEpochs(epochFreq)] : []),
    )
    this.#store = new CheckpointStore({
      keep: checkpointsToKeep === 0 ? keepAll : keepNewest(checkpointsToKeep),
      warn: (line) => this.#warn(line),
      files,
    })
    this.#store.folder = folder
  }

  override async load({ state, host }: TrainerHandle): Promise<Checkpoint | undefined> {
    const { folder, loadFromFolder = folder, forceLoad, files = nodeFiles } = this.#options
    const latest = await latestCheckpoint(loadFromFolder, { files })
    if (!state.globalRank) for (const damaged of latest.damaged) host.warn(passedOver(damaged))
    if (latest.status === 'found') {
      const { path } = latest.checkpoint
      const { checkpoint } = await readCheckpoint(path, { files })
      if (checkpoint.trainer) return checkpoint
      fail(`checkpoint "${path}" has weights only, which cannot be resumed; set another \`loadFromFolder\``)
    }
    if (latest.status === 'damaged')
      fail(
        `every checkpoint in "${loadFromFolder}" is damaged; nothing was deleted. Move them away to start anew`,
      )
    if (forceLoad) fail(`there is no checkpoint in "${loadFromFolder}", and \`forceLoad\` is set`)
    return undefined
  }

  override async onActionStart(state: TrainerState, trainer: TrainerHandle): Promise<void> {
    if (state.action !== 'train') return
    this.#warn = (line) => trainer.host.warn(line)
    this.#store.isPassive = Boolean(state.globalRank)
    await this.#store.open(trainer.strategy)
    this.#last = savePoint(state, trainer)
    this.#savedAt = this.#store.saved.length > 0 ? positionOf(state) : ''
  }

  override async onSavePoint(state: TrainerState, trainer: TrainerHandle): Promise<void> {
    const point = savePoint(state, trainer)
    const { step, epoch } = state
    if (this.#savedAt === positionOf(state) || !this.#when(point, this.#last!)) return
    this.#last = point
    this.#savedAt = positionOf(state)
    const byEpochs = point.isEpochEnd && this.#options.stepFreq === undefined
    await this.#store.save({
      name: byEpochs ? `epoch=${epoch}` : `step=${step}`,
      step,
      epoch,
      scores: Object.fromEntries(state.metrics),
      checkpoint: () => trainer.getState(),
    })
    for (const saved of this.#store.takeSaved()) await trainer.emit('onCheckpoint', saved)
  }

  override getState(): StateRecord {
    return this.#store.getState()
  }

  override updateState(state: StateRecord): void {
    this.#store.updateState(state)
  }

  #warn: (line: string) => void = console.warn
}
