import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { crc32c, maskedCrc } from '../src/crc32c.ts'
import { SummaryWriter } from '../src/index.ts'
import { RecordBuffer } from '../src/record-buffer.ts'
import { eventFiles } from './independent-reader.ts'
import { scratch } from './scratch.ts'

const text = (value: string): Uint8Array => Buffer.from(value)

test('checksums are those of the standard', () => {
  // RFC 3720, appendix B.4, and the check value of the CRC catalogue.
  expect(crc32c(text('123456789'))).toBe(0xe306_9283)
  expect(crc32c(new Uint8Array(32))).toBe(0x8a91_36aa)
  expect(crc32c(new Uint8Array(32).fill(255))).toBe(0x62a8_ab43)
  expect(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i))).toBe(0x46dd_794e)
  expect(crc32c(new Uint8Array())).toBe(0)
  expect(maskedCrc(text('123456789'))).toBe(0xc78a_b0e5)
})

test('a checksum of a part is that of its bytes alone', () => {
  const all = Uint8Array.from({ length: 100 }, (_, i) => (i * 37) & 255)
  for (let start = 0; start < 20; start++)
    for (const end of [start, start + 1, start + 7, start + 8, start + 9, 100])
      expect(crc32c(all, start, end)).toBe(crc32c(all.slice(start, end)))
})

test('a record has the bytes that TensorBoard expects', () => {
  const event = Buffer.from('090000803899d6d7411a0d627261696e2e4576656e743a32', 'hex')
  const records = new RecordBuffer(8)
  records.append(event)
  expect(Buffer.from(records.bytes.subarray(0, records.length)).toString('hex')).toBe(
    `1800000000000000a37f4b22${event.toString('hex')}124b36ab`,
  )
})

test('a file has, byte for byte, its version, a session start and a scalar of 54 bytes', () => {
  const logDir = scratch()
  const writer = new SummaryWriter(logDir, { host: { now: () => 1_500_000_000_500 } })
  writer.addScalar('loss', 0.25, 300)
  writer.close()
  const [file] = eventFiles(logDir)
  expect(file).toMatch(join(logDir, 'events.out.tfevents.1500000000.'))
  const bytes = readFileSync(file!)
  const data: Buffer[] = []
  for (let at = 0; at < bytes.length;) {
    const size = Number(bytes.readBigUInt64LE(at))
    data.push(bytes.subarray(at + 12, at + 12 + size))
    at += 16 + size
  }
  const time = '09000020c00b5ad641'
  expect(data.map((part) => part.toString('hex'))).toEqual([
    // file_version: "brain.Event:2", source_metadata: { writer: "trainyard" }
    `${time}1a0d627261696e2e4576656e743a32520b0a09747261696e79617264`,
    `${time}3a020801`,
    // step: 300, summary: { value: { tag: "loss", simple_value: 0.25 } }
    `${time}10ac022a0d0a0b0a046c6f7373150000803e`,
  ])
})
