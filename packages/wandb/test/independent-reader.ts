import { crc32 } from 'node:zlib'
import protobuf from 'protobufjs'

// Written from the descriptions of LevelDB's log format and of W&B's messages, without a line of ours.
const { root } = protobuf.parse(`
  syntax = "proto3";
  message Record {
    int64 num = 1;
    oneof record_type {
      History history = 2; Summary summary = 3; Config config = 5; Files files = 6; Stats stats = 7;
      OutputRaw output_raw = 13; Run run = 17; Exit exit = 18; Empty final = 20; Header header = 21;
    }
  }
  message Item { string key = 1; repeated string nested_key = 2; string value_json = 16; }
  message Step { int64 num = 1; }
  message Timestamp { int64 seconds = 1; int32 nanos = 2; }
  message History { repeated Item item = 1; Step step = 2; }
  message Summary { repeated Item update = 1; }
  message Config { repeated Item update = 1; }
  message File { string path = 1; int32 policy = 2; }
  message Files { repeated File files = 1; }
  message Stats { int32 stats_type = 1; Timestamp timestamp = 2; repeated Item item = 3; }
  message OutputRaw { int32 output_type = 1; Timestamp timestamp = 2; string line = 3; }
  message Run {
    string run_id = 1; string entity = 2; string project = 3; Config config = 4; string run_group = 6; string job_type = 7;
    string display_name = 8; string notes = 9; repeated string tags = 10; string host = 13; Timestamp start_time = 17;
  }
  message Exit { int32 exit_code = 1; int32 runtime = 2; }
  message Empty {}
  message Version { string producer = 1; string min_consumer = 2; }
  message Header { Version version_info = 1; }
`)
const type = root.lookupType('Record')

export interface ReadItem {
  key: string
  valueJson: string
}

export interface ReadRecord {
  num: number
  recordType: string
  history?: { item: ReadItem[]; step: { num: number } }
  summary?: { update: ReadItem[] }
  run?: {
    runId: string
    project: string
    displayName: string
    config: { update: ReadItem[] }
    tags: string[]
  }
  exit?: { exitCode: number }
  outputRaw?: { outputType: number; line: string }
}

/** Reads a `.wandb` file. @throws at the first byte that is not as it has to be. */
export function readWandbFile(bytes: Buffer): ReadRecord[] {
  if (bytes.toString('latin1', 0, 7) !== ':W&B\u00E1\u00BE\0') throw new Error('no header')
  const records: ReadRecord[] = []
  let parts: Buffer[] = []
  let at = 7
  while (at < bytes.length) {
    const left = 32_768 - (at % 32_768)
    if (left < 7) {
      if (bytes.subarray(at, at + left).some(Boolean)) throw new Error(`padding at ${at} is not zero`)
      at += left
      continue
    }
    const length = bytes.readUInt16LE(at + 4)
    const kind = bytes[at + 6]!
    if (length > left - 7) throw new Error(`the chunk at ${at} crosses a border`)
    if (crc32(bytes.subarray(at + 6, at + 7 + length)) !== bytes.readUInt32LE(at))
      throw new Error(`wrong CRC at ${at}`)
    if ((kind === 1 || kind === 2) !== (parts.length === 0)) throw new Error(`wrong kind ${kind} at ${at}`)
    parts.push(bytes.subarray(at + 7, at + 7 + length))
    at += 7 + length
    if (kind === 2 || kind === 3) continue
    const message = type.decode(Buffer.concat(parts))
    const record = type.toObject(message, { longs: Number, oneofs: true, defaults: true }) as ReadRecord
    records.push(record)
    parts = []
  }
  if (parts.length > 0) throw new Error('the last record has no end')
  return records
}

/** Gives items as an object. */
export function valuesOf(items: readonly ReadItem[]): Record<string, unknown> {
  return Object.fromEntries(items.map(({ key, valueJson }) => [key, JSON.parse(valueJson) as unknown]))
}
