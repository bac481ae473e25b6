import type { PreparedCheckpoint } from './prepare-checkpoint.ts'

/** Typed arrays of eight bytes an element begin at multiples of eight; copies between such places are the fastest. */
const alignment = 64

/** Memory that a worker thread can see. It is kept from save to save: to fill fresh memory takes several times as long. */
export class KeptMemory {
  #memory = new SharedArrayBuffer(0)

  /** Copies all bytes of a checkpoint; the copy is good until the next one is made. */
  copy(prepared: PreparedCheckpoint): PreparedCheckpoint {
    const sizes = prepared.files.flatMap(({ parts }) => parts.map(({ byteLength }) => aligned(byteLength)))
    const total = sizes.reduce((sum, size) => sum + size, 0)
    if (total > this.#memory.byteLength) {
      // Lets go of the old memory before it asks for more.
      this.#memory = new SharedArrayBuffer(0)
      this.#memory = new SharedArrayBuffer(total)
    }
    let offset = 0
    const keep = (part: Uint8Array): Uint8Array => {
      const copy = new Uint8Array(this.#memory, offset, part.byteLength)
      copy.set(part)
      offset += aligned(part.byteLength)
      return copy
    }
    return { ...prepared, files: prepared.files.map(({ name, parts }) => ({ name, parts: parts.map(keep) })) }
  }
}

function aligned(size: number): number {
  return Math.ceil(size / alignment) * alignment
}
