// `write <folder>`: writes a file with a tensor of every type that NumPy has, and a checkpoint. `compare <file>…`: compares each with what Python made of it.
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { readSafetensors, writeCheckpoint, writeSafetensors } from '@trainyard/checkpointer'

const [mode, ...args] = process.argv.slice(2)
if (mode === 'write') await write(args[0])
else {
  const results = await Promise.all(args.map(compare))
  const tensors = results.reduce((sum, { count }) => sum + count, 0)
  console.log(JSON.stringify({ equal: results.every(({ equal }) => equal), tensors }))
}

async function write(folder) {
  await writeSafetensors(
    join(folder, 'types.safetensors'),
    {
      F64: { dtype: 'F64', shape: [2, 2], data: Float64Array.of(Math.PI, -0, Infinity, 5e-324) },
      F32: { dtype: 'F32', shape: [3], data: Float32Array.of(1.5, -Infinity, 1e-45) },
      F16: { dtype: 'F16', shape: [2], data: Uint16Array.of(0x3c00, 0xfbff) },
      I64: { dtype: 'I64', shape: [1], data: BigInt64Array.of(-(2n ** 63n)) },
      U64: { dtype: 'U64', shape: [1], data: BigUint64Array.of(2n ** 64n - 1n) },
      I32: { dtype: 'I32', shape: [2, 1], data: Int32Array.of(-(2 ** 31), 7) },
      U32: { dtype: 'U32', shape: [1], data: Uint32Array.of(2 ** 32 - 1) },
      I16: { dtype: 'I16', shape: [1], data: Int16Array.of(-32_768) },
      U16: { dtype: 'U16', shape: [1], data: Uint16Array.of(65_535) },
      I8: { dtype: 'I8', shape: [3], data: Int8Array.of(-128, 0, 127) },
      U8: { dtype: 'U8', shape: [2], data: Uint8Array.of(0, 255) },
      BOOL: { dtype: 'BOOL', shape: [2], data: Uint8Array.of(0, 1) },
      empty: { dtype: 'F32', shape: [0, 4], data: new Float32Array(0) },
      scalar: { dtype: 'F32', shape: [], data: Float32Array.of(42) },
    },
    { metadata: { made: 'by Trainyard' } },
  )
  const data = Float32Array.from({ length: 1000 }, (_, i) => Math.sin(i))
  const weights = {
    'dense/kernel': { shape: [10, 100], data },
    'dense/bias': { shape: [10], data: data.slice(0, 10) },
  }
  await writeCheckpoint(join(folder, 'checkpoint'), { module: { weights } })
}

async function compare(file) {
  const [ours, theirs] = await Promise.all(
    [file, `${file}.back.safetensors`].map((path) => readSafetensors(path)),
  )
  const sorted = ({ tensors }) => [...tensors].toSorted(([a], [b]) => (a < b ? -1 : 1))
  return { equal: isDeepStrictEqual(sorted(ours), sorted(theirs)), count: ours.tensors.size }
}
