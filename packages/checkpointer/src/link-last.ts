import { join } from 'node:path'
import { codeOf, fail, messageOf } from './errors.ts'
import { type FileSystem, kindAt, nodeFiles } from './file-system.ts'
import { manifestName, removeTree } from './folders.ts'
import { hiddenPath } from './hidden-names.ts'
import { isPlainName } from './manifest.ts'
import { publish } from './publish.ts'
import { readAll, withFile } from './read-file.ts'
import { type Note, noteTo } from './remove-checkpoint.ts'
import { writeAll } from './write-file.ts'

export interface LinkOptions {
  /** What the link is called. Default: `last`. */
  readonly link?: string | undefined
  readonly files?: FileSystem | undefined
  /** Gets what went wrong but does no harm. Default: `console.warn`. */
  readonly warn?: ((line: string) => void) | undefined
}

/** What file systems and Windows say that have no links, or give none to this user. */
const noLinks = new Set(['EPERM', 'ENOSYS', 'EOPNOTSUPP', 'ENOTSUP'])

/**
 * Makes `last` stand for a checkpoint beside it, durably: a relative link, put in place by one rename, so that there is no moment without one. Where the
 * file system has no links it is a copy.
 * @throws naming both.
 */
export async function linkLast(
  folder: string,
  name: string,
  { link = 'last', files = nodeFiles, warn = console.warn }: LinkOptions = {},
): Promise<void> {
  await putLink(files, folder, name, link, null, noteTo(warn))
}

/** Does what `linkLast` does, for a run. */
export async function putLink(
  files: FileSystem,
  folder: string,
  name: string,
  link: string,
  runId: string | null,
  note: Note,
): Promise<void> {
  for (const part of [name, link])
    if (!isPlainName(part))
      fail(`a link and what it leads to must be names in the same folder, not "${part}"`)
  const path = join(folder, link)
  if (name === link) fail(`"${path}" cannot be a link to itself`)
  const hidden = hiddenPath(path, 'link', runId)
  try {
    await files.symlink(name, hidden).catch((error: unknown) => {
      if (!noLinks.has(codeOf(error) ?? '')) throw error
      return copyCheckpoint(files, join(folder, name), hidden)
    })
    await publish(files, hidden, path, runId, note)
  } catch (error) {
    await removeTree(files, hidden).catch(() => undefined)
    fail(`"${path}" could not be made a link to "${name}": ${messageOf(error)}`, { cause: error })
  }
}

/** Copies a checkpoint, durably, the manifest last. */
async function copyCheckpoint(files: FileSystem, from: string, to: string): Promise<void> {
  await files.mkdir(to)
  const names = await files.readdir(from)
  for (const name of names.toSorted((a, b) => Number(a === manifestName) - Number(b === manifestName)))
    if ((await kindAt(files, join(from, name))) === 'file')
      await copyFile(files, join(from, name), join(to, name))
  await files.syncFolder(to)
}

async function copyFile(files: FileSystem, from: string, to: string): Promise<void> {
  await withFile(files, from, async (source, size) => {
    const target = await files.open(to, 'create')
    try {
      const buffer = new Uint8Array(Math.min(1 << 20, size))
      for (let position = 0; position < size; position += buffer.byteLength) {
        const chunk = buffer.subarray(0, size - position)
        await readAll(source, chunk, position)
        await writeAll(target, chunk, position)
      }
      await target.sync()
    } finally {
      await target.close()
    }
  })
}
