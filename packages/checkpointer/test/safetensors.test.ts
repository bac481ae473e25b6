import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { intercept, MemoryFileSystem } from '@trainyard/testing'
import * as fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { openSafetensors, readSafetensors, type Tensor, writeSafetensors } from '../src/index.ts'

const root = mkdtempSync(join(tmpdir(), 'trainyard-safetensors-'))
afterAll(() => rmSync(root, { recursive: true }))

const bits = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => (i * 37 + 201) % 256)

/** Two elements of every type of the format, of any bits. */
const everyType: Record<string, Tensor> = {
  F64: { dtype: 'F64', shape: [2], data: new Float64Array(bits(16).buffer) },
  F32: { dtype: 'F32', shape: [2, 1], data: new Float32Array(bits(8).buffer) },
  F16: { dtype: 'F16', shape: [2], data: new Uint16Array(bits(4).buffer) },
  BF16: { dtype: 'BF16', shape: [1, 2], data: new Uint16Array(bits(4).buffer) },
  I64: { dtype: 'I64', shape: [2], data: new BigInt64Array(bits(16).buffer) },
  U64: { dtype: 'U64', shape: [2], data: new BigUint64Array(bits(16).buffer) },
  I32: { dtype: 'I32', shape: [2], data: new Int32Array(bits(8).buffer) },
  U32: { dtype: 'U32', shape: [2], data: new Uint32Array(bits(8).buffer) },
  I16: { dtype: 'I16', shape: [2], data: new Int16Array(bits(4).buffer) },
  U16: { dtype: 'U16', shape: [2], data: new Uint16Array(bits(4).buffer) },
  I8: { dtype: 'I8', shape: [2], data: new Int8Array(bits(2).buffer) },
  U8: { dtype: 'U8', shape: [2], data: bits(2) },
  BOOL: { dtype: 'BOOL', shape: [2], data: Uint8Array.of(0, 1) },
  F8_E4M3: { dtype: 'F8_E4M3', shape: [2], data: bits(2) },
  F8_E5M2: { dtype: 'F8_E5M2', shape: [2], data: bits(2) },
  F8_E8M0: { dtype: 'F8_E8M0', shape: [2], data: bits(2) },
  scalar: { dtype: 'F32', shape: [], data: Float32Array.of(1) },
  empty: { dtype: 'F32', shape: [3, 0], data: new Float32Array(0) },
}

describe('a file', () => {
  test('gives back tensors of every type, scalars, empty ones and metadata', async () => {
    const path = join(root, 'deep', 'every.safetensors')
    const metadata = { format: 'pt', 'a "key"': 'ä\n' }
    await writeSafetensors(path, everyType, { metadata })
    const { tensors, metadata: read } = await readSafetensors(path)
    expect(read).toEqual(metadata)
    expect(Object.fromEntries(tensors)).toStrictEqual(everyType)
  })

  test('is replaced as a whole', async () => {
    const files = new MemoryFileSystem()
    for (const value of [1, 2])
      await writeSafetensors('/a.safetensors', { w: { shape: [1], data: Float32Array.of(value) } }, { files })
    expect((await readSafetensors('/a.safetensors', { files })).tensors.get('w')!.data[0]).toBe(2)
    expect(await files.readdir('/')).toEqual(['a.safetensors'])
  })

  test('gives one tensor without reading the others, through a link, too', async () => {
    const disk = new MemoryFileSystem()
    const large = { shape: [1 << 20], data: new Float32Array(1 << 20) }
    const small = { shape: [2], data: Int8Array.of(1, 2) }
    await writeSafetensors('/blob', { large, small }, { files: disk })
    await disk.symlink('blob', '/model.safetensors')
    let bytes = 0
    const files = intercept(disk, (operation, run) => {
      if (operation.name === 'open.read') bytes += (operation.args[0] as Uint8Array).byteLength
      return run()
    })
    const file = await openSafetensors('/model.safetensors', { files })
    expect([...file.tensors.keys()]).toEqual(['large', 'small'])
    expect((await file.read('small')).data).toEqual(small.data)
    expect(bytes).toBeLessThan(1000)
    await expect(file.read('other')).rejects.toThrow('has no tensor "other"')
    await file.close()
  })

  test('begins its data at a multiple of eight bytes, and each tensor at one of its elements', async () => {
    const names = fc.dictionary(fc.string(), fc.constantFrom(...Object.values(everyType)))
    await fc.assert(
      fc.asyncProperty(names, async (tensors) => {
        const files = new MemoryFileSystem()
        delete tensors['__metadata__']
        await writeSafetensors('/a', tensors, { files })
        const bytes = await contentOf(files, '/a')
        const length = Number(new DataView(bytes.buffer).getBigUint64(0, true))
        expect(length % 8).toBe(0)
        const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length))) as Record<
          string,
          { data_offsets: [number, number] }
        >
        for (const [name, { data }] of Object.entries(tensors))
          expect(header[name]!.data_offsets[0] % data.BYTES_PER_ELEMENT).toBe(0)
        expect((await readSafetensors('/a', { files })).tensors.size).toBe(Object.keys(tensors).length)
      }),
    )
  })

  test.each([
    ['a shape that does not fit', { shape: [3], data: new Float32Array(2) }, 'is not shape [3]'],
    [
      'an array of another type',
      { dtype: 'F16', shape: [2], data: new Float32Array(2) },
      'is F16, but its `data` are a Float32Array',
    ],
    ['an unknown type', { dtype: 'F4', shape: [2], data: new Uint8Array(2) }, 'has an unknown `dtype`, F4'],
    ['no array', { shape: [2], data: [1, 2] }, 'has no typed array'],
  ])('is not written of a tensor with %s', async (_, tensor, message) => {
    const files = new MemoryFileSystem()
    await expect(writeSafetensors('/a', { w: tensor as Tensor }, { files })).rejects.toThrow(message)
    await expect(writeSafetensors('/a', { __metadata__: everyType['F32']! }, { files })).rejects.toThrow(
      'keeps for itself',
    )
    expect(await files.readdir('/')).toEqual([])
  })
})

async function contentOf(files: MemoryFileSystem, path: string): Promise<Uint8Array> {
  const bytes = new Uint8Array((await files.lstat(path)).size)
  await (await files.open(path, 'read')).read(bytes, 0)
  return bytes
}

/** A file with a header of any text, which may claim another length. */
function fileOf(
  header: string | Uint8Array,
  data: Uint8Array = new Uint8Array(0),
  claimed?: bigint,
): Uint8Array {
  const text = typeof header === 'string' ? new TextEncoder().encode(header) : header
  const bytes = new Uint8Array(8 + text.length + data.length)
  new DataView(bytes.buffer).setBigUint64(0, claimed ?? BigInt(text.length), true)
  bytes.set(text, 8)
  bytes.set(data, 8 + text.length)
  return bytes
}

const u8 = (begin: number, end: number): string =>
  `{"dtype":"U8","shape":[${end - begin}],"data_offsets":[${begin},${end}]}`
const of = (entry: string): string => `{"a":${entry}}`

test.each([
  ['an empty file', new Uint8Array(0), 'has only 0 bytes'],
  ['a file of seven bytes', new Uint8Array(7), 'has only 7 bytes'],
  ['no header', fileOf(''), 'does not begin with {'],
  ['a header over 100 MB', fileOf('{}', undefined, 100_000_001n), 'claims a header of 100000001 bytes'],
  [
    'a header of 16 exabytes',
    fileOf('{}', undefined, 2n ** 64n - 1n),
    'claims a header of 18446744073709551615 bytes',
  ],
  [
    'a header that is longer than the file',
    fileOf('{}', undefined, 3n),
    'claims a header of 3 bytes, but has 10 in all',
  ],
  ['a header that begins with a space', fileOf(' {}'), 'does not begin with {'],
  ['a header that is a list', fileOf('[]'), 'does not begin with {'],
  [
    'a header with a byte order mark',
    fileOf(Uint8Array.of(0xef, 0xbb, 0xbf, 0x7b, 0x7d)),
    'does not begin with {',
  ],
  ['a header that is no JSON', fileOf('{"a":}'), 'is not JSON'],
  ['a header that is no UTF-8', fileOf(Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x7d)), 'is not text in UTF-8'],
  ['a key twice', fileOf(`{"a":${u8(0, 1)},"a":${u8(0, 1)}}`, bits(1)), 'has the key "a" twice'],
  [
    'a key twice, written differently',
    fileOf(String.raw`{"a":${u8(0, 1)},"\u0061":${u8(0, 1)}}`, bits(1)),
    'has the key "a" twice',
  ],
  [
    'a key of a tensor twice',
    fileOf('{"a":{"dtype":"U8","dtype":"U8","shape":[0],"data_offsets":[0,0]}}'),
    'has the key "dtype" twice',
  ],
  ['metadata that are a text', fileOf('{"__metadata__":"x"}'), 'is no table of texts'],
  ['metadata with a number', fileOf('{"__metadata__":{"x":1}}'), 'is no table of texts'],
  [
    'an unknown type',
    fileOf(of('{"dtype":"F7","shape":[1],"data_offsets":[0,1]}'), bits(1)),
    'of an unknown type, "F7"',
  ],
  [
    'the type of an inherited name',
    fileOf(of('{"dtype":"toString","shape":[1],"data_offsets":[0,1]}'), bits(1)),
    'of an unknown type',
  ],
  ['a tensor that is null', fileOf(of('null')), 'of an unknown type'],
  ['a negative size', fileOf(of('{"dtype":"U8","shape":[-1],"data_offsets":[0,0]}')), 'whose shape is [-1]'],
  ['a broken size', fileOf(of('{"dtype":"U8","shape":[0.5],"data_offsets":[0,0]}')), 'whose shape is [0.5]'],
  [
    'a size as text',
    fileOf(of('{"dtype":"U8","shape":["1"],"data_offsets":[0,1]}'), bits(1)),
    'whose shape is ["1"]',
  ],
  [
    'a shape that overflows',
    fileOf(of('{"dtype":"F64","shape":[4294967296,4294967296],"data_offsets":[0,0]}')),
    'of shape [4294967296, 4294967296]',
  ],
  [
    'a shape that does not fit',
    fileOf(of('{"dtype":"F32","shape":[2],"data_offsets":[0,4]}'), bits(4)),
    'of 4 bytes, but F32 of shape [2] takes 8',
  ],
  [
    'offsets the wrong way round',
    fileOf(of('{"dtype":"U8","shape":[1],"data_offsets":[1,0]}'), bits(1)),
    'of -1 bytes',
  ],
  [
    'a single offset',
    fileOf(of('{"dtype":"U8","shape":[1],"data_offsets":[0]}'), bits(1)),
    'whose place is [0]',
  ],
  ['an offset beyond the end', fileOf(of(u8(0, 9)), bits(8)), 'has 8 bytes of data, but its tensors take 9'],
  ['gigabytes that are not there', fileOf(of(u8(0, 5_000_000_000)), bits(8)), 'its tensors take 5000000000'],
  ['an overlap', fileOf(`{"a":${u8(0, 4)},"b":${u8(2, 6)}}`, bits(6)), 'has an overlap before tensor "b"'],
  [
    'a tensor within another',
    fileOf(`{"a":${u8(0, 4)},"b":${u8(1, 2)}}`, bits(4)),
    'has an overlap before tensor "b"',
  ],
  [
    'two at one place',
    fileOf(`{"a":${u8(0, 4)},"b":${u8(0, 4)}}`, bits(4)),
    'has an overlap before tensor "b"',
  ],
  ['a hole', fileOf(`{"a":${u8(0, 2)},"b":${u8(3, 4)}}`, bits(4)), 'has a hole before tensor "b"'],
  ['a hole at the beginning', fileOf(of(u8(1, 2)), bits(2)), 'has a hole before tensor "a"'],
  [
    'data behind the last tensor',
    fileOf(of(u8(0, 2)), bits(3)),
    'has 3 bytes of data, but its tensors take 2',
  ],
  ['data without a tensor', fileOf('{}', bits(1)), 'has 1 bytes of data, but its tensors take 0'],
])('%s is refused', async (_, bytes, message) => {
  const disk = new MemoryFileSystem()
  await (await disk.open('/a', 'create')).write(bytes, 0)
  let largest = 0
  const files = intercept(disk, (operation, run) => {
    if (operation.name === 'open.read')
      largest = Math.max(largest, (operation.args[0] as Uint8Array).byteLength)
    return run()
  })
  const error: unknown = await readSafetensors('/a', { files }).catch((reason: unknown) => reason)
  expect((error as Error).message).toMatch(/^\[checkpointer\] "\/a" is not a safetensors file: it /)
  expect((error as Error).message).toContain(message)
  // Whatever it claims, it costs no more memory than it has bytes.
  expect(largest).toBeLessThanOrEqual(bytes.length)
})

test.each([
  ['padding at the end of the header', fileOf(`${of(u8(0, 1))}      `, bits(1))],
  ['an empty header', fileOf('{}')],
  ['tensors in another order than their data', fileOf(`{"b":${u8(1, 2)},"a":${u8(0, 1)}}`, bits(2))],
  ['the name __proto__', fileOf(`{"__proto__":${u8(0, 1)}}`, bits(1))],
  ['braces and colons in a name', fileOf(String.raw`{"{\"a\":[,":${u8(0, 1)},"a":${u8(1, 2)}}`, bits(2))],
])('%s is fine', async (_, bytes) => {
  const files = new MemoryFileSystem()
  await (await files.open('/a', 'create')).write(bytes, 0)
  const { tensors } = await readSafetensors('/a', { files })
  for (const [name, { data }] of tensors) expect(data, name).toHaveLength(1)
})
