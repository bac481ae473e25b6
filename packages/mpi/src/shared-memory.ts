import { randomBytes } from 'node:crypto'
import { closeSync, existsSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Collectives } from './collectives.ts'
import type { Library } from './library.ts'

/** Memory that all ranks of a job see. */
export interface SharedMemory {
  readonly bytes: ArrayBuffer
  /** Where it begins, for C. */
  readonly address: number
}

/** `PROT_READ | PROT_WRITE` and `MAP_SHARED`, the same on Linux and macOS. */
const readAndWrite = 3
const shared = 1

/**
 * Opens memory that all ranks share, all zeros; they have to be processes of one host.
 * @returns undefined, on all of them, if one cannot have it.
 */
export async function openSharedMemory(
  library: Library,
  collectives: Collectives,
  rank: number,
  length: number,
): Promise<SharedMemory | undefined> {
  const made = rank === 0 ? makeFile(length) : ''
  const path = new TextDecoder().decode(await collectives.broadcast(new TextEncoder().encode(made)))
  const memory = path === '' ? undefined : map(library, path, length)
  const successes = await collectives.allGather(Uint8Array.of(Number(memory !== undefined)))
  // What is mapped stays; the name would outlive a job that is killed.
  if (made !== '') rmSync(made, { force: true })
  return successes.every(([success]) => success === 1) ? memory : undefined
}

/** Makes a file that is kept in memory, where the system has such; gives an empty name if that fails. */
function makeFile(length: number): string {
  const folder = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()
  const path = join(folder, `trainyard-${randomBytes(8).toString('hex')}`)
  try {
    const file = openSync(path, 'wx', 0o600)
    try {
      // Written, and not only made so long: whoever uses pages that there is no room for is killed.
      const page = new Uint8Array(1 << 16)
      for (let at = 0; at < length; at += page.length)
        if (writeSync(file, page, 0, Math.min(page.length, length - at)) === 0) throw new Error('no room')
    } finally {
      closeSync(file)
    }
    return path
  } catch {
    rmSync(path, { force: true })
    return ''
  }
}

function map({ memory }: Library, path: string, length: number): SharedMemory | undefined {
  try {
    const file = openSync(path, 'r+')
    try {
      const address = Number(memory.map(null, length, readAndWrite, shared, file, 0))
      return Number.isSafeInteger(address) ? { address, bytes: memory.view(address, length) } : undefined
    } finally {
      closeSync(file)
    }
  } catch {
    return undefined
  }
}
