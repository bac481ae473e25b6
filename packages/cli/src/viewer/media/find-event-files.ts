import type { Dirent } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'

/** How far below the folder of a run event files may be: `tensorboard/train/events…`. */
const deepest = 3

/** Finds TensorBoard's event files in the folder of a run; no link, and none in a run below it. */
export async function findEventFiles(directory: string): Promise<string[]> {
  const found: string[] = []
  const search = async (folder: string, depth: number): Promise<void> => {
    const entries = await readdir(folder, { withFileTypes: true }).catch((): Dirent[] => [])
    if (depth > 0 && entries.some(({ name }) => name === 'metadata')) return
    for (const entry of entries) {
      const path = join(folder, entry.name)
      if (entry.isFile() && entry.name.includes('tfevents')) found.push(path)
      if (entry.isDirectory() && depth < deepest && !isOther(entry.name)) await search(path, depth + 1)
    }
  }
  await search(directory, 0)
  return found.toSorted()
}

/** What is known to hold something else, and much of it. */
function isOther(name: string): boolean {
  return name.startsWith('.') || ['metadata', 'metrics', 'artifacts', 'checkpoints', 'wandb'].includes(name)
}
