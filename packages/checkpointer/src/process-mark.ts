import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'
import { checksumOf } from './checksum.ts'
import { codeOf } from './errors.ts'

/** What has become of the process that made something; `unknown` if it was on another machine. */
export type Fate = 'this one' | 'alive' | 'dead' | 'unknown'

let machine: string | undefined
let mark: string | undefined

/** Gives the machine, the number and the start of this process, for names: three times eight hexadecimal digits. */
export function processMark(): string {
  return (mark ??= [markOfMachine(), digits(process.pid), checksumOf(startOf(process.pid) ?? '')].join('-'))
}

/** Tells whether the process of a mark is still there. Only where its number means something is it ever said to be dead. */
export function fateOf(other: string): Fate {
  if (other === processMark()) return 'this one'
  const [itsMachine, number, itsStart] = other.split('-') as [string, string, string]
  if (itsMachine !== markOfMachine()) return 'unknown'
  const pid = Number.parseInt(number, 16)
  if (!isRunning(pid)) return 'dead'
  // Another process may have its number by now, which started later.
  const start = startOf(pid)
  return start !== undefined && checksumOf(start) !== itsStart ? 'dead' : 'alive'
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    // EPERM: it is there, but somebody else's.
    return codeOf(error) !== 'ESRCH'
  }
}

/** Stands for a machine, or for a container, in which processes are numbered anew. Machines without an id are told apart by their last boot. */
function markOfMachine(): string {
  const id = (): string => textOf('/etc/machine-id') || textOf('/proc/sys/kernel/random/boot_id')
  return (machine ??= checksumOf([hostname(), id(), namespaceOfNumbers()].join('\n')))
}

function namespaceOfNumbers(): string {
  try {
    return readlinkSync('/proc/self/ns/pid')
  } catch {
    return ''
  }
}

/** Gives when a process started: the boot, and the ticks since then. `zombie` if it is dead and not yet buried; undefined where the system does not tell. */
function startOf(pid: number): string | undefined {
  // The second field is the program's name in brackets, which may have anything in it.
  const fields = textOf(`/proc/${pid}/stat`)
    .replace(/^.*\) /s, '')
    .split(' ')
  if (fields[0] === 'Z') return 'zombie'
  return fields[19] && `${textOf('/proc/sys/kernel/random/boot_id')} ${fields[19]}`
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'latin1').trim()
  } catch {
    return ''
  }
}

function digits(pid: number): string {
  return pid.toString(16).padStart(8, '0')
}
