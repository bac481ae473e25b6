import { crc32 } from 'node:zlib'

/**
 * What manifests call the checksum: the CRC-32 of zlib and PNG, which finds every error that is shorter than 32 bits. It comes with Node and is twice
 * as fast as writing; it protects against accidents, not against forgery.
 */
export const checksumName = 'crc32'

/** Continues a checksum over more bytes. */
export function addToChecksum(sum: number, data: Uint8Array): number {
  return crc32(data, sum)
}

/** Writes a checksum as eight digits. */
export function checksumText(sum: number): string {
  return sum.toString(16).padStart(8, '0')
}

/** Gives the checksum of a text in UTF-8. */
export function checksumOf(text: string): string {
  return checksumText(crc32(text))
}
