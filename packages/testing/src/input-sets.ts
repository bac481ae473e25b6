import type { Input, Op } from './op.ts'
import { random } from './random.ts'
import type { Values } from './values.ts'

/** Says which numbers the inputs of an operation are filled with. */
export interface InputSet {
  readonly name: string
  /** Gives a value for a random number in [0, 1). */
  readonly value: (fraction: number) => number
  /** Keeps only so many different values, so that many are equal, also in a domain of its own. */
  readonly levels?: number
}

const between =
  (low: number, high: number): InputSet['value'] =>
  (fraction) =>
    low + (high - low) * fraction

/**
 * The sets that a backend is checked with. Each of the last three found a kernel that the first two let pass: a maximum
 * that starts at 0, an exponential that overflows, and a maximum that occurs twice.
 */
export const inputSets: readonly InputSet[] = [
  { name: 'uniform', value: between(-1, 1) },
  { name: 'uniform 2', value: between(-1, 1) },
  { name: 'negative', value: between(-2, -0.05) },
  { name: 'wide', value: between(-6, 6) },
  // Adding 0 makes 0 of -0, about whose sign backends may differ.
  { name: 'ties', value: (fraction) => Math.round(between(-1, 1)(fraction) * 2) / 2 + 0, levels: 4 },
]

// Differences of multiples of this are exact in float32, so that a step of a finite difference has the size it should have.
const grain = 2 ** -16

/** Gives the inputs of an operation for a set; the same ones at every call, whatever other operations there are. */
export function inputsOf(op: Op, set: InputSet): Values[] {
  return op.inputs.map((input, index) => {
    const next = random(`${op.name}/${set.name}/${index}`)
    const size = input.shape.reduce((product, length) => product * length, 1)
    return { ...input, values: Float64Array.from({ length: size }, (_, i) => valueOf(input, set, i, next())) }
  })
}

/** Tells whether the values of an operation's inputs depend on the set. */
export function varies(op: Op): boolean {
  return op.inputs.some(({ values }) => !values)
}

function valueOf(input: Input, set: InputSet, index: number, fraction: number): number {
  if (input.values) return input.values[index]!
  if (!input.range) return Math.round(set.value(fraction) / grain) * grain
  const [low, high] = input.range
  const inside = set.levels ? Math.floor(fraction * set.levels) / (set.levels - 1) : fraction
  const value = Math.round((low + (high - low) * inside) / grain) * grain
  return input.dtype === 'float32' ? value : Math.round(value)
}
