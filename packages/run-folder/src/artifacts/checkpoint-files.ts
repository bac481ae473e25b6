import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Checkpoint, StateTree } from '@trainyard/core'
import { sweepUnfinished } from '@trainyard/checkpointer'
import { fail } from '../errors.ts'
import type { MetricsPosition } from '../metrics/run-metrics.ts'
import { checkName } from '../names.ts'
import { readTree, writeTree } from './tree-file.ts'

const extension = '.safetensors'
const usualName = 'last_ckpt'

interface SavedTree {
  readonly tree: StateTree | Checkpoint
  /** Where the metrics were. */
  readonly position: MetricsPosition
}

/** The files that `logCheckpoint` writes, each one there whole or not at all. */
export class CheckpointFiles {
  readonly #folder: string
  #last: Promise<unknown> = Promise.resolve()
  #isSwept = false

  constructor(folder: string) {
    this.#folder = folder
  }

  path(name: string): string {
    return join(this.#folder, checkName('the checkpoint name', name) + extension)
  }

  /** Saves one after another: the last call has the last word. */
  async save(path: string, saved: SavedTree): Promise<void> {
    const write = async (): Promise<void> => {
      // What a kill in the middle of a save has left.
      if (!this.#isSwept) await sweepUnfinished(this.#folder)
      this.#isSwept = true
      await writeTree(path, saved)
    }
    const save = this.#last.then(write)
    this.#last = save.catch(() => undefined)
    await save
  }

  /** Gives what was saved, undefined if nothing was. */
  async load(name: string = usualName): Promise<SavedTree | undefined> {
    const path = this.path(name)
    if (existsSync(path)) return (await readTree(path)) as unknown as SavedTree
    const others = existsSync(this.#folder)
      ? readdirSync(this.#folder).filter((file) => file.endsWith(extension) && !file.startsWith('.'))
      : []
    if (name === usualName && others.length > 0)
      fail(
        `there is no checkpoint "${usualName}" in "${this.#folder}", but ${others.map((file) => `"${file.slice(0, -extension.length)}"`).join(', ')}; name the one to load`,
      )
    return undefined
  }
}
