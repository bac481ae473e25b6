import type { Checkpoint, StateTree, TypedArray } from '@trainyard/core'
import { checksumName } from './checksum.ts'
import { fail } from './errors.ts'
import { modelName, optimizerName, trainerName } from './folders.ts'
import { formatName, formatVersion, type Manifest } from './manifest.ts'
import { NamedTensors } from './named-tensors.ts'
import { nextSaveTime } from './save-time.ts'
import type { TensorInfo } from './safetensors/header.ts'
import { safetensorsParts } from './safetensors/parts.ts'
import { encodeTree, type TensorPlace } from './tree-codec.ts'
import { arrayKind } from './typed-arrays.ts'

/** What is kept with a checkpoint, and shown without reading all of it. */
export interface CheckpointInfo {
  /** Names the run, so that nobody deletes another's. */
  readonly runId?: string | undefined
  /** Updates, epochs, and batches of the epoch done. Default: those of `checkpoint.trainer`. */
  readonly step?: number | undefined
  readonly epoch?: number | undefined
  readonly batch?: number | undefined
  /** When the state was saved, if this is a copy of an older checkpoint: ISO 8601. Default: now. */
  readonly savedAt?: string | undefined
  /** Metrics to compare checkpoints by; any number, NaN and the infinite ones too. */
  readonly scores?: Readonly<Record<string, number>> | undefined
  /** What else belongs to the run, such as its configuration. */
  readonly context?: StateTree | undefined
}

/** A checkpoint as it will stand in its files: bytes, which a thread can hand to another. */
export interface PreparedCheckpoint {
  readonly files: readonly PreparedFile[]
  readonly manifest: Omit<Manifest, 'files'>
}

export interface PreparedFile {
  readonly name: string
  readonly parts: readonly Uint8Array[]
}

/**
 * Takes a checkpoint apart: `model.safetensors` gets the weights, under their names; `optimizer.safetensors` every other typed array, under the path
 * that leads to it; `trainer.json` the rest. Nothing is copied: the arrays must stay as they are until they are written.
 * @throws if something is neither JSON nor a typed array.
 */
export function prepareCheckpoint(checkpoint: Checkpoint, info: CheckpointInfo = {}): PreparedCheckpoint {
  const tensors = { [modelName]: new NamedTensors(), [optimizerName]: new NamedTensors() }
  const place = (data: TypedArray, path: readonly string[], shape: readonly number[]): TensorPlace => {
    const isWeight = path[0] === 'checkpoint' && path[1] === 'module' && path[2] === 'weights'
    const file = isWeight ? modelName : optimizerName
    const wanted = isWeight ? path.slice(3).join('/') || 'weights' : path.slice(1).join('/') || path[0]!
    const name = tensors[file].add(wanted, shape, data)
    return { $tensor: name, in: file, ...(arrayKind(data) === 'Uint8ClampedArray' ? { clamped: true } : {}) }
  }
  const { context } = info
  const rest = JSON.stringify(encodeTree({ checkpoint, context }, place))
  const used = Object.entries(tensors).filter(([, { size }]) => size > 0)
  const infos = (content: NamedTensors): Record<string, TensorInfo> =>
    Object.fromEntries(Array.from(content, ([name, { dtype, shape }]) => [name, { dtype: dtype!, shape }]))
  return {
    files: [
      ...used.map(([name, content]) => ({ name, parts: safetensorsParts(content) })),
      { name: trainerName, parts: [new TextEncoder().encode(rest)] },
    ],
    manifest: {
      format: formatName,
      version: formatVersion,
      ...numbersOf(checkpoint, info),
      checksum: checksumName,
      tensors: Object.fromEntries(used.map(([file, content]) => [file, infos(content)])),
    },
  }
}

function numbersOf(
  { trainer }: Checkpoint,
  { runId, scores = {}, ...info }: CheckpointInfo,
): Pick<Manifest, 'runId' | 'savedAt' | 'step' | 'epoch' | 'batch' | 'scores'> {
  const count = (name: 'step' | 'epoch' | 'batch'): number => {
    const value = info[name] ?? trainer?.[name] ?? 0
    if (!Number.isSafeInteger(value) || (value as number) < 0)
      fail(`\`info.${name}\` must be a whole number from 0, not ${String(value)}`)
    return value as number
  }
  const { savedAt = nextSaveTime() } = info
  if (Number.isNaN(Date.parse(savedAt))) fail(`\`info.savedAt\` must be a time in ISO 8601, not ${savedAt}`)
  for (const [name, score] of Object.entries(scores))
    if (typeof score !== 'number') fail(`\`info.scores.${name}\` must be a number, not ${String(score)}`)
  return {
    runId: runId ?? null,
    savedAt,
    step: count('step'),
    epoch: count('epoch'),
    batch: count('batch'),
    scores: { ...scores },
  }
}
