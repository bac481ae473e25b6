import { Message } from './message.ts'

/** A page of TensorBoard, as the metadata of its values names it. */
export interface Plugin {
  readonly name: string
  /** How values are laid out: `DataClass` of TensorBoard. Its Rust loader drops what lacks it. */
  readonly dataClass: 1 | 2 | 3
  /** What the page wants to know besides. */
  readonly content?: Message
}

const dataClass = { scalar: 1, tensor: 2, blobs: 3 } as const
/** The encoding that audio's metadata names. */
const wav = 11

export const plugins: Readonly<
  Record<'scalars' | 'histograms' | 'images' | 'audio' | 'text' | 'customScalars', Plugin>
> = {
  scalars: { name: 'scalars', dataClass: dataClass.scalar },
  histograms: { name: 'histograms', dataClass: dataClass.tensor },
  images: { name: 'images', dataClass: dataClass.blobs },
  audio: { name: 'audio', dataClass: dataClass.blobs, content: new Message().int(2, wav) },
  text: { name: 'text', dataClass: dataClass.tensor },
  customScalars: { name: 'custom_scalars', dataClass: dataClass.tensor },
}

export function prCurvesPlugin(thresholds: number): Plugin {
  return { name: 'pr_curves', dataClass: dataClass.tensor, content: new Message().int(2, thresholds) }
}

/** @param content A serialized `HParamsPluginData`: the hyperparameters themselves. */
export function hparamsPlugin(content: Message): Plugin {
  return { name: 'hparams', dataClass: dataClass.tensor, content }
}

/** What a value holds: a field of it, by number, and the field's value. */
export type ValueContent = (value: Message) => Message

/** Makes a `Summary.Value`. @param plugin Left out after a tag's first point. @param description Markdown. */
export function summaryValue(
  tag: string,
  content: ValueContent,
  plugin?: Plugin,
  description?: string,
): Message {
  const value = new Message().string(1, tag)
  if (plugin) value.message(9, metadata(plugin, description))
  return content(value)
}

export function scalarContent(number: number): ValueContent {
  return (value) => value.float(2, number)
}

/** @param tensor A `TensorProto`. */
export function tensorContent(tensor: Message): ValueContent {
  return (value) => value.message(8, tensor)
}

function metadata({ name, dataClass: data, content }: Plugin, description: string | undefined): Message {
  const plugin = new Message().string(1, name)
  if (content) plugin.message(2, content)
  const message = new Message().message(1, plugin)
  if (description) message.string(3, description)
  return message.int(4, data)
}
