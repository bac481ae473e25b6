import { constants, promises } from 'node:fs'
import { codeOf } from './errors.ts'

/** A file that is open. */
export interface OpenFile {
  /** Writes at a position; gives how many bytes were taken, which may be fewer than given. */
  write(data: Uint8Array, position: number): Promise<number>
  /** Reads from a position; gives how many bytes came, 0 at the end of the file. */
  read(into: Uint8Array, position: number): Promise<number>
  /** Waits until what was written survives a power loss. */
  sync(): Promise<void>
  close(): Promise<void>
}

export type FileKind = 'file' | 'folder' | 'link' | 'other'

/** The operations that this package needs of a file system. All of them fail as those of `node:fs` do, with a `code`. */
export interface FileSystem {
  /** Opens a file to read it, following no link, or a new one to write it. */
  open(path: string, mode: 'read' | 'create'): Promise<OpenFile>
  /** Says what stands at a path, following no link. */
  lstat(path: string): Promise<{ readonly kind: FileKind; readonly size: number }>
  readdir(path: string): Promise<readonly string[]>
  mkdir(path: string): Promise<void>
  rmdir(path: string): Promise<void>
  unlink(path: string): Promise<void>
  rename(from: string, to: string): Promise<void>
  symlink(target: string, path: string): Promise<void>
  readlink(path: string): Promise<string>
  /** Waits until the names in a folder survive a power loss. */
  syncFolder(path: string): Promise<void>
}

/** A module that makes a file system, for a save in a worker thread, which no object can be passed to. */
export interface FileSystemModule {
  /** The URL of a module that exports `createFileSystem(options)`. */
  readonly module: string
  /** Handed to `createFileSystem`; anything that can be cloned. */
  readonly options?: unknown
}

/** The file system of Node. */
export const nodeFiles: FileSystem = {
  async open(path, mode) {
    // O_NOFOLLOW does not exist on Windows.
    const read = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0)
    const create = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL
    const handle = await promises.open(path, mode === 'read' ? read : create)
    return {
      write: async (data, position) => (await handle.write(data, 0, data.byteLength, position)).bytesWritten,
      read: async (into, position) => (await handle.read(into, 0, into.byteLength, position)).bytesRead,
      sync: () => handle.sync(),
      close: () => handle.close(),
    }
  },
  async lstat(path) {
    const stats = await promises.lstat(path)
    const kind: FileKind = stats.isFile()
      ? 'file'
      : stats.isDirectory()
        ? 'folder'
        : stats.isSymbolicLink()
          ? 'link'
          : 'other'
    return { kind, size: stats.size }
  },
  readdir: (path) => promises.readdir(path),
  mkdir: (path) => promises.mkdir(path).then(() => undefined),
  rmdir: (path) => promises.rmdir(path),
  unlink: (path) => promises.unlink(path),
  rename: (from, to) => promises.rename(from, to),
  symlink: (target, path) => promises.symlink(target, path),
  readlink: (path) => promises.readlink(path),
  async syncFolder(path) {
    // Windows opens no folders, and keeps names in a journal of its own.
    if (process.platform === 'win32') return
    const handle = await promises.open(path, 'r')
    try {
      await handle.sync()
    } finally {
      await handle.close()
    }
  },
}

/** Gives what stands at a path, undefined if nothing does. */
export async function kindAt(files: FileSystem, path: string): Promise<FileKind | undefined> {
  try {
    return (await files.lstat(path)).kind
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
}
