import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import protobuf from 'protobufjs'

/** The messages of event files with TensorBoard's field numbers, written down apart from those of the writer. */
const schema = {
  nested: {
    Event: {
      oneofs: { what: { oneof: ['fileVersion', 'graphDef', 'summary', 'sessionLog'] } },
      fields: {
        wallTime: { type: 'double', id: 1 },
        step: { type: 'int64', id: 2 },
        fileVersion: { type: 'string', id: 3 },
        graphDef: { type: 'GraphDef', id: 4 },
        summary: { type: 'Summary', id: 5 },
        sessionLog: { type: 'SessionLog', id: 7 },
        sourceMetadata: { type: 'SourceMetadata', id: 10 },
      },
    },
    SourceMetadata: { fields: { writer: { type: 'string', id: 1 } } },
    SessionLog: { fields: { status: { type: 'int32', id: 1 } } },
    Summary: { fields: { value: { rule: 'repeated', type: 'Value', id: 1 } } },
    Value: {
      oneofs: { value: { oneof: ['simpleValue', 'image', 'histo', 'audio', 'tensor'] } },
      fields: {
        tag: { type: 'string', id: 1 },
        simpleValue: { type: 'float', id: 2 },
        image: { type: 'Image', id: 4 },
        histo: { type: 'Histogram', id: 5 },
        audio: { type: 'Audio', id: 6 },
        tensor: { type: 'Tensor', id: 8 },
        metadata: { type: 'Metadata', id: 9 },
      },
    },
    Image: {
      fields: {
        height: { type: 'int32', id: 1 },
        width: { type: 'int32', id: 2 },
        colorspace: { type: 'int32', id: 3 },
        encoded: { type: 'bytes', id: 4 },
      },
    },
    Audio: {
      fields: {
        sampleRate: { type: 'float', id: 1 },
        channels: { type: 'int64', id: 2 },
        frames: { type: 'int64', id: 3 },
        encoded: { type: 'bytes', id: 4 },
        contentType: { type: 'string', id: 5 },
      },
    },
    Histogram: {
      fields: {
        min: { type: 'double', id: 1 },
        max: { type: 'double', id: 2 },
        num: { type: 'double', id: 3 },
        sum: { type: 'double', id: 4 },
        sumSquares: { type: 'double', id: 5 },
        bucketLimit: { rule: 'repeated', type: 'double', id: 6 },
        bucket: { rule: 'repeated', type: 'double', id: 7 },
      },
    },
    Metadata: {
      fields: {
        pluginData: { type: 'PluginData', id: 1 },
        description: { type: 'string', id: 3 },
        dataClass: { type: 'int32', id: 4 },
      },
    },
    PluginData: { fields: { name: { type: 'string', id: 1 }, content: { type: 'bytes', id: 2 } } },
    Tensor: {
      fields: {
        dtype: { type: 'int32', id: 1 },
        shape: { type: 'Shape', id: 2 },
        floats: { rule: 'repeated', type: 'float', id: 5 },
        strings: { rule: 'repeated', type: 'bytes', id: 8 },
      },
    },
    Shape: { fields: { dim: { rule: 'repeated', type: 'Dim', id: 2 } } },
    Dim: { fields: { size: { type: 'int64', id: 1 } } },
    Hparams: {
      fields: {
        version: { type: 'int32', id: 1 },
        sessionStart: { type: 'SessionStart', id: 3 },
        sessionEnd: { type: 'SessionEnd', id: 4 },
      },
    },
    SessionStart: {
      fields: {
        hparams: { keyType: 'string', type: 'AnyValue', id: 1 },
        startTime: { type: 'double', id: 5 },
      },
    },
    SessionEnd: { fields: { status: { type: 'int32', id: 1 }, endTime: { type: 'double', id: 2 } } },
    AnyValue: {
      oneofs: { kind: { oneof: ['number', 'string', 'bool'] } },
      fields: {
        number: { type: 'double', id: 2 },
        string: { type: 'string', id: 3 },
        bool: { type: 'bool', id: 4 },
      },
    },
    Layout: {
      fields: {
        version: { type: 'int32', id: 1 },
        category: { rule: 'repeated', type: 'Category', id: 2 },
      },
    },
    Category: {
      fields: { title: { type: 'string', id: 1 }, chart: { rule: 'repeated', type: 'Chart', id: 2 } },
    },
    Chart: { fields: { title: { type: 'string', id: 1 }, multiline: { type: 'Lines', id: 2 } } },
    Lines: { fields: { tag: { rule: 'repeated', type: 'string', id: 1 } } },
    GraphDef: { fields: { node: { rule: 'repeated', type: 'Node', id: 1 } } },
    Node: {
      fields: {
        name: { type: 'string', id: 1 },
        op: { type: 'string', id: 2 },
        input: { rule: 'repeated', type: 'string', id: 3 },
        attr: { keyType: 'string', type: 'Attribute', id: 5 },
      },
    },
    Attribute: {
      fields: {
        list: { type: 'AttributeList', id: 1 },
        text: { type: 'string', id: 2 },
        int: { type: 'int64', id: 3 },
        float: { type: 'float', id: 4 },
        bool: { type: 'bool', id: 5 },
      },
    },
    AttributeList: { fields: { shape: { rule: 'repeated', type: 'Shape', id: 7 } } },
  },
}

const root = protobuf.Root.fromJSON(schema as protobuf.INamespace)

export interface ReadValue {
  tag: string
  simpleValue?: number
  image?: { height: number; width: number; colorspace: number; encoded: Uint8Array }
  histo?: {
    min: number
    max: number
    num: number
    sum: number
    sumSquares: number
    bucketLimit: number[]
    bucket: number[]
  }
  audio?: { sampleRate: number; channels: number; frames: number; encoded: Uint8Array; contentType: string }
  tensor?: {
    dtype: number
    shape: { dim: { size: number }[] }
    floats: number[]
    strings: Uint8Array[]
  }
  metadata: {
    pluginData: { name: string; content: Uint8Array }
    description: string
    dataClass: number
  } | null
}

export interface ReadEvent {
  wallTime: number
  step: number
  fileVersion?: string
  sourceMetadata?: { writer: string }
  sessionLog?: { status: number }
  graphDef?: { node: { name: string; op: string; input: string[]; attr: Record<string, unknown> }[] }
  summary?: { value: ReadValue[] }
}

/** Decodes a message of one of the types above. What is not there has the default of its type; of a choice, only what was chosen is there. */
export function decode<T>(type: string, bytes: Uint8Array): T {
  const message = root.lookupType(type)
  return message.toObject(message.decode(bytes), { longs: Number, defaults: true }) as T
}

/** CRC-32C bit by bit, as its definition reads. */
function crc32c(bytes: Uint8Array): number {
  let crc = 0xffff_ffff
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 1 ? (crc >>> 1) ^ 0x82f6_3b78 : crc >>> 1
  }
  return (crc ^ 0xffff_ffff) >>> 0
}

function masked(bytes: Uint8Array): number {
  const crc = BigInt(crc32c(bytes))
  const rotated = ((crc >> 15n) | (crc << 17n)) & 0xffff_ffffn
  return Number((rotated + 0xa282_ead8n) & 0xffff_ffffn)
}

/** Reads the whole records of a file, with the length of each. @throws if a checksum is wrong. */
export function readRecords(path: string): { event: ReadEvent; end: number }[] {
  const file = readFileSync(path)
  const found: { event: ReadEvent; end: number }[] = []
  for (let at = 0; at + 12 <= file.length;) {
    const size = Number(file.readBigUInt64LE(at))
    if (masked(file.subarray(at, at + 8)) !== file.readUInt32LE(at + 8))
      throw new Error(`the length at ${at} is damaged`)
    const end = at + 16 + size
    if (end > file.length) break
    const data = file.subarray(at + 12, end - 4)
    if (masked(data) !== file.readUInt32LE(end - 4)) throw new Error(`the data at ${at} is damaged`)
    found.push({ event: decode<ReadEvent>('Event', data), end })
    at = end
  }
  return found
}

export function readEvents(path: string): ReadEvent[] {
  return readRecords(path).map(({ event }) => event)
}

/** The event files below a directory, in the order in which TensorBoard reads them. */
export function eventFiles(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.includes('tfevents'))
    .toSorted()
    .map((name) => join(directory, name))
}

/** All values of a directory's files, with their steps. */
export function readValues(directory: string): (ReadValue & { step: number })[] {
  return eventFiles(directory)
    .flatMap(readEvents)
    .flatMap(({ step, summary }) => (summary?.value ?? []).map((value) => Object.assign(value, { step })))
}

/** The scalars of a directory as rows: tag, step, value. */
export function readRows(directory: string): [tag: string, step: number, value: number][] {
  return readValues(directory)
    .filter(({ simpleValue }) => simpleValue !== undefined)
    .map(({ tag, step, simpleValue }) => [tag, step, simpleValue!])
}
