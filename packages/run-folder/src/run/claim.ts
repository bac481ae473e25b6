import {
  closeSync,
  fstatSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { codeOf, fail } from '../errors.ts'
import { isAlive, pidNamespace, processStart } from './liveness.ts'

/** What the file of a claim says. */
export interface ClaimRecord {
  readonly process_id: number
  readonly hostname: string
  readonly pid_namespace: string | null
  readonly process_start: string | null
  /** ISO 8601, in UTC. */
  readonly heartbeat: string
}

/** How often a claim is renewed, in milliseconds. */
const heartbeatEvery = 10_000

const claimName = /^\.writer-(\d{1,15})$/

/**
 * A process's claim to be the only one that writes a run: a hidden file `.writer-<n>` in its folder, with a heartbeat in it. Each claim has the next
 * number, so of two processes that find the same dead one only one gets it; one that was taken for dead and wakes up finds its file gone.
 */
export class Claim {
  readonly #path: string
  readonly #file: number
  readonly #timer: ReturnType<typeof setInterval>
  #lastBeat = 0
  #isLost = false

  /**
   * Claims a run.
   * @param force Whether to take it from a process that may be alive.
   * @throws if another process has it.
   */
  constructor(directory: string, force = false) {
    for (;;) {
      const last = lastClaim(directory)
      if (last && !force) refuseIfAlive(directory, last.name)
      const name = `.writer-${(last?.number ?? 0) + 1}`
      this.#path = join(directory, name)
      try {
        this.#file = openSync(this.#path, 'wx')
      } catch (error) {
        // Another process was faster; let us see whether it lives.
        if (codeOf(error) === 'EEXIST') continue
        throw error
      }
      this.beat()
      if (lastClaim(directory)?.name === name) break
      this.#remove()
    }
    for (const { name } of claims(directory))
      if (join(directory, name) !== this.#path) rmSync(join(directory, name), { force: true })
    // Does not keep the process alive, and must not end it: a disk that is full for a moment costs a heartbeat.
    this.#timer = setInterval(() => {
      try {
        this.beat()
      } catch {
        // The next one may work.
      }
    }, heartbeatEvery).unref()
  }

  /** Whether another process has taken the run over, as far as the last look tells. */
  get isLost(): boolean {
    return this.#isLost
  }

  /** Looks whether the claim still stands, and renews it, unless that was done a moment ago. */
  beat(): void {
    const now = Date.now()
    if (now - this.#lastBeat < heartbeatEvery / 2 || !this.look()) return
    this.#lastBeat = now
    const record: ClaimRecord = {
      process_id: process.pid,
      hostname: hostname(),
      pid_namespace: pidNamespace(),
      process_start: processStart(process.pid),
      heartbeat: new Date(now).toISOString(),
    }
    writeSync(this.#file, `${JSON.stringify(record)}\n`, 0)
  }

  /** Looks whether the claim still stands. */
  look(): boolean {
    this.#isLost ||= fstatSync(this.#file).nlink === 0
    return !this.#isLost
  }

  release(): void {
    clearInterval(this.#timer)
    this.#remove()
  }

  #remove(): void {
    if (this.look()) rmSync(this.#path, { force: true })
    closeSync(this.#file)
  }
}

/** Gives what the last claim to a run says; undefined if there is none, or none that can be read. */
export function readLastClaim(directory: string): ClaimRecord | undefined {
  try {
    const last = lastClaim(directory)
    return last && readClaim(join(directory, last.name))
  } catch {
    return undefined
  }
}

function refuseIfAlive(directory: string, name: string): void {
  const path = join(directory, name)
  const record = readClaim(path)
  // One that says nothing is being made at this moment, or its process died then.
  const age = Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? -Infinity)
  if (record ? !isAlive(record) : age > 2000) return
  const who = record ? `process ${record.process_id} on ${record.hostname}` : 'another process'
  fail(
    `${who} is writing the run "${directory}"; wait for it, stop it, or set \`takeOver: true\` to take the run from it`,
  )
}

function claims(directory: string): { name: string; number: number }[] {
  return readdirSync(directory).flatMap((name) => {
    const number = claimName.exec(name)?.[1]
    return number === undefined ? [] : [{ name, number: Number(number) }]
  })
}

function lastClaim(directory: string): { name: string; number: number } | undefined {
  return claims(directory).toSorted((a, b) => b.number - a.number)[0]
}

function readClaim(path: string): ClaimRecord | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as ClaimRecord
  } catch {
    return undefined
  }
}
