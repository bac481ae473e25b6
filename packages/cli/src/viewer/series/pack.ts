/**
 * Packs a record and arrays of numbers in bytes: the length of the JSON, the JSON, filled up to a multiple of eight bytes, the arrays. As little-endian
 * as every machine that runs this.
 */
export function pack(header: unknown, arrays: readonly Float64Array[]): Uint8Array<ArrayBuffer> {
  const json = new TextEncoder().encode(
    JSON.stringify({ header, lengths: arrays.map(({ length }) => length) }),
  )
  const start = Math.ceil((4 + json.length) / 8) * 8
  const size = arrays.reduce((sum, { byteLength }) => sum + byteLength, start)
  const bytes = new Uint8Array(size)
  new DataView(bytes.buffer).setUint32(0, json.length, true)
  bytes.set(json, 4)
  let at = start
  for (const array of arrays) {
    bytes.set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength), at)
    at += array.byteLength
  }
  return bytes
}

/** Unpacks what `pack` has packed. The arrays are views on the bytes. */
export function unpack(buffer: ArrayBuffer): { header: unknown; arrays: Float64Array[] } {
  const length = new DataView(buffer).getUint32(0, true)
  const json = new TextDecoder().decode(new Uint8Array(buffer, 4, length))
  const { header, lengths } = JSON.parse(json) as { header: unknown; lengths: number[] }
  let at = Math.ceil((4 + length) / 8) * 8
  const arrays = lengths.map((count) => {
    const array = new Float64Array(buffer, at, count)
    at += 8 * count
    return array
  })
  return { header, arrays }
}
