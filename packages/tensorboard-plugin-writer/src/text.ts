import { fail } from './errors.ts'
import { type ValueContent, tensorContent } from './summary-value.ts'
import { stringTensor } from './tensor-message.ts'

/** Markdown: one text, a list of them, or the rows of a table. */
export type Text = string | readonly string[] | readonly (readonly string[])[]

export function textContent(text: Text): ValueContent {
  if (typeof text === 'string') return tensorContent(stringTensor([text], []))
  const columns = Array.isArray(text[0]) ? text[0].length : undefined
  const isEven = text.every((row) => (Array.isArray(row) ? row.length : undefined) === columns)
  if (!isEven) fail('a table must have the same number of cells in each row')
  const shape = columns === undefined ? [text.length] : [text.length, columns]
  return tensorContent(stringTensor(text.flat(), shape))
}
