import { expect } from './define-test.ts'

/**
 * Finds where two states differ, bit for bit: NaN is the same as NaN, 0 is not the same as -0, arrays of different classes differ. Gives the path and both
 * values, undefined if the states are the same.
 */
export function difference(one: unknown, other: unknown, path = 'state'): string | undefined {
  if (Object.is(one, other)) return undefined
  const unlike = (): string => `${path}: ${describe(one)} and ${describe(other)}`
  if (!isObject(one) || !isObject(other) || one.constructor !== other.constructor) return unlike()
  if (ArrayBuffer.isView(one) && ArrayBuffer.isView(other)) {
    const [a, b] = [bytesOf(one), bytesOf(other)]
    if (a.length !== b.length) return `${path}: ${a.length} and ${b.length} bytes`
    const at = a.findIndex((byte, i) => byte !== b[i])
    return at === -1 ? undefined : `${path}, from byte ${at} on`
  }
  const keys = new Set([...Object.keys(one), ...Object.keys(other)])
  for (const key of keys) {
    const found = difference(one[key], other[key], `${path}.${key}`)
    if (found) return found
  }
  return undefined
}

/** Throws unless two states are the same, bit for bit. */
export function expectSame(one: unknown, other: unknown, problem: string): void {
  const found = difference(one, other)
  expect(!found, `${problem}; they differ at ${found}`)
}

/**
 * Copies a state as another process would get it.
 * @throws if it holds what no checkpoint can: functions, instances of classes, tensors.
 */
export function plainCopy<T>(state: T, path = 'state'): T {
  if (!isObject(state)) {
    expect(
      typeof state !== 'function' && typeof state !== 'symbol' && typeof state !== 'bigint',
      `${path} is ${describe(state)}, which no checkpoint can hold`,
    )
    return state
  }
  if (ArrayBuffer.isView(state)) return structuredClone(state)
  if (Array.isArray(state)) return state.map((item, i) => plainCopy(item, `${path}.${i}`)) as T
  expect(
    state.constructor === Object || state.constructor === undefined,
    `${path} is ${describe(state)}; a state holds JSON and typed arrays`,
  )
  const entries = Object.entries(state).filter(([, value]) => value !== undefined)
  return Object.fromEntries(entries.map(([key, value]) => [key, plainCopy(value, `${path}.${key}`)])) as T
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

function bytesOf(view: ArrayBufferView): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength)
}

function describe(value: unknown): string {
  if (Object.is(value, -0)) return '-0'
  if (isObject(value)) return value.constructor ? `a ${value.constructor.name}` : 'an object'
  return typeof value === 'string' ? JSON.stringify(value) : String(value)
}
