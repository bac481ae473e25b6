import { stripVTControlCharacters } from 'node:util'

const wide =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}|[\u{20000}-\u{3fffd}]/u

const segmenter = new Intl.Segmenter()

/** Tells how many columns of a terminal a text takes. */
export function textWidth(text: string): number {
  // Most text is plain.
  if (/^[ -~]*$/.test(text)) return text.length
  let width = 0
  for (const { segment } of segmenter.segment(stripVTControlCharacters(text)))
    width += wide.test(segment) ? 2 : 1
  return width
}

/** Tells how many columns the widest of these texts takes. */
export function widest(texts: readonly string[]): number {
  return texts.reduce((width, text) => Math.max(width, textWidth(text)), 0)
}

/** Shortens a text to so many columns, with an ellipsis at its end. */
export function shorten(text: string, columns: number): string {
  if (textWidth(text) <= columns) return text
  let short = ''
  let width = 0
  for (const { segment } of segmenter.segment(text)) {
    width += textWidth(segment)
    if (width > columns - 1) break
    short += segment
  }
  return `${short}…`
}

/** Shortens a text to so many columns, with an ellipsis at its beginning: of `config.optimizer.lr` the end tells most. */
export function shortenLeft(text: string, columns: number): string {
  const backwards = (one: string): string =>
    Array.from(segmenter.segment(one), ({ segment }) => segment)
      .toReversed()
      .join('')
  return textWidth(text) <= columns ? text : backwards(shorten(backwards(text), columns))
}

/** Takes out what could command a terminal; lines become one. */
export function plainText(text: string): string {
  return plainLines(text).replaceAll('\n', ' ')
}

/** Takes out what could command a terminal, and leaves the lines. */
export function plainLines(text: string): string {
  // oxlint-disable-next-line no-control-regex
  return stripVTControlCharacters(text).replaceAll(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]+/g, ' ')
}
