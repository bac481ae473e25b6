import { random } from '../random.ts'

/** Decides what a power loss leaves of what no sync has made durable. */
export interface Draw {
  /** Gives what is on the disk of a file; `durable` is what was there at its last sync. */
  bytes(durable: Uint8Array, written: Uint8Array): Uint8Array
  /** Gives those of the changes to a folder's names that are on the disk; the root has depth 0. */
  changes<T>(all: readonly T[], depth: number): readonly T[]
}

type Bytes = (durable: Uint8Array, written: Uint8Array, share: number) => Uint8Array

const old: Bytes = (durable) => durable
const whole: Bytes = (_, written) => written
const cut: Bytes = (_, written, share) => written.subarray(0, Math.floor(share * written.byteLength))
const zeroed: Bytes = (_, written, share) => {
  const bytes = written.slice()
  return bytes.fill(0, Math.floor(share * written.byteLength))
}

/** Names without the bytes, bytes without the names, nothing at all; after these, anything. */
const worst: readonly (readonly [bytes: Bytes, areNamesThere: boolean])[] = [
  [old, false],
  [old, true],
  [(durable, written) => zeroed(durable, written, 0), true],
  [whole, false],
  [whole, true],
]

/** Makes the draw of a seed: 0, 1, 2, … */
export function drawFrom(seed: number): Draw {
  const next = random(seed)
  const oneOf = <T>(choices: readonly T[]): T => choices[Math.floor(next() * choices.length)]!
  const fixed = worst[seed]
  const depthFrom = Math.floor(next() * 5)
  // Half of the draws let a folder's names depend on its depth alone: what is deleted in a folder is there before that it is renamed.
  const byDepth = next() < 0.5
  return {
    bytes(durable, written) {
      const isSynced = durable.length === written.length && durable.every((byte, i) => byte === written[i])
      const choose = isSynced ? old : (fixed?.[0] ?? oneOf([old, cut, zeroed, whole]))
      return choose(durable, written, next()).slice()
    },
    changes(all, depth) {
      if (fixed) return fixed[1] ? all : []
      if (byDepth) return depth >= depthFrom ? all : []
      const share = next()
      return oneOf([[], all, all.slice(0, Math.floor(share * all.length)), all.filter(() => next() < share)])
    },
  }
}
