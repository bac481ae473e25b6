import { randomBytes } from 'node:crypto'
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

/** Gives a path beside another one, hidden and free. */
export function temporaryPath(path: string, extension = ''): string {
  return join(
    dirname(path),
    `.${basename(path)}.${process.pid}-${randomBytes(4).toString('hex')}${extension}`,
  )
}

/** Writes a file in place of one of that name: whoever reads it sees the old one or the new one, whole, after a power loss, too. */
export function replaceFile(path: string, content: string | Uint8Array): void {
  const temporary = temporaryPath(path)
  try {
    const file = openSync(temporary, 'wx')
    try {
      writeFileSync(file, content)
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    renameSync(temporary, path)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw error
  }
}

/** Waits until the names in a folder survive a power loss. */
export function syncFolder(path: string): void {
  // Windows opens no folders, and keeps names in a journal of its own.
  if (process.platform === 'win32') return
  const folder = openSync(path, 'r')
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
}
