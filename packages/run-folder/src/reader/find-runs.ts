import { type Dirent, existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

/** How far below the folder runs may be: `dir/name/version`, and earlier ones in `run_N`. */
const deepest = 4

/**
 * Finds the folders of runs, those that have `metadata`, and gives their paths in the folder: numbers first, in their order.
 * @param onError Called with a folder that cannot be read, which is left out.
 */
export function findRuns(directory: string, onError: (path: string, error: unknown) => void): string[] {
  const found: string[] = []
  const entriesOf = (path: string): Dirent[] => {
    try {
      return readdirSync(path, { withFileTypes: true })
    } catch (error) {
      onError(path, error)
      return []
    }
  }
  const search = (path: string, depth: number): void => {
    for (const entry of entriesOf(join(directory, path))) {
      if (entry.isFile() || entry.name.startsWith('.')) continue
      const below = path ? `${path}/${entry.name}` : entry.name
      const isRun = existsSync(join(directory, below, 'metadata'))
      if (isRun) found.push(below)
      if (
        depth < deepest &&
        entry.isDirectory() &&
        !(isRun && /^\d+$/.test(entry.name)) &&
        !isPartOfRun(entry.name)
      )
        search(below, depth + 1)
    }
  }
  search('', 1)
  return found.toSorted(inOrder)
}

/** What a run's folder holds is no place for runs. */
function isPartOfRun(name: string): boolean {
  return ['metadata', 'metrics', 'artifacts', 'checkpoints', 'tensorboard', 'wandb', 'node_modules'].includes(
    name,
  )
}

function inOrder(a: string, b: string): number {
  const [first, second] = [Number(a), Number(b)]
  if (Number.isNaN(first) !== Number.isNaN(second)) return Number.isNaN(first) ? 1 : -1
  return first - second || (a < b ? -1 : Number(a > b))
}
