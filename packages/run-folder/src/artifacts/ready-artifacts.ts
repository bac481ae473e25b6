import { writeFile } from 'node:fs/promises'
import type { TypedArray } from '@trainyard/core'
import { type Tensor, writeSafetensors } from '@trainyard/checkpointer'
import { Artifact } from './artifact.ts'

/** A value as JSON. */
export class JSONArtifact extends Artifact {
  readonly type = 'JSON'
  readonly extension = '.json'
  readonly #value: unknown

  constructor(value: unknown) {
    super()
    this.#value = value
  }

  override write(path: string): Promise<void> {
    return writeFile(path, `${JSON.stringify(this.#value, null, 2)}\n`)
  }
}

/** A text, as a file with an ending of your choice. */
export class TextArtifact extends Artifact {
  readonly type = 'Text'
  readonly extension: string
  readonly #text: string

  constructor(text: string, extension = '.txt') {
    super()
    this.#text = text
    this.extension = extension
  }

  override write(path: string): Promise<void> {
    return writeFile(path, this.#text)
  }
}

/** Typed arrays, or tensors `{ shape, data }`, by name: a safetensors file, which Python opens, too. */
export class TensorsArtifact extends Artifact {
  readonly type = 'Tensors'
  readonly extension = '.safetensors'
  readonly #tensors: Readonly<Record<string, TypedArray | Tensor>>

  constructor(tensors: Readonly<Record<string, TypedArray | Tensor>>) {
    super()
    this.#tensors = tensors
  }

  override write(path: string): Promise<void> {
    const tensors = Object.entries(this.#tensors).map(([name, tensor]): [string, Tensor] => [
      name,
      ArrayBuffer.isView(tensor) ? { shape: [tensor.length], data: tensor } : tensor,
    ])
    return writeSafetensors(path, tensors)
  }
}
