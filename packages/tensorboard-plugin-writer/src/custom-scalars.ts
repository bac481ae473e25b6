import { Message } from './message.ts'
import { type ValueContent, tensorContent } from './summary-value.ts'
import { stringTensor } from './tensor-message.ts'

/** Charts with several curves: by category, then by title, the tags that a chart shows. */
export type ScalarsLayout = Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>

export const layoutTag = 'custom_scalars__config__'

export function layoutContent(layout: ScalarsLayout): ValueContent {
  const message = new Message().int(1, 0)
  for (const [title, charts] of Object.entries(layout)) {
    const category = new Message().string(1, title)
    for (const [name, tags] of Object.entries(charts)) {
      const lines = new Message()
      // TensorBoard takes them for regular expressions.
      for (const tag of tags) lines.string(1, `${tag.replaceAll(/[$()*+.?[\\\]^{|}]/g, String.raw`\$&`)}$`)
      category.message(2, new Message().string(1, name).message(2, lines))
    }
    message.message(2, category)
  }
  return tensorContent(stringTensor([message.bytes], []))
}
