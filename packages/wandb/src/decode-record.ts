import { MessageReader, readFields } from './message-reader.ts'
import { type ArtifactInfo, recordFields, type RunInfo, type WandbRecord } from './record.ts'

type Kind = Exclude<keyof typeof recordFields, 'number'>

const kinds = new Map(
  Object.entries(recordFields).map(([kind, field]) => [field as number, kind as Kind | 'number']),
)

/** Reads a record, also one that the official client wrote. @throws RangeError if it is none. */
export function decodeRecord(bytes: Buffer): WandbRecord {
  let record: WandbRecord = { kind: 'other' }
  readFields(bytes, 0, bytes.length, (field, _, from, to) => {
    const kind = kinds.get(field)
    if (kind && kind !== 'number') record = decoders[kind](new MessageReader(bytes, from, to))
  })
  return record
}

const decoders: Record<Kind, (message: MessageReader) => WandbRecord> = {
  history(message) {
    const fields = message.fields(1)
    return { kind: 'history', fields, step: Number(fields.get('_step') ?? NaN) }
  },
  summary: (message) => ({ kind: 'summary', fields: message.fields(1) }),
  config: (message) => ({ kind: 'config', fields: message.fields(1) }),
  stats: (message) => ({ kind: 'stats', fields: message.fields(3), time: message.time(2) }),
  output: (message) => ({
    kind: 'output',
    text: message.text(3) ?? '',
    isError: message.number(1) === 0,
    time: message.time(2),
  }),
  files: (message) => ({ kind: 'files', paths: message.messages(1).map((file) => file.text(1) ?? '') }),
  artifact: (message) => ({
    kind: 'artifact',
    run: { id: message.text(1) ?? '', project: message.text(2) ?? '', entity: message.text(3) },
    artifact: artifact(message),
  }),
  run: (message) => ({ kind: 'run', run: run(message) }),
  exit: (message) => ({ kind: 'exit', exitCode: message.number(1), runtime: message.number(2) }),
  header: () => ({ kind: 'header' }),
  final: () => ({ kind: 'final' }),
}

function run(message: MessageReader): RunInfo {
  return {
    id: message.text(1) ?? '',
    entity: message.text(2),
    project: message.text(3) ?? '',
    config: message.message(4).fields(1),
    group: message.text(6),
    jobType: message.text(7),
    name: message.text(8),
    notes: message.text(9),
    tags: message.texts(10),
    host: message.text(13) ?? '',
    startTime: message.time(17),
    outputLines: message.number(1000),
    eventLines: message.number(1001),
  }
}

function artifact(message: MessageReader): ArtifactInfo {
  return {
    type: message.text(4) ?? '',
    name: message.text(5) ?? '',
    digest: message.text(6) ?? '',
    metadata: message.text(8) ?? '{}',
    aliases: message.texts(11),
    files: message
      .message(12)
      .messages(4)
      .map((entry) => ({
        path: entry.text(1) ?? '',
        digest: entry.text(2) ?? '',
        size: entry.number(4),
        localPath: entry.text(6) ?? '',
      })),
  }
}
