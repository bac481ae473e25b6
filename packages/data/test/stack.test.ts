import { expect, test } from 'vitest'
import { loader, stack } from '../src/index.ts'

test('stacks numbers, typed arrays and tensors, name by name', () => {
  const [batch] = loader([1, 2].map(example), { batchSize: 2, collate: stack }).epoch(0)
  expect(batch).toEqual({
    id: { data: Float32Array.of(1, 2), shape: [2] },
    pixels: { data: Uint8Array.of(1, 2, 2, 3), shape: [2, 2] },
    image: { data: Float32Array.of(1, 1, 1, 1, 2, 2, 2, 2), shape: [2, 2, 2] },
    box: {
      corner: { data: Int32Array.of(1, 2), shape: [2, 1] },
      scale: { data: Float64Array.of(0.5, 1), shape: [2] },
    },
  })
})

test('stacks plain numbers and big ones', () => {
  expect(stack([1, 2, 3])).toEqual({ data: Float32Array.of(1, 2, 3), shape: [3] })
  expect(stack([BigInt64Array.of(1n), BigInt64Array.of(2n)])).toEqual({
    data: BigInt64Array.of(1n, 2n),
    shape: [2, 1],
  })
})

test('refuses what cannot be stacked', () => {
  const bad: [unknown[], string][] = [
    [[], 'stack() needs at least one example'],
    [['a'], 'stack() takes numbers, typed arrays, { data, shape } and records of them, not string a'],
    [[null], 'stack() takes numbers, typed arrays, { data, shape } and records of them, not null'],
    [
      [{ xs: [1] }],
      'stack() takes numbers, typed arrays, { data, shape } and records of them, for `xs` not an array',
    ],
    [[1, undefined], 'stack() needs examples of one kind, not a number and undefined'],
    [[Float32Array.of(1), 2], 'stack() needs examples of one kind, not a tensor and number 2'],
    [
      [{ a: { b: Float32Array.of(1) } }, { a: { b: Float32Array.of(1, 2) } }],
      'stack() needs examples of one class and shape, for `a.b` not Float32Array [1] and Float32Array [2]',
    ],
    [
      [Float32Array.of(1), Int8Array.of(1)],
      'stack() needs examples of one class and shape, not Float32Array [1] and Int8Array [1]',
    ],
    [[{ data: Float32Array.of(1), shape: [2] }], 'an example has 1 values, but its shape [2] needs 2'],
    [[{ xs: 1 }, { xs: 1, ys: 2 }], 'stack() needs examples with the same names, not xs and xs, ys'],
    [[{ xs: 1 }, 7], 'stack() needs examples with the same names, not xs and '],
  ]
  for (const [examples, message] of bad) expect(() => stack(examples)).toThrow(`[data] ${message}`)
})

function example(n: number) {
  return {
    id: n,
    pixels: Uint8Array.of(n, n + 1),
    image: { data: Float32Array.of(n, n, n, n), shape: [2, 2] },
    box: { corner: Int32Array.of(n), scale: { data: Float64Array.of(n / 2), shape: [] } },
  }
}
