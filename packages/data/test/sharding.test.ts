import { expect, test } from 'vitest'
import { iterableLoader, loader, type ShardRemainder } from '../src/index.ts'
import { gatherRanks, numbers } from './gather.ts'

test('each rank takes its slice of every batch', async () => {
  const data = loader(numbers(8), { batchSize: 4 })
  expect(await gatherRanks(data, 2)).toEqual([
    [
      [0, 1],
      [4, 5],
    ],
    [
      [2, 3],
      [6, 7],
    ],
  ])
})

test('what the ranks do not divide is spread, used again or left out', async () => {
  expect(await slices('spread')).toEqual([[[0, 1]], [[2, 3]], [[4]]])
  expect(await slices('pad')).toEqual([[[0, 1]], [[2, 3]], [[4, 0]]])
  expect(await slices('drop')).toEqual([[[0]], [[1]], [[2]]])
})

test('a last batch with fewer examples than ranks gets some from the one before it', async () => {
  const options = { batchSize: 8 }
  const expected = [
    [[0, 1], [6]],
    [[2, 3], [7]],
    [[4, 5], [8]],
  ]
  expect(await gatherRanks(loader(numbers(9), options), 3)).toEqual(expected)
  expect(await gatherRanks(iterableLoader(numbers(9), options), 3)).toEqual(expected)
})

test('a last batch that nobody can help is an error with ways out', async () => {
  const message =
    "[data] `batchSize` 3 leaves 1 for the last batch, too few for 3 ranks; make it at least 5, or set `dropLast: true` or `shardRemainder: 'pad'`"
  expect(() => loader(numbers(7), { batchSize: 3 }).epoch(0, 0, { rank: 0, size: 3 })).toThrow(message)
  await expect(gatherRanks(iterableLoader(numbers(7), { batchSize: 3 }), 3)).rejects.toThrow(message)
  const few =
    "[data] the dataset has fewer examples than there are ranks, 2 for 3; use fewer ranks, or `shardRemainder: 'pad'`"
  expect(() => loader(numbers(2), { batchSize: 3 }).epoch(0, 0, { rank: 0, size: 3 })).toThrow(few)
  await expect(gatherRanks(iterableLoader(numbers(2), { batchSize: 3 }), 3)).rejects.toThrow(few)
})

test('the ways out work', async () => {
  expect(await gatherRanks(loader(numbers(9), { batchSize: 5 }), 3)).toHaveLength(3)
  const dropped = await gatherRanks(loader(numbers(7), { batchSize: 3, dropLast: true }), 3)
  expect(dropped.map((batches) => batches.flat())).toEqual([
    [0, 3],
    [1, 4],
    [2, 5],
  ])
  const padded = await gatherRanks(loader(numbers(2), { batchSize: 3, shardRemainder: 'pad' }), 3)
  expect(padded).toEqual([[[0]], [[1]], [[0]]])
})

function slices(shardRemainder: ShardRemainder): Promise<number[][][]> {
  return gatherRanks(loader(numbers(5), { batchSize: 5, shardRemainder }), 3)
}
