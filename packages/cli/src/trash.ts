import { lstatSync, mkdirSync, readdirSync, renameSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import type { StoredRun } from '@trainyard/run-folder'
import { fail, messageOf } from './errors.ts'

/** Hidden, so that no reader takes what is in it for a run. */
const trashName = '.trash'

/** Moves things into a folder of their own in the trash of a log folder, below which they have the paths that they had. Gives that folder. */
export function moveToTrash(folder: string, paths: readonly string[]): string {
  const trash = newFolder(join(folder, trashName))
  for (const path of paths) {
    const target = join(trash, relative(folder, path))
    try {
      mkdirSync(dirname(target), { recursive: true })
      renameSync(path, target)
    } catch (error) {
      fail(`cannot move "${path}" to "${target}": ${messageOf(error)}`, { cause: error })
    }
  }
  return trash
}

/** Makes a folder that is named after the time. */
function newFolder(trash: string): string {
  const time = new Date().toISOString().slice(0, 19).replace('T', '_').replaceAll(':', '-')
  try {
    mkdirSync(trash, { recursive: true })
    for (let n = 1; ; n++) {
      const path = join(trash, n === 1 ? time : `${time}-${n}`)
      if (mkdirSync(path, { recursive: true }) !== undefined) return path
    }
  } catch (error) {
    return fail(`cannot make the trash "${trash}": ${messageOf(error)}`, { cause: error })
  }
}

/** Tells how much a file or folder takes, in bytes; what cannot be read counts as nothing. */
export function sizeOf(path: string): number {
  try {
    const stats = lstatSync(path)
    if (!stats.isDirectory()) return stats.size
    return readdirSync(path).reduce((sum, name) => sum + sizeOf(join(path, name)), 0)
  } catch {
    return 0
  }
}

/** Refuses runs that are being written, and folders in which there are other runs. */
export function checkRemovable(all: readonly StoredRun[], selected: readonly StoredRun[]): void {
  const alive = selected.filter((run) => run.isAlive)
  if (alive.length > 0)
    fail(`run ${alive.map(({ id }) => id).join(', ')} is being written; stop it first, or leave it out`)
  const chosen = new Set(selected.map(({ id }) => id))
  for (const { id } of selected) {
    const inside = all.find((other) => other.id.startsWith(`${id}/`) && !chosen.has(other.id))
    if (inside)
      fail(
        `the folder of run ${id} has another run in it, ${inside.id}; name that one, too, or leave ${id} out`,
      )
  }
}

/** Gives the runs that are in no folder of the others: these go with it. */
export function outermost(selected: readonly StoredRun[]): StoredRun[] {
  return selected.filter(({ id }) => !selected.some((other) => id.startsWith(`${other.id}/`)))
}
