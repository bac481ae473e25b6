import * as tf from '@tensorflow/tfjs'
import type { StateRecord, StateTree } from '@trainyard/core'
import { fail } from '../errors.ts'
import { copyToHost } from '../variable-state.ts'

const fix = 'the state must be one that getState() gave'

/** A float32 tensor as it stands in a state. */
export interface TensorState {
  readonly shape: readonly number[]
  readonly data: Float32Array
}

/** Copies a tensor to the host. */
export async function readTensor(tensor: tf.Tensor): Promise<TensorState> {
  const { shape } = tensor
  return { shape: [...shape], data: (await copyToHost(tensor)) as Float32Array }
}

/** Reads a table of tensors at once. */
export async function readTensors(
  tensors: Iterable<readonly [string, tf.Tensor]>,
): Promise<Record<string, TensorState>> {
  const entries = [...tensors].map(async ([name, tensor]) => [name, await readTensor(tensor)] as const)
  return Object.fromEntries(await Promise.all(entries))
}

/** Makes a tensor of a state that `checkTensor` let through. */
export function makeTensor({ shape, data }: TensorState): tf.Tensor {
  // Copied, because the cpu backend keeps the array it is given.
  return tf.tensor(Float32Array.from(data), [...shape], 'float32')
}

/** Checks that a part of a state is a tensor; its numbers may also stand in a plain array. */
export function checkTensor(what: string, state: StateTree | undefined): TensorState {
  const { shape, data } = (state ?? {}) as Record<string, unknown>
  if (!isNumbers(shape)) return fail(`${what} has no shape; ${fix}`)
  if (!(data instanceof Float32Array) && !isNumbers(data)) return fail(`${what} has no data; ${fix}`)
  const size = shape.reduce((product, length) => product * length, 1)
  if (data.length !== size)
    fail(`${what} has ${data.length} numbers, but its shape [${String(shape)}] takes ${size}; ${fix}`)
  return { shape, data: data instanceof Float32Array ? data : Float32Array.from(data) }
}

/** Checks that a part of a state is a table. */
export function checkTable(what: string, state: StateTree | undefined): StateRecord {
  if (typeof state !== 'object' || state === null || Array.isArray(state) || ArrayBuffer.isView(state))
    return fail(`${what} is no table; ${fix}`)
  return state as StateRecord
}

/** Checks that a state has exactly these slots for each of its variables. */
export function checkSlots<Name extends string>(
  owner: string,
  state: StateTree | undefined,
  names: readonly Name[],
): [variable: string, slots: Record<Name, TensorState>][] {
  return Object.entries(checkTable(`\`slots\` in the state of "${owner}"`, state)).map(([variable, part]) => {
    const slots = checkTable(`the state of "${owner}" for variable "${variable}"`, part)
    for (const slot of Object.keys(slots))
      if (!names.includes(slot as Name))
        fail(
          `the state has a slot "${slot}" for variable "${variable}", which "${owner}" does not use; ` +
            'resume with the same options',
        )
    const checked = names.map((slot) => [
      slot,
      checkTensor(`slot "${slot}" of variable "${variable}" in the state of "${owner}"`, slots[slot]),
    ])
    return [variable, Object.fromEntries(checked) as Record<Name, TensorState>]
  })
}

/** Checks that a slot, which may have come out of a state, has the shape of its variable. */
export function checkSlotShape(
  slot: string,
  { shape: found }: tf.Tensor,
  variable: string,
  shape: number[],
): void {
  if (!tf.util.arraysEqual(found, shape))
    fail(
      `slot "${slot}" of variable "${variable}" has shape [${String(found)}], the variable ` +
        `[${String(shape)}]; the state of the optimizer is of another model`,
    )
}

function isNumbers(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((element) => typeof element === 'number')
}
