import type { FileHandle } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { basename, extname } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { consoleText } from '../../output/console-text.ts'
import { openWithin } from '../within.ts'
import { fileHeaders, HttpError, sendBytes } from './respond.ts'

/** What a browser shows without running anything. An SVG is a program, so it is not here. */
export const imageTypes: Readonly<Record<string, string>> = {
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.gif': 'image/gif',
  '.webp': 'image/webp',
  '.bmp': 'image/bmp',
  '.avif': 'image/avif',
}

const textTypes = new Set([
  '.txt',
  '.log',
  '.stdout',
  '.stderr',
  '.json',
  '.yaml',
  '.yml',
  '.csv',
  '.tsv',
  '.md',
])

/** How much of the end of a text is shown, in bytes. */
const tailLength = 256 << 10

/** Sends a file of a run: images and texts to be looked at, all else to be saved. */
export async function sendFile(
  request: IncomingMessage,
  response: ServerResponse,
  folder: string,
  path: string,
): Promise<void> {
  await withFile(folder, path, async (file, size) => {
    const extension = extname(path).toLowerCase()
    const type = imageTypes[extension] ?? (textTypes.has(extension) ? 'text/plain; charset=utf-8' : undefined)
    const headers = fileHeaders(type ?? 'application/octet-stream', type === undefined, basename(path))
    // A file that is being written may grow meanwhile.
    response.writeHead(200, { ...headers, 'content-length': size })
    if (request.method === 'HEAD' || size === 0) response.end()
    else await pipeline(file.createReadStream({ start: 0, end: size - 1, autoClose: false }), response)
  })
}

/** Sends the end of a text, without what a terminal would not print. */
export async function sendTail(
  request: IncomingMessage,
  response: ServerResponse,
  folder: string,
  path: string,
): Promise<void> {
  await withFile(folder, path, async (file, size) => {
    const start = Math.max(0, size - tailLength)
    const { buffer, bytesRead } = await file.read(Buffer.alloc(size - start), 0, size - start, start)
    const text = consoleText(buffer.toString('utf8', 0, bytesRead), false)
    // The first line is cut.
    const whole = start > 0 ? text.slice(text.indexOf('\n') + 1) : text
    sendBytes(request, response, Buffer.from(whole), 'text/plain; charset=utf-8')
  })
}

/** Opens a file of a run, and closes it when the work is done. */
async function withFile(
  folder: string,
  path: string,
  work: (file: FileHandle, size: number) => Promise<void>,
): Promise<void> {
  const opened = await openWithin(folder, path)
  if (!opened) throw new HttpError(404, 'there is no such file')
  try {
    await work(opened.file, opened.stats.size)
  } finally {
    await opened.file.close()
  }
}
