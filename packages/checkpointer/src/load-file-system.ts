import { fail } from './errors.ts'
import { type FileSystem, type FileSystemModule, nodeFiles } from './file-system.ts'

/** Makes the file system that a module is there for; Node's without one. */
export async function loadFileSystem(from: FileSystemModule | undefined): Promise<FileSystem> {
  if (!from) return nodeFiles
  const { createFileSystem } = (await import(/* @vite-ignore */ from.module)) as {
    createFileSystem?: (options: unknown) => FileSystem | Promise<FileSystem>
  }
  if (typeof createFileSystem !== 'function')
    return fail(`"${from.module}" exports no function createFileSystem(options)`)
  return createFileSystem(from.options)
}
