/**
 * Puts WebAssembly together, as far as the loops of this package need it: code is a list of bytes in the order of the
 * binary format, and an operation is its operands followed by its own number.
 * Numbers: https://webassembly.github.io/spec/core/binary/instructions.html
 */
export type Code = readonly number[]

const types = { i32: 0x7f, f32: 0x7d, f64: 0x7c, v128: 0x7b } as const
export type ValueType = keyof typeof types

/** A parameter or variable of a function. */
export interface Variable {
  readonly code: Code
  set(value: Operand): Code
}

/** Something that has a value: an operation, or a variable. */
export type Operand = Code | Variable

/** A function: its parameters and further variables by name, in order, and what it does with them. */
export interface FunctionDefinition {
  readonly name: string
  readonly types: readonly ValueType[]
  readonly parameters: number
  readonly body: Code
}

type Variables = Record<string, ValueType>

/** Defines a function without a result. Variables begin as 0. */
export function define<P extends Variables, V extends Variables>(
  name: string,
  parameters: P,
  variables: V,
  body: (v: Record<keyof P | keyof V, Variable>) => Code[],
): FunctionDefinition {
  const all: Variables = { ...parameters, ...variables }
  const named = Object.keys(all).map((key, index): [string, Variable] => {
    const set = (value: Operand): Code => [...code(value), 0x21, ...unsigned(index)]
    return [key, { code: [0x20, ...unsigned(index)], set }]
  })
  return {
    name,
    types: Object.values(all),
    parameters: Object.keys(parameters).length,
    body: body(Object.fromEntries(named) as Record<keyof P | keyof V, Variable>).flat(),
  }
}

function code(operand: Operand): Code {
  return 'code' in operand ? operand.code : operand
}

/** An instruction with its operands before it. */
type Operation = (...operands: Operand[]) => Code

function operation(number: number, immediate: Code = []): Operation {
  return (...operands) => [...operands.flatMap(code), number, ...immediate]
}

function vectorOperation(number: number, immediate: Code = []): Operation {
  return (...operands) => [...operands.flatMap(code), 0xfd, ...unsigned(number), ...immediate]
}

/** What follows a load or store: how the address is aligned (here not at all), and what is added to it. */
const memory = (offset: number): Code => [0, ...unsigned(offset)]

type Int32Operation = 'load' | 'store' | 'add' | 'sub' | 'mul' | 'and' | 'or' | 'shiftLeft' | 'shiftRight'
type Int32Comparison = 'equal' | 'lessThan' | 'below'

export const i32: Record<Int32Operation | Int32Comparison, Operation> & { const(value: number): Code } = {
  const: (value) => [0x41, ...signed(value)],
  load: operation(0x28, memory(0)),
  store: operation(0x36, memory(0)),
  add: operation(0x6a),
  sub: operation(0x6b),
  mul: operation(0x6c),
  and: operation(0x71),
  or: operation(0x72),
  shiftLeft: operation(0x74),
  shiftRight: operation(0x76),
  equal: operation(0x46),
  lessThan: operation(0x48),
  // Compares without a sign, as distances that can be more than 2 GiB need it.
  below: operation(0x49),
}

type FloatOperation = 'load' | 'store' | 'add' | 'sub' | 'mul'
type FloatComparison = 'equal' | 'notEqual' | 'greaterThan'

export const f32: Record<FloatOperation | FloatComparison, Operation> = {
  load: operation(0x2a, memory(0)),
  store: operation(0x38, memory(0)),
  add: operation(0x92),
  sub: operation(0x93),
  mul: operation(0x94),
  equal: operation(0x5b),
  notEqual: operation(0x5c),
  greaterThan: operation(0x5e),
}

export const f64: Record<'load' | 'store' | 'add' | 'mul' | 'promote' | 'demote', Operation> & {
  lane(vector: Operand, lane: 0 | 1): Code
} = {
  load: operation(0x2b, memory(0)),
  store: operation(0x39, memory(0)),
  add: operation(0xa0),
  mul: operation(0xa2),
  promote: operation(0xbb),
  demote: operation(0xb6),
  // Takes a double out of a vector.
  lane: (vector, lane) => vectorOperation(0x21, [lane])(vector),
}

type VectorOperation =
  | 'splat'
  | 'splatInt'
  | 'and'
  | 'or'
  | 'select'
  | 'promoteLow'
  | 'addInt'
  | 'div'
  | 'sqrt'
  | 'anyTrue'
  | 'atMost'
  | 'atLeast'
  | 'abs'
  | 'subInt'
  | 'andNot'
  | 'lessThan'
  | 'lessOrEqual'

/** Four floats, four integers or two doubles at once. */
export const v128: Record<
  VectorOperation | 'addDouble' | Exclude<FloatOperation, 'load' | 'store'> | FloatComparison,
  Operation
> & {
  load(address: Operand, offset?: number): Code
  store(address: Operand, value: Operand, offset?: number): Code
  storeFirst(address: Operand, value: Operand): Code
  loadSplat(address: Operand, offset?: number): Code
  shuffle(a: Operand, b: Operand, lanes: readonly [number, number, number, number]): Code
  zero(): Code
  ints(a: number, b: number, c: number, d: number): Code
  float(value: number): Code
  shiftLeft(value: Operand, bits: number): Code
  shiftRight(value: Operand, bits: number): Code
  high(value: Operand): Code
} = {
  load: (address, offset = 0) => vectorOperation(0x00, memory(offset))(address),
  store: (address, value, offset = 0) => vectorOperation(0x0b, memory(offset))(address, value),
  // Stores one float, the first.
  storeFirst: vectorOperation(0x5a, [...memory(0), 0]),
  // Loads one float, four times.
  loadSplat: (address, offset = 0) => vectorOperation(0x09, memory(offset))(address),
  zero: vectorOperation(
    0x0c,
    Array.from({ length: 16 }, () => 0),
  ),
  ints: (...four) => vectorOperation(0x0c, [...new Uint8Array(Int32Array.of(...four).buffer)])(),
  // Gives a constant, four times.
  float: (value) => {
    const four = Float32Array.of(value, value, value, value)
    return vectorOperation(0x0c, [...new Uint8Array(four.buffer)])()
  },
  splat: vectorOperation(0x13),
  splatInt: vectorOperation(0x11),
  and: vectorOperation(0x4e),
  or: vectorOperation(0x50),
  // Takes the bits of the first operand where the second has a 0.
  andNot: vectorOperation(0x4f),
  // Takes bits of the first operand where the third has a 1, and of the second elsewhere.
  select: vectorOperation(0x52),
  add: vectorOperation(0xe4),
  sub: vectorOperation(0xe5),
  mul: vectorOperation(0xe6),
  // Limits the first operand to the second, with one instruction where the minimum of IEEE 754 takes five; a NaN stays one.
  atMost: vectorOperation(0xea),
  atLeast: vectorOperation(0xeb),
  div: vectorOperation(0xe7),
  sqrt: vectorOperation(0xe3),
  equal: vectorOperation(0x41),
  notEqual: vectorOperation(0x42),
  greaterThan: vectorOperation(0x44),
  lessThan: vectorOperation(0x43),
  lessOrEqual: vectorOperation(0x45),
  abs: vectorOperation(0xe0),
  // Tells, as an integer, whether there is a 1 among the bits.
  anyTrue: vectorOperation(0x53),
  addInt: vectorOperation(0xae),
  subInt: vectorOperation(0xb1),
  shiftLeft: (value, bits) => vectorOperation(0xab)(value, i32.const(bits)),
  shiftRight: (value, bits) => vectorOperation(0xac)(value, i32.const(bits)),
  addDouble: vectorOperation(0xf0),
  // Makes doubles of the first two floats.
  promoteLow: vectorOperation(0x5f),
  // Takes four floats: 0 to 3 are those of the first operand, 4 to 7 of the second.
  shuffle: (a, b, lanes) =>
    vectorOperation(
      0x0d,
      lanes.flatMap((lane) => [4 * lane, 4 * lane + 1, 4 * lane + 2, 4 * lane + 3]),
    )(a, b),
  // Brings the last two floats to the front.
  high: (value) => v128.shuffle(value, value, [2, 3, 2, 3]),
}

/** Repeats the body as long as the condition holds. */
export function whileLoop(condition: Operand, ...body: Code[]): Code {
  const leaveIfNot = [...code(condition), 0x45, 0x0d, 1]
  return [0x02, 0x40, 0x03, 0x40, ...leaveIfNot, ...body.flat(), 0x0c, 0, 0x0b, 0x0b]
}

/** Runs one of two bodies. */
export function ifElse(condition: Operand, yes: Code[], no: Code[] = []): Code {
  return [...code(condition), 0x04, 0x40, ...yes.flat(), 0x05, ...no.flat(), 0x0b]
}

/** "\0asm" and the version of the format. */
const magic = [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0]

/** Gives a module that imports its memory as `env.memory` and exports these functions. */
export function assemble(functions: readonly FunctionDefinition[], sharedMemory: boolean): Uint8Array {
  const limits = sharedMemory ? [0x03, 0, ...unsigned(65_536)] : [0x00, 0]
  const signatures = functions.map((each) => {
    return [0x60, ...list(each.types.slice(0, each.parameters).map((name) => [types[name]])), 0]
  })
  const indices = functions.map((_, index) => unsigned(index))
  const names = functions.map(({ name }, index) => [...text(name), 0x00, ...unsigned(index)])
  return Uint8Array.from([
    ...magic,
    ...section(1, signatures),
    ...section(2, [[...text('env'), ...text('memory'), 0x02, ...limits]]),
    ...section(3, indices),
    ...section(7, names),
    ...section(10, functions.map(functionCode)),
  ])
}

function functionCode(definition: FunctionDefinition): Code {
  const variables = definition.types.slice(definition.parameters).map((name) => [1, types[name]])
  const content = [...list(variables), ...definition.body, 0x0b]
  return [...unsigned(content.length), ...content]
}

function section(id: number, items: readonly Code[]): Code {
  const content = list(items)
  return [id, ...unsigned(content.length), ...content]
}

function list(items: readonly Code[]): Code {
  return [...unsigned(items.length), ...items.flat()]
}

function text(value: string): Code {
  return list([...new TextEncoder().encode(value)].map((byte) => [byte]))
}

/** Encodes a whole number seven bits at a time, the lowest first (LEB128). */
function unsigned(value: number): Code {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...unsigned(value >>> 7)]
}

function signed(value: number): Code {
  return value >= -0x40 && value < 0x40 ? [value & 0x7f] : [(value & 0x7f) | 0x80, ...signed(value >> 7)]
}
