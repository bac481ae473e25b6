import type { Checkpoint, ResumeSource, StateRecord, TrainerHandle } from '@trainyard/core'
import {
  type CheckpointEntry,
  DamagedCheckpointError,
  type FileSystem,
  listCheckpoints,
  type LoadedCheckpoint,
  nodeFiles,
  readCheckpoint,
} from '@trainyard/checkpointer'
import { join } from 'node:path'
import { check, fail } from './errors.ts'
import { ModelCheckpoint } from './model-checkpoint.ts'
import { passedOver } from './passed-over.ts'
import { readWeights } from './weights/read-weights.ts'
import { fitWeights, type FitOptions, ownWeights, type Weights } from './weights/weights.ts'

/** Where a run that has no checkpoint of its own yet takes weights from. */
export interface RestoreConfig extends FitOptions {
  /** A `.safetensors` file, a `model.json` of TensorFlow.js, or the folder of a checkpoint. */
  readonly path: string
  /** Whether to take over the optimizers of a checkpoint, too. Default: false. */
  readonly loadOptimState?: boolean | undefined
  /** Reads weights in a format of your own. */
  readonly read?: ((path: string) => Weights | Promise<Weights>) | undefined
}

export interface AutoResumeOptions {
  /** Whether to look for a checkpoint to go on from. Default: false. */
  resumeIfExists?: boolean | undefined
  /** Whether to start anew where there is none, or the run is over, rather than to end with an error. Default: false. */
  resumeIgnoreNoCheckpoint?: boolean | undefined
  /** Whether to go on from the end of a run that is over. Default: false. */
  resumePastEnd?: boolean | undefined
  /** Where to look. Default: where the trainer's ModelCheckpoints save, or `checkpoints` in its `logDirectory`. */
  dirpath?: string | undefined
  /** The checkpoint to go on from, whatever else there is. */
  path?: string | undefined
  /** Where to take weights from while there is no checkpoint: short for `restoreConfig: { path }`. */
  importPath?: string | undefined
  /** The same, with more to say. The counters stay at zero. */
  restoreConfig?: RestoreConfig | undefined
  /** Default: Node's. */
  files?: FileSystem | undefined
}

/**
 * Lets a trainer go on where an earlier run of the program stopped: with the newest checkpoint of which every byte is good. Damaged ones are named and
 * passed over, never deleted; where there is nothing but damage, that is an error.
 *
 * ```ts
 * new AutoResume({ resumeIfExists: true, resumeIgnoreNoCheckpoint: true }).setup(trainer)
 * await trainer.train()
 * ```
 */
export class AutoResume {
  readonly #options: AutoResumeOptions
  readonly #restore: RestoreConfig | undefined

  constructor(options: AutoResumeOptions) {
    const { resumeIfExists, dirpath, path, importPath, restoreConfig } = options ?? {}
    for (const [option, value] of Object.entries({ dirpath, path, importPath }))
      check(
        value === undefined || (typeof value === 'string' && value !== ''),
        option,
        'a path',
        JSON.stringify(value),
      )
    if (path && (importPath || restoreConfig))
      fail('`path` resumes a run, `importPath` and `restoreConfig` begin one; set one of them')
    if (importPath && restoreConfig) fail('set `importPath` or `restoreConfig`, not both')
    if (path && dirpath) fail('`path` names a checkpoint, `dirpath` a folder to search; set one of them')
    if (!resumeIfExists && !path && !importPath && !restoreConfig)
      fail(
        'this AutoResume has nothing to do; set `resumeIfExists: true`, `path`, `importPath` or `restoreConfig`',
      )
    this.#options = options
    this.#restore = importPath ? { path: importPath } : restoreConfig
  }

  /**
   * Tells a trainer what to go on from; it is read when the run starts.
   * @param module The module of the trainer, for programs that name it: an error if the trainer has another one.
   */
  setup(trainer: TrainerHandle, module: TrainerHandle['module'] = trainer.module): void {
    if (module !== trainer.module)
      fail(
        '`setup(trainer, module)`: the trainer has another module; leave `module` out, or give the trainer that one',
      )
    const source: ResumeSource = { name: 'AutoResume', load: () => this.#load(trainer) }
    trainer.resumeFrom = source
  }

  async #load(trainer: TrainerHandle): Promise<Checkpoint | undefined> {
    const { path, resumeIfExists, resumeIgnoreNoCheckpoint } = this.#options
    if (path) return this.#exactly(path, trainer)
    const nothing = resumeIfExists ? await this.#search(trainer) : 'no checkpoint is looked for'
    if (typeof nothing !== 'string') return nothing
    if (this.#restore) return this.#import(this.#restore, trainer)
    if (!resumeIgnoreNoCheckpoint) refuse(nothing)
    this.#print(trainer, `${nothing}: starting anew`)
    return undefined
  }

  async #exactly(path: string, trainer: TrainerHandle): Promise<Checkpoint> {
    const loaded = await readCheckpoint(path, { files: this.#options.files })
    if (!loaded.checkpoint.trainer)
      fail(
        `checkpoint "${path}" has weights only, which cannot be resumed; use \`importPath\` to begin a run with them`,
      )
    return this.#announce(path, loaded, trainer)
  }

  /** Gives the newest good checkpoint, or says why there is none. */
  async #search(trainer: TrainerHandle): Promise<Checkpoint | string> {
    const folders = this.#folders(trainer)
    const entries = (
      await Promise.all(folders.map((folder) => listCheckpoints(folder, { files: this.#options.files })))
    ).flat()
    const where = folders.map((folder) => `"${folder}"`).join(' or ')
    if (entries.length === 0) return `there is no checkpoint in ${where}${await this.#hint(folders)}`
    let isDamaged = false
    for (const entry of entries.toSorted(newestFirst)) {
      const loaded = await this.#read(entry)
      if (typeof loaded === 'string') {
        isDamaged = true
        this.#warn(trainer, loaded)
      } else if (!loaded.checkpoint.trainer)
        this.#warn(trainer, `[model-checkpoint] "${entry.path}" has weights only and is passed over`)
      else if (isOver(loaded) && !this.#options.resumePastEnd) {
        const over = `the run in "${entry.path}" is over (${String(isOver(loaded))}); \`resumePastEnd: true\` goes on from there`
        // Not even with weights from elsewhere does a run begin anew unasked.
        return this.#options.resumeIgnoreNoCheckpoint ? over : refuse(over)
      } else return this.#announce(entry.path, loaded, trainer)
    }
    return isDamaged
      ? fail(
          `every checkpoint in ${where} is damaged or has weights only; nothing was deleted. Move them away to start anew`,
        )
      : `there are only weights in ${where}`
  }

  #folders(trainer: TrainerHandle): string[] {
    const { dirpath } = this.#options
    if (dirpath) return [dirpath]
    const savers = trainer.callbacks.filter((callback) => callback instanceof ModelCheckpoint)
    if (savers.length > 0) return [...new Set(savers.map((saver) => saver.directory(trainer.logDirectory)))]
    return trainer.logDirectory === undefined
      ? fail(
          'AutoResume does not know where to look; set `dirpath`, add a ModelCheckpoint to the trainer, or set `trainer.logDirectory`',
        )
      : [join(trainer.logDirectory, 'checkpoints')]
  }

  /** A folder above the right one is an easy mistake. */
  async #hint(folders: readonly string[]): Promise<string> {
    for (const folder of folders) {
      const below = join(folder, 'checkpoints')
      if ((await listCheckpoints(below, { files: this.#options.files })).length > 0)
        return `; there are some in "${below}"`
    }
    return ''
  }

  /** Gives the checkpoint, or says what is wrong with it. */
  async #read(entry: CheckpointEntry): Promise<LoadedCheckpoint | string> {
    if (entry.status === 'damaged') return passedOver(entry)
    try {
      return await readCheckpoint(entry.path, { files: this.#options.files })
    } catch (error) {
      if (!(error instanceof DamagedCheckpointError)) throw error
      return passedOver(error)
    }
  }

  #announce(
    path: string,
    { checkpoint, manifest: { step, epoch } }: LoadedCheckpoint,
    trainer: TrainerHandle,
  ): Checkpoint {
    this.#print(trainer, `going on from "${path}": ${step} steps and ${epoch} epochs are done`)
    return checkpoint
  }

  async #import(
    { path, read, loadOptimState, names, strict }: RestoreConfig,
    trainer: TrainerHandle,
  ): Promise<Checkpoint> {
    const own = await ownWeights(trainer)
    const files = this.#options.files ?? nodeFiles
    const { weights: found, module } = read
      ? { weights: await read(path), module: undefined }
      : await readWeights(path, files)
    const { weights, left } = fitWeights(own, found, path, { names, strict })
    const rest = left.length > 0 ? `; left as they are: ${left.join(', ')}` : ''
    this.#print(trainer, `beginning with the weights of "${path}"${rest}`)
    if (!loadOptimState) return { module: { weights } }
    if (!module?.['optimizers']) return fail(`\`loadOptimState\`: "${path}" has no optimizer state`)
    return { module: { ...module, weights } as StateRecord }
  }

  #print(trainer: TrainerHandle, line: string): void {
    if (!trainer.state.globalRank) trainer.host.print(`[model-checkpoint] ${line}`)
  }

  #warn(trainer: TrainerHandle, line: string): void {
    if (!trainer.state.globalRank) trainer.host.warn(line)
  }
}

function refuse(nothing: string): never {
  return fail(`${nothing}; set \`resumeIgnoreNoCheckpoint: true\` to start anew then, or another \`dirpath\``)
}

/** Why the run of a checkpoint is over, if it is. */
function isOver({ context }: LoadedCheckpoint): string | undefined {
  const { end } = (context ?? {}) as { end?: string | null }
  return end ?? undefined
}

/** By time rather than by step: a folder may have several runs, and a run may have gone back. */
function newestFirst(a: CheckpointEntry, b: CheckpointEntry): number {
  const [first, second] = [a.manifest, b.manifest]
  if (!first || !second) return Number(first === undefined) - Number(second === undefined)
  return Date.parse(second.savedAt) - Date.parse(first.savedAt) || second.step - first.step
}
