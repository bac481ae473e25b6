import { randomUUID } from 'node:crypto'
import { basename, join } from 'node:path'
import type { Checkpoint, ModuleState } from '@trainyard/core'
import { AbstractCheckpointer } from './abstract-checkpointer.ts'
import { DamagedCheckpointError, fail } from './errors.ts'
import { type FileSystem, kindAt, nodeFiles } from './file-system.ts'
import { type CheckpointEntry, type CompleteCheckpoint, listCheckpoints } from './list-checkpoints.ts'
import { isPlainName } from './manifest.ts'
import { weightsOf } from './named-tensors.ts'
import { type LoadedCheckpoint, readCheckpoint, verifyCheckpoint } from './read-checkpoint.ts'
import { noteTo, type NotDeleted, tryToRemove } from './remove-checkpoint.ts'
import { writeSafetensors } from './safetensors/write.ts'
import { sweepUnfinished } from './sweep-unfinished.ts'
import { writeCheckpoint } from './write-checkpoint.ts'

export interface DefaultCheckpointerOptions {
  /** Whether to save at all. Default: true. */
  checkpoint?: boolean | undefined
  /** Saves after every so many epochs; at the end in any case. Default: 1. */
  period?: number | undefined
  /** Where checkpoints go. Default: `checkpoints`. */
  saveDir?: string | undefined
  /** Where the model alone goes at the end; null for nowhere. Default: `saveDir`. */
  modelStateSaveDir?: string | null | undefined
  /** Where to go on from: the good checkpoint with the highest number in its name. Default: a new start. */
  loadDir?: string | undefined
  /** The one in `loadDir` to go on from. */
  loadFilename?: string | undefined
  /** Default: `checkpoint`. */
  filePrefix?: string | undefined
  /** What checkpoints' names end with, after a dot. Default: nothing. */
  fileExt?: string | undefined
  /** Whether to delete what this run saved before it was started again, once the first new checkpoint is there. Default: false. */
  deleteExistingCheckpoints?: boolean | undefined
  /** How many checkpoints of this run to keep. Default: all. */
  maxCheckpoints?: number | undefined
  /** Names the run, so that none deletes another's files. Default: that of the checkpoint it goes on from, or a new one. */
  runId?: string | undefined
  files?: FileSystem | undefined
  /** Gets what went wrong but did not stop the run. Default: `console.warn`. */
  warn?: ((line: string) => void) | undefined
}

/**
 * Saves the run after every epoch as `<filePrefix>_<epochs done>` in `saveDir`, and the weights alone, as
 * `<filePrefix>_model_<epochs done>.safetensors`, at the end. Nothing is deleted before its successor is durable.
 */
export class DefaultCheckpointer extends AbstractCheckpointer {
  readonly #options
  readonly #files: FileSystem
  readonly #warn: (line: string) => void
  readonly #pattern: RegExp
  /** The names that this object has saved, in that order. */
  readonly #written: string[] = []
  /** What could not be deleted after an earlier save. */
  #left: readonly string[] = []
  #runId: string | undefined

  constructor({
    checkpoint = true,
    period = 1,
    saveDir = 'checkpoints',
    modelStateSaveDir = saveDir,
    loadDir,
    loadFilename,
    filePrefix = 'checkpoint',
    fileExt = '',
    deleteExistingCheckpoints = false,
    maxCheckpoints = Infinity,
    runId,
    files = nodeFiles,
    warn = console.warn,
  }: DefaultCheckpointerOptions = {}) {
    super()
    wholeNumber('period', period)
    if (maxCheckpoints !== Infinity) wholeNumber('maxCheckpoints', maxCheckpoints)
    for (const [option, folder] of Object.entries({ saveDir, modelStateSaveDir, loadDir }))
      if (folder === '') fail(`\`${option}\` must be the path of a folder, not an empty text`)
    for (const [option, name] of Object.entries({ filePrefix, fileExt, loadFilename }))
      if (
        name !== undefined &&
        !(option === 'fileExt' && name === '') &&
        (!isPlainName(name) || name.startsWith('.'))
      )
        fail(`\`${option}\` must be a part of a file name, without slashes or a dot in front, not "${name}"`)
    if (loadFilename !== undefined && loadDir === undefined)
      fail('`loadFilename` needs `loadDir`, the folder that it is in')
    this.#options = {
      checkpoint,
      period,
      saveDir,
      modelStateSaveDir,
      loadDir,
      loadFilename,
      filePrefix,
      suffix: fileExt === '' ? '' : `.${fileExt}`,
      deleteExistingCheckpoints,
      maxCheckpoints,
    }
    const literal = (text: string): string => text.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`)
    this.#pattern = new RegExp(`^${literal(filePrefix)}_(\\d+)${literal(this.#options.suffix)}$`)
    this.#runId = runId
    this.#files = files
    this.#warn = warn
  }

  /** Names the run. */
  get runId(): string {
    return (this.#runId ??= randomUUID())
  }

  /** Saves if `index` is a multiple of `period`, or `force`. Gives the path, undefined if it did not save. */
  override async save(checkpoint: Checkpoint, index: number, force = false): Promise<string | undefined> {
    const { checkpoint: isOn, period, saveDir, filePrefix, suffix } = this.#options
    if (!isOn || (index % period !== 0 && !force)) return undefined
    const name = `${filePrefix}_${index}${suffix}`
    const path = join(saveDir, name)
    const isFirst = this.#written.length === 0
    const io = { files: this.#files, warn: this.#warn }
    // Not when it is loaded: a program that only evaluates must leave alone what the run itself may be writing.
    if (isFirst) await sweepUnfinished(saveDir, { runId: this.runId, ...io })
    if (!(await this.#isSaved(path, checkpoint))) {
      const scores = scoresOf(checkpoint)
      const info = {
        runId: this.runId,
        epoch: (checkpoint.trainer?.['epoch'] as number | undefined) ?? index,
        scores,
      }
      await writeCheckpoint(path, checkpoint, { info, ...io })
    }
    if (this.#written.includes(name)) this.#written.splice(this.#written.indexOf(name), 1)
    this.#written.push(name)
    await this.#deleteOld(path, isFirst)
    return path
  }

  /** Saves the weights alone. Gives the path, undefined if it did not save. */
  override async saveModel(state: ModuleState, index: number): Promise<string | undefined> {
    const { checkpoint: isOn, modelStateSaveDir, filePrefix } = this.#options
    if (!isOn || modelStateSaveDir === null) return undefined
    const path = join(modelStateSaveDir, `${filePrefix}_model_${index}.safetensors`)
    await writeSafetensors(path, weightsOf(state), { metadata: { runId: this.runId }, files: this.#files })
    return path
  }

  /**
   * Loads what `loadDir` and `loadFilename` say; undefined without a `loadDir`.
   * @throws if there is nothing good to go on from, or `saveDir` holds checkpoints of another run that this one would replace.
   */
  override async load(): Promise<Checkpoint | undefined> {
    const { loadDir, loadFilename } = this.#options
    const loaded =
      loadDir === undefined
        ? undefined
        : loadFilename === undefined
          ? await this.#loadLatest(loadDir)
          : await readCheckpoint(join(loadDir, loadFilename), { files: this.#files })
    this.#runId ??= loaded?.manifest.runId ?? undefined
    if (this.#options.checkpoint) await this.#refuseOthers()
    return loaded?.checkpoint
  }

  async #loadLatest(folder: string): Promise<LoadedCheckpoint> {
    const { filePrefix, suffix } = this.#options
    const damages: string[] = []
    for (const { path } of (await this.#named(folder)).toReversed())
      try {
        const loaded = await readCheckpoint(path, { files: this.#files })
        for (const damage of damages) this.#warn(`${damage}. Going on from "${path}"`)
        return loaded
      } catch (error) {
        if (!(error instanceof DamagedCheckpointError)) throw error
        damages.push(error.message)
      }
    if (damages.length > 0)
      return fail(`\`loadDir\` has nothing but damaged checkpoints:\n${damages.join('\n')}`)
    const state =
      (await kindAt(this.#files, folder)) === undefined
        ? 'is missing'
        : `has no "${filePrefix}_<number>${suffix}"`
    return fail(`\`loadDir\`, "${folder}", ${state}; leave \`loadDir\` out for a new start`)
  }

  /** Gives the checkpoints with names of this checkpointer, by the numbers in them. */
  async #named(folder: string): Promise<CheckpointEntry[]> {
    const number = (name: string): number => Number(this.#pattern.exec(name)?.[1] ?? -1)
    const entries = await listCheckpoints(folder, { files: this.#files })
    return entries
      .filter(({ name }) => this.#pattern.test(name))
      .toSorted((a, b) => number(a.name) - number(b.name))
  }

  async #own(): Promise<CompleteCheckpoint[]> {
    const entries = await this.#named(this.#options.saveDir)
    return entries.filter(
      (entry): entry is CompleteCheckpoint =>
        entry.status === 'complete' && entry.manifest.runId === this.runId,
    )
  }

  /** A run that is begun anew would replace the old one's checkpoints one by one, and a later resume would mix the two. */
  async #refuseOthers(): Promise<void> {
    const { saveDir } = this.#options
    const other = (await this.#named(saveDir)).findLast(
      (entry) => entry.manifest && entry.manifest.runId !== this.runId,
    )
    if (other)
      fail(
        `\`saveDir\`, "${saveDir}", has "${basename(other.path)}" of another run, ${JSON.stringify(other.manifest?.runId)}; ` +
          'go on from it with `loadDir`, choose another `saveDir` or `filePrefix`, or delete it',
      )
  }

  /** Whether the very same state is there already: at the end of a run the last epoch has been saved before. */
  async #isSaved(path: string, { trainer }: Checkpoint): Promise<boolean> {
    if (!trainer || (await kindAt(this.#files, path)) !== 'folder') return false
    const verdict = await verifyCheckpoint(path, { files: this.#files })
    if (!verdict.ok) return false
    const { runId, step, epoch, batch } = verdict.manifest
    return (
      runId === this.runId &&
      step === trainer['step'] &&
      epoch === trainer['epoch'] &&
      batch === trainer['batch']
    )
  }

  /** Deletes what need not be kept; what cannot be deleted is tried again after the next save. */
  async #deleteOld(saved: string, isFirst: boolean): Promise<void> {
    const old = new Set([...this.#left, ...(await this.#old(isFirst))])
    // It may have the name of one that could not be deleted.
    old.delete(saved)
    const left: NotDeleted[] = []
    for (const path of old) await tryToRemove(this.#files, path, (one) => void left.push(one))
    left.forEach(noteTo(this.#warn))
    this.#left = left.map(({ path }) => path)
  }

  async #old(isFirst: boolean): Promise<string[]> {
    const { deleteExistingCheckpoints, maxCheckpoints } = this.#options
    if (maxCheckpoints === Infinity && !(isFirst && deleteExistingCheckpoints)) return []
    const own = await this.#own()
    // What this object saved is newer than anything before, even under a lower number: the run may have gone back to an earlier checkpoint.
    const age = ({ name }: CompleteCheckpoint): number => this.#written.indexOf(name)
    const sorted = own.toSorted((a, b) => age(a) - age(b))
    const old = sorted.filter(
      (entry, i) =>
        i < sorted.length - maxCheckpoints || (deleteExistingCheckpoints && isFirst && age(entry) < 0),
    )
    return old.map(({ path }) => path)
  }
}

function wholeNumber(option: string, value: number): void {
  if (!Number.isSafeInteger(value) || value < 1)
    fail(`\`${option}\` must be a whole number from 1, not ${String(value)}`)
}

/** Gives the metrics of a checkpoint; the trainer keeps what JSON cannot write as text. */
function scoresOf({ trainer }: Checkpoint): Record<string, number> {
  const metrics = (trainer?.['metrics'] ?? {}) as Readonly<Record<string, number | string>>
  return Object.fromEntries(Object.entries(metrics).map(([name, value]) => [name, Number(value)]))
}
