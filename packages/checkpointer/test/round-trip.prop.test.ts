import type { Checkpoint } from '@trainyard/core'
import { MemoryFileSystem } from '@trainyard/testing'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { readCheckpoint, verifyCheckpoint, writeCheckpoint } from '../src/index.ts'
import { exactText, stateTree } from './state-trees.ts'

test('whatever a state holds comes back bit for bit, with its context and its scores', async () => {
  const scores = fc.dictionary(fc.string(), fc.double())
  const record = fc.dictionary(fc.string(), stateTree)
  const checkpoints = fc.record(
    { module: fc.oneof(record, fc.record({ weights: stateTree })), callbacks: record, extra: stateTree },
    { requiredKeys: [] },
  )
  await fc.assert(
    fc.asyncProperty(checkpoints, scores, fc.option(stateTree), async (checkpoint, exact, context) => {
      const files = new MemoryFileSystem()
      const info = { scores: exact, ...(context === null ? {} : { context }) }
      await writeCheckpoint('/a', checkpoint as Checkpoint, { info, files })
      const loaded = await readCheckpoint('/a', { files })
      expect(exactText(loaded.checkpoint)).toBe(exactText(checkpoint))
      expect(exactText(loaded.manifest.scores)).toBe(exactText(exact))
      expect(exactText(loaded.context ?? null)).toBe(exactText(context))
      expect(await verifyCheckpoint('/a', { files })).toEqual({ ok: true, manifest: loaded.manifest })
    }),
    { numRuns: 300 },
  )
})

test('arrays that share their memory come back with their own values; keys without a value are left out', async () => {
  const files = new MemoryFileSystem()
  const memory = Float32Array.of(1, 2, 3, 4)
  const half = memory.subarray(2)
  const module = { weights: { all: memory, half, again: memory }, unused: undefined as never }
  await writeCheckpoint('/a', { module }, { files })
  const { checkpoint } = await readCheckpoint('/a', { files })
  const weights = { all: Float32Array.of(1, 2, 3, 4), half: Float32Array.of(3, 4), again: memory }
  expect(checkpoint).toStrictEqual({ module: { weights } })
})

test.each([
  ['a function', () => 0, '"checkpoint.module.weights.x" is a function'],
  ['a map', new Map(), '"checkpoint.module.weights.x" is Map'],
  ['a date', new Date(), '"checkpoint.module.weights.x" is Date'],
  ['a bigint', 1n, '"checkpoint.module.weights.x" is a bigint'],
  ['a view without a type', new DataView(new ArrayBuffer(8)), '"checkpoint.module.weights.x" is DataView'],
  ['a hole in a list', [1, undefined], '"checkpoint.module.weights.x.1" is undefined'],
])('%s is refused, and the error says where it is', async (_, x, message) => {
  const files = new MemoryFileSystem()
  const checkpoint = { module: { weights: { x } } } as unknown as Checkpoint
  await expect(writeCheckpoint('/a', checkpoint, { files })).rejects.toThrow(message)
  expect(await files.readdir('/')).toEqual([])
})

test('a state that contains itself is refused', async () => {
  const round: Record<string, never> = {}
  round['round'] = round as never
  const saved = writeCheckpoint('/a', { module: round }, { files: new MemoryFileSystem() })
  await expect(saved).rejects.toThrow('or it contains itself')
})

test('a state of weights alone, and an empty one, are checkpoints, too', async () => {
  const files = new MemoryFileSystem()
  const module = { weights: { k: { shape: [2, 1], data: Float32Array.of(1, 2) } } }
  await writeCheckpoint('/weights', { module }, { info: { step: 7 }, files })
  expect(await files.readdir('/weights')).toEqual(['model.safetensors', 'trainer.json', 'manifest.json'])
  expect(await readCheckpoint('/weights', { files })).toMatchObject({
    checkpoint: { module },
    manifest: { step: 7, tensors: { 'model.safetensors': { k: { dtype: 'F32', shape: [2, 1] } } } },
  })
  await writeCheckpoint('/nothing', {}, { files })
  expect((await readCheckpoint('/nothing', { files })).checkpoint).toEqual({})
})

test.each([
  [{ step: -1 }, '`info.step` must be a whole number from 0, not -1'],
  [{ epoch: 0.5 }, '`info.epoch` must be a whole number from 0, not 0.5'],
  [{ scores: { loss: '1' as unknown as number } }, '`info.scores.loss` must be a number, not 1'],
])('%o is refused', async (info, message) => {
  await expect(writeCheckpoint('/a', {}, { info, files: new MemoryFileSystem() })).rejects.toThrow(message)
})
