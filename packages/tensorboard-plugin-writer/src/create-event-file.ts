import { join } from 'node:path'
import { eventMessage, fileVersion, sessionStart } from './event.ts'
import { eventFilesIn, newFileName } from './event-file-name.ts'
import { RecordBuffer } from './record-buffer.ts'
import type { FileSystem, WriterHost } from './writer-host.ts'

export interface NewFile {
  readonly directory: string
  /** Stands in the file's name. */
  readonly run: string
  readonly suffix: string
  readonly host: WriterHost
}

/**
 * Creates an event file with the records that it has to begin with, behind all that are in the directory.
 * @param startStep The step from which on TensorBoard drops what it has read from the directory's earlier files.
 */
export function createEventFile(
  { directory, run, suffix, host }: NewFile,
  startStep: number | undefined,
): { fd: number; path: string; size: number } {
  const { fs } = host
  fs.mkdirSync(directory, { recursive: true })
  const existing = eventFilesIn(fs, directory)
  const time = host.now()
  const path = join(directory, newFileName(existing, time, run, suffix))
  const header = new RecordBuffer(256)
  header.append(eventMessage(fileVersion(), 0, time / 1000).bytes)
  // Python's loader ignores the first session start of a directory; so there has to be one in its first file.
  const start = startStep ?? (existing.length === 0 ? 0 : undefined)
  if (start !== undefined) header.append(eventMessage(sessionStart(), start, time / 1000).bytes)
  const fd = fs.openSync(path, 'wx')
  try {
    writeAll(fs, fd, header.bytes, header.length, 0)
  } catch (error) {
    fs.closeSync(fd)
    fs.rmSync(path, { force: true })
    throw error
  }
  return { fd, path, size: header.length }
}

/** Writes the first `length` bytes of a buffer: the system may take them in several bites. */
export function writeAll(
  fs: FileSystem,
  fd: number,
  buffer: Uint8Array,
  length: number,
  position: number,
): void {
  for (let done = 0; done < length;) done += fs.writeSync(fd, buffer, done, length - done, position + done)
}
