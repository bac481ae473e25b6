import type { Heap } from './heap.ts'

/** An axis along which values are copied: how many, and how far apart they are in the source and the target. */
export interface Axis {
  readonly size: number
  readonly from: number
  readonly to: number
}

/**
 * Copies values of four bytes from one address to another, along axes from the outermost to the innermost. Of the target
 * values the innermost axis has to make neighbours.
 */
export function copyStrided(heap: Heap, to: number, from: number, axes: readonly Axis[]): void {
  if (axes.some(({ size }) => size === 0)) return
  const joined = joinedAxes(axes)
  const line = joined.at(-1)?.to === 1 ? joined.pop()! : one
  const lines = joined.pop() ?? one
  const count = joined.map(() => 0)
  for (;;) {
    heap.loops.copyLines(to, from, lines.size, 4 * lines.to, 4 * lines.from, line.size, 4 * line.from)
    // Count up, as an odometer does.
    let axis = joined.length - 1
    for (; axis >= 0; axis--) {
      const { size, from: source, to: target } = joined[axis]!
      to += 4 * target
      from += 4 * source
      if (++count[axis]! < size) break
      to -= 4 * target * size
      from -= 4 * source * size
      count[axis] = 0
    }
    if (axis < 0) return
  }
}

const one: Axis = { size: 1, from: 1, to: 1 }

/** Takes axes as one that are one in the source and the target. */
function joinedAxes(axes: readonly Axis[]): Axis[] {
  const joined: Axis[] = []
  for (const axis of axes) {
    const { size, from, to } = axis
    const outer = joined.at(-1)
    if (size === 1) continue
    if (outer && outer.from === from * size && outer.to === to * size)
      joined[joined.length - 1] = { size: outer.size * size, from, to }
    else joined.push(axis)
  }
  return joined
}
