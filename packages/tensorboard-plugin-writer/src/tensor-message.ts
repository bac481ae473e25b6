import { Message } from './message.ts'

/** The types of a `TensorProto` that occur in event files. */
export const dataTypes = { float: 1, double: 2, string: 7 } as const

/** Makes a `TensorProto` of 32-bit floats. */
export function floatTensor(values: ArrayLike<number>, shape: readonly number[]): Message {
  const tensor = new Message().int(1, dataTypes.float).message(2, shapeMessage(shape))
  return values.length > 0 ? tensor.floats(5, values) : tensor
}

/** Makes a `TensorProto` of strings: text, or files. */
export function stringTensor(values: readonly (string | Uint8Array)[], shape: readonly number[]): Message {
  const tensor = new Message().int(1, dataTypes.string).message(2, shapeMessage(shape))
  for (const value of values) tensor.bytesField(8, typeof value === 'string' ? Buffer.from(value) : value)
  return tensor
}

/** Makes a `TensorShapeProto`; an unknown size is -1. */
export function shapeMessage(shape: readonly number[]): Message {
  const message = new Message()
  for (const size of shape) message.message(2, new Message().int(1, size))
  return message
}
