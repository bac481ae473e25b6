import * as tf from '@tensorflow/tfjs'
import type { StateRecord, StateTree, TypedArray } from '@trainyard/core'
import { fail } from './errors.ts'

/** Copies variables to the host: `{ <name>: { shape, data } }`. */
export async function readVariables(variables: ReadonlyMap<string, tf.Variable>): Promise<StateRecord> {
  const entries = [...variables].map(async ([name, variable]): Promise<[string, StateTree]> => {
    return [name, { shape: variable.shape, data: await copyToHost(variable) }]
  })
  return Object.fromEntries(await Promise.all(entries))
}

/** Copies a tensor's numbers to the host, once. */
export async function copyToHost(tensor: tf.Tensor): Promise<TypedArray> {
  const data = (await tensor.data()) as TypedArray
  // The wasm backend copies them out of its memory. The cpu backend gives its own buffer, which the next update would change under the reader.
  return tf.getBackend() === 'wasm' ? data : data.slice()
}

/** One variable as `readVariables` gave it. */
interface SavedVariable {
  readonly shape: readonly number[]
  readonly data: ArrayLike<number>
}

/**
 * Checks that a state of `readVariables` fits.
 * @throws if a name is missing or unknown, a shape differs, or values are missing, naming every one of them.
 */
export function checkVariables(variables: ReadonlyMap<string, tf.Variable>, state: StateRecord): void {
  const problems: string[] = []
  for (const [name, { shape, size }] of variables) {
    const saved = state[name] as SavedVariable | undefined
    if (!saved) problems.push(`"${name}" is missing`)
    else if (String(saved.shape) !== String(shape))
      problems.push(`"${name}" has shape [${String(saved.shape)}], not [${String(shape)}]`)
    else if (saved.data?.length !== size)
      problems.push(
        `"${name}" has ${saved.data?.length ?? 'no'} values, not ${size} (JSON alone loses typed arrays)`,
      )
  }
  for (const name of Object.keys(state))
    if (!variables.has(name)) problems.push(`"${name}" is not a variable of this model`)
  if (problems.length > 0) fail(`the saved weights do not fit this model: ${problems.join('; ')}`)
}

/** Sets variables to what `readVariables` gave, and `checkVariables` passed. */
export function writeVariables(variables: ReadonlyMap<string, tf.Variable>, state: StateRecord): void {
  tf.tidy(() => {
    for (const [name, variable] of variables) {
      const { data } = state[name] as unknown as SavedVariable
      const values = variable.dtype === 'float32' ? Float32Array.from(data) : Int32Array.from(data)
      variable.assign(tf.tensor(values, variable.shape, variable.dtype))
    }
  })
}
