import { Message } from './message.ts'
import { type ArtifactInfo, type JsonFields, recordFields, type RunInfo, type WandbRecord } from './record.ts'

/** The version of the official client whose files these are like, and the oldest that can read them. */
const producer = '0.30.0'
const minConsumer = '0.0.1'

// Rows come often: these are kept.
const record = new Message()
const body = new Message()
const item = new Message()

/**
 * Gives the bytes of a record, valid until the next call.
 * @param number Its place in the file.
 */
export function encodeRecord(number: number, content: WandbRecord): Uint8Array {
  record.clear().int(recordFields.number, number)
  body.clear()
  switch (content.kind) {
    case 'history':
      putItems(1, content.fields)
      return put('history', body.message(2, item.clear().int(1, content.step)))
    case 'summary':
      return put('summary', putItems(1, content.fields))
    case 'config':
      return put('config', putItems(1, content.fields))
    case 'stats':
      body.int(1, 0).message(2, timestamp(content.time))
      return put('stats', putItems(3, content.fields))
    case 'output':
      body.int(1, !content.isError).message(2, timestamp(content.time))
      return put('output', body.string(3, content.text))
    case 'files':
      for (const path of content.paths) body.message(1, item.clear().string(1, path).int(2, 0))
      return put('files', body)
    case 'artifact':
      body.string(1, content.run.id).string(2, content.run.project).string(3, content.run.entity)
      return put('artifact', putArtifact(content.artifact))
    case 'run':
      return put('run', putRun(content.run))
    case 'exit':
      return put('exit', body.int(1, content.exitCode).int(2, Math.round(content.runtime)))
    case 'header':
      return put('header', body.message(1, item.clear().string(1, producer).string(2, minConsumer)))
    case 'final':
      return put('final', body)
    default:
      throw new TypeError(`no record of kind ${content.kind} is written`)
  }
}

function put(kind: keyof typeof recordFields, message: Message): Uint8Array {
  return record.message(recordFields[kind], message).bytes
}

function putItems(field: number, fields: JsonFields, into: Message = body): Message {
  for (const [key, json] of fields) into.jsonItem(field, key, json)
  return into
}

function timestamp(seconds: number): Message {
  const whole = Math.floor(seconds)
  return item
    .clear()
    .int(1, whole)
    .int(2, Math.floor((seconds - whole) * 1e9))
}

function putRun(run: RunInfo): Message {
  body.string(1, run.id).string(2, run.entity).string(3, run.project)
  body.message(4, putItems(1, run.config, new Message()))
  body.string(6, run.group).string(7, run.jobType).string(8, run.name).string(9, run.notes)
  for (const tag of run.tags) body.string(10, tag)
  body.string(13, run.host).message(17, timestamp(run.startTime))
  return body.int(1000, run.outputLines).int(1001, run.eventLines)
}

function putArtifact(artifact: ArtifactInfo): Message {
  const manifest = new Message()
    .int(1, 1)
    .string(2, 'wandb-storage-policy-v1')
    .message(3, new Message().string(1, 'storageLayout').string(2, '"V2"'))
  for (const { path, digest, size, localPath } of artifact.files)
    manifest.message(4, item.clear().string(1, path).string(2, digest).int(4, size).string(6, localPath))
  body.string(4, artifact.type).string(5, artifact.name).string(6, artifact.digest)
  body.string(8, artifact.metadata).int(9, true)
  for (const alias of artifact.aliases) body.string(11, alias)
  const client = artifact.digest.padEnd(32, '0')
  return body.message(12, manifest).int(14, true).string(15, client).string(16, client)
}
