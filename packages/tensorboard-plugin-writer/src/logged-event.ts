import { doubleOf, doublesOf, type Field, fieldsOf, floatOf, floatsOf, textOf } from './message-reader.ts'
import { dataTypes } from './tensor-message.ts'

/** An event as it stands in a file. */
export interface LoggedEvent {
  /** Where its record begins and ends in the file, in bytes. */
  readonly start: number
  readonly end: number
  /** Seconds since 1970. */
  readonly wallTime: number
  readonly step: number
  /** Of the first event of a file. */
  readonly fileVersion?: string
  /** A serialized `GraphDef`. */
  readonly graph?: Uint8Array
  /** A run begins (again) at this step. */
  readonly isSessionStart?: true
  readonly values: readonly LoggedValue[]
}

export interface LoggedValue {
  readonly tag: string
  /** The page of TensorBoard that it is for; often only with the first point of a tag. */
  readonly plugin?: string
  /** What the plugin wants to know besides, serialized. */
  readonly pluginContent?: Uint8Array
  /** Markdown. */
  readonly description?: string
  readonly data: LoggedData
}

export type LoggedData =
  | { readonly kind: 'scalar'; readonly value: number }
  | {
      readonly kind: 'histogram'
      readonly min: number
      readonly max: number
      readonly count: number
      readonly sum: number
      readonly sumOfSquares: number
      /** Upper ends of the buckets. */
      readonly limits: readonly number[]
      readonly counts: readonly number[]
    }
  | {
      readonly kind: 'image'
      readonly width: number
      readonly height: number
      readonly channels: number
      /** PNG, JPEG or GIF. */
      readonly encoded: Uint8Array
    }
  | {
      readonly kind: 'audio'
      readonly sampleRate: number
      readonly channels: number
      readonly frames: number
      readonly contentType: string
      readonly encoded: Uint8Array
    }
  | { readonly kind: 'numbers'; readonly shape: readonly number[]; readonly numbers: readonly number[] }
  | { readonly kind: 'strings'; readonly shape: readonly number[]; readonly strings: readonly Uint8Array[] }
  | { readonly kind: 'none' }

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

/** Decodes an event. Fields that it does not know are left out. @throws if the bytes are no event. */
export function decodeEvent(bytes: Uint8Array, start: number, end: number): LoggedEvent {
  const values: LoggedValue[] = []
  const event: Mutable<LoggedEvent> = { start, end, wallTime: 0, step: 0, values }
  for (const field of fieldsOf(bytes)) {
    if (field.number === 1) event.wallTime = doubleOf(field)
    else if (field.number === 2) event.step = field.int
    else if (field.number === 3) event.fileVersion = textOf(field)
    else if (field.number === 4) event.graph = field.bytes
    else if (field.number === 5)
      for (const value of fieldsOf(field.bytes)) values.push(decodeValue(value.bytes))
    else if (field.number === 7)
      for (const { number, int } of fieldsOf(field.bytes))
        if (number === 1 && int === 1) event.isSessionStart = true
  }
  return event
}

function decodeValue(bytes: Uint8Array): LoggedValue {
  const value: Mutable<LoggedValue> = { tag: '', data: { kind: 'none' } }
  for (const field of fieldsOf(bytes)) {
    if (field.number === 1) value.tag = textOf(field)
    else if (field.number === 9) Object.assign(value, metadataOf(field.bytes))
    else value.data = dataOf(field) ?? value.data
  }
  return value
}

function metadataOf(bytes: Uint8Array): Partial<LoggedValue> {
  const found: Mutable<Partial<LoggedValue>> = {}
  for (const field of fieldsOf(bytes)) {
    if (field.number === 3) found.description = textOf(field)
    if (field.number === 1)
      for (const part of fieldsOf(field.bytes)) {
        if (part.number === 1) found.plugin = textOf(part)
        if (part.number === 2) found.pluginContent = part.bytes
      }
  }
  return found
}

function dataOf(field: Field): LoggedData | undefined {
  if (field.number === 2) return { kind: 'scalar', value: floatOf(field) }
  if (field.number === 8) return tensorOf(field.bytes)
  const fields = new Map<number, Field>()
  if (![4, 5, 6].includes(field.number)) return undefined
  for (const part of fieldsOf(field.bytes)) fields.set(part.number, part)
  const int = (number: number): number => fields.get(number)?.int ?? 0
  const double = (number: number): number => (fields.has(number) ? doubleOf(fields.get(number)!) : 0)
  const doubles = (number: number): number[] => (fields.has(number) ? doublesOf(fields.get(number)!) : [])
  const encoded = fields.get(4)?.bytes ?? new Uint8Array()
  if (field.number === 4) return { kind: 'image', height: int(1), width: int(2), channels: int(3), encoded }
  if (field.number === 6)
    return {
      kind: 'audio',
      sampleRate: fields.has(1) ? floatOf(fields.get(1)!) : 0,
      channels: int(2),
      frames: int(3),
      contentType: fields.has(5) ? textOf(fields.get(5)!) : '',
      encoded,
    }
  return {
    kind: 'histogram',
    min: double(1),
    max: double(2),
    count: double(3),
    sum: double(4),
    sumOfSquares: double(5),
    limits: doubles(6),
    counts: doubles(7),
  }
}

/** Decodes a `TensorProto` of floats, doubles or strings, laid out as values or as one block. */
function tensorOf(bytes: Uint8Array): LoggedData {
  let type = 0
  const shape: number[] = []
  const strings: Uint8Array[] = []
  let numbers: number[] = []
  for (const field of fieldsOf(bytes)) {
    if (field.number === 1) type = field.int
    else if (field.number === 2)
      for (const dimension of fieldsOf(field.bytes))
        shape.push([...fieldsOf(dimension.bytes)].find(({ number }) => number === 1)?.int ?? 0)
    else if (field.number === 4) numbers = type === dataTypes.double ? doublesOf(field) : floatsOf(field)
    else if (field.number === 5) numbers = [...numbers, ...floatsOf(field)]
    else if (field.number === 6) numbers = [...numbers, ...doublesOf(field)]
    else if (field.number === 8) strings.push(field.bytes)
  }
  return type === dataTypes.string ? { kind: 'strings', shape, strings } : { kind: 'numbers', shape, numbers }
}
