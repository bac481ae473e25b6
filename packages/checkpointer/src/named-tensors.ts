import type { StateTree, TypedArray } from '@trainyard/core'
import { dtypeOf } from './safetensors/dtypes.ts'
import { metadataKey } from './safetensors/header.ts'
import type { Tensor } from './safetensors/parts.ts'
import { encodeTree } from './tree-codec.ts'
import { arrayKind } from './typed-arrays.ts'

/** The tensors of one file, by names that differ. */
export class NamedTensors implements Iterable<readonly [string, Tensor]> {
  readonly #tensors = new Map<string, Tensor>()

  get size(): number {
    return this.#tensors.size
  }

  /** Adds an array under a name as near to the wanted one as possible, and gives that name: `a` in `b/c`, and `a/b` in `c` want the same. */
  add(wanted: string, shape: readonly number[], data: TypedArray): string {
    let name = wanted
    for (let n = 2; this.#tensors.has(name) || name === metadataKey; n++) name = `${wanted}#${n}`
    this.#tensors.set(name, { dtype: dtypeOf(arrayKind(data)!), shape, data })
    return name
  }

  [Symbol.iterator](): MapIterator<[string, Tensor]> {
    return this.#tensors.entries()
  }
}

/** Gives the typed arrays below the `weights` of a module's state by name; of one that has no `weights`, all of them. */
export function weightsOf(state: Readonly<Record<string, StateTree>>): NamedTensors {
  const tensors = new NamedTensors()
  encodeTree(state['weights'] ?? state, (data, path, shape) => {
    const name = tensors.add(path.join('/') || 'weights', shape, data)
    return { $tensor: name, in: '' }
  })
  return tensors
}
