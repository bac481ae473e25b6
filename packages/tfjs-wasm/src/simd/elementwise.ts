import {
  type Code,
  define,
  type FunctionDefinition,
  type Operand,
  v128,
  type ValueType,
  type Variable,
} from './assembler.ts'
import { advance, endOf, fourAtATime } from './idioms.ts'

/** How a loop over arrays gets at the elements that it has come to. */
export interface Elements<A extends string> {
  load(array: A): Code
  store(array: A, value: Operand): Code
}

/** What a loop over arrays consists of. */
export interface ElementwiseLoop<A extends string, N extends string, C extends string, T extends string> {
  /** Parameters: the addresses of arrays of the same length. */
  readonly arrays: readonly A[]
  /** Parameters behind the count: numbers that are the same for all elements. */
  readonly numbers?: readonly N[]
  /** Numbers that never change. They are made before the loop; in its body V8 would make them anew each time. */
  readonly constants?: Readonly<Record<C, number>>
  /** Variables. */
  readonly temporaries?: readonly T[]
  /** What is done with each element. Numbers, constants and temporaries are vectors. */
  readonly body: (elements: Elements<A>, v: Record<N | C | T, Variable>) => Code[]
}

/**
 * Defines a loop that does the same with all elements of some arrays. The last ones, if they are no four, come one at a
 * time, as the first of a vector: so the body is written once, and each element takes the same steps wherever it stands.
 */
export function elementwise<
  A extends string,
  N extends string = never,
  C extends string = never,
  T extends string = never,
>(name: string, loop: ElementwiseLoop<A, N, C, T>): FunctionDefinition {
  const { arrays, numbers = [], constants = {} as Record<C, number>, temporaries = [], body } = loop
  const constantNames = Object.keys(constants) as C[]
  const vector = (number: N): `${N} vector` => `${number} vector`
  const parameters = { ...all(arrays, 'i32'), count: 'i32', ...all(numbers, 'f32') } as const
  const vectors = all([...numbers.map(vector), ...constantNames, ...temporaries], 'v128')
  return define(name, parameters, { end: 'i32' as const, ...vectors }, (variables) => {
    const v = variables as Record<string, Variable>
    const inside = { ...v, ...Object.fromEntries(numbers.map((number) => [number, v[vector(number)]])) }
    const visit = (elements: Elements<A>, bytes: number): Code[] => [
      ...body(elements, inside as Record<N | C | T, Variable>),
      ...arrays.map((array) => advance(v[array]!, bytes)),
    ]
    const four: Elements<A> = {
      load: (array) => v128.load(v[array]!),
      store: (array, value) => v128.store(v[array]!, value),
    }
    const one: Elements<A> = {
      load: (array) => v128.loadSplat(v[array]!),
      store: (array, value) => v128.storeFirst(v[array]!, value),
    }
    const first = v[arrays[0]!]!
    return [
      v['end']!.set(endOf(first, v['count']!)),
      ...numbers.map((number) => v[vector(number)]!.set(v128.splat(v[number]!))),
      ...constantNames.map((constant) => v[constant]!.set(v128.float(constants[constant]))),
      fourAtATime(first, v['end']!, visit(four, 16), visit(one, 4)),
    ]
  })
}

function all<K extends string, T extends ValueType>(names: readonly K[], type: T): Record<K, T> {
  return Object.fromEntries(names.map((name) => [name, type])) as Record<K, T>
}
