import type { Table } from '@trainyard/run-folder'
import { type Paint, statusColour } from './paint.ts'
import { plainText, shorten, shortenLeft, textWidth, widest } from './text-width.ts'
import { durationText, shortValue, sizeText } from './value-text.ts'

/** How values of a column are shown, where the column's name tells what they are. */
const shown: Readonly<Record<string, (value: number) => string>> = {
  'info.age': durationText,
  'info.duration': durationText,
  size: sizeText,
}

interface Cell {
  readonly text: string
  readonly value: unknown
}

interface Column {
  readonly name: string
  /** The name as it is shown. */
  readonly title: string
  readonly cells: readonly Cell[]
  readonly isRight: boolean
  /** To this it may be shortened. */
  readonly least: number
  width: number
}

/** A table for a terminal, and the columns that did not fit. */
export interface PrintedTable {
  readonly text: string
  readonly leftOut: readonly string[]
}

/** Texts and names of columns may be shortened to this; numbers never are. */
const shortest = 14
const gap = 2

/** Prints a table in as many columns of text as there are: long texts are shortened, then columns on the right left out. */
export function printTable({ columns: names, rows }: Table, width: number, paint: Paint): PrintedTable {
  const columns = names.map((name, i): Column => {
    const cells = rows.map((row) => ({ text: textOf(name, row[i]), value: row[i] }))
    const isRight =
      rows.length > 0 && cells.every(({ value, text }) => typeof value === 'number' || text === '')
    const content = widest(cells.map(({ text }) => text))
    const title = plainText(name)
    const natural = Math.max(textWidth(title), content)
    const least = Math.max(isRight ? content : 0, Math.min(natural, shortest))
    return { name, title, cells, isRight, least, width: natural }
  })
  shrink(columns, width)
  const kept = fitting(columns, width)
  const line = (
    cells: readonly string[],
    cut: typeof shorten,
    colour: (text: string, i: number) => string,
  ): string =>
    cells
      .map((text, i) => {
        const { width: room, isRight } = kept[i]!
        const short = cut(text, room)
        const space = ' '.repeat(room - textWidth(short))
        const isLast = i === kept.length - 1
        return isRight ? space + colour(short, i) : colour(short, i) + (isLast ? '' : space)
      })
      .join(' '.repeat(gap))
      .trimEnd()
  const text = [
    line(
      kept.map(({ title }) => title),
      shortenLeft,
      (title) => paint.bold(title),
    ),
    ...rows.map((_, row) =>
      line(
        kept.map(({ cells }) => cells[row]!.text),
        shorten,
        (cell, i) => {
          const { name, cells } = kept[i]!
          const colour = name === 'status' ? statusColour(cells[row]!.value) : undefined
          return colour ? paint[colour](cell) : cell
        },
      ),
    ),
  ].join('\n')
  return { text, leftOut: names.slice(kept.length) }
}

function textOf(name: string, value: unknown): string {
  const show = shown[name]
  return show && typeof value === 'number' ? show(value) : shortValue(value)
}

function total(columns: readonly Column[]): number {
  return columns.reduce((sum, column) => sum + column.width + gap, -gap)
}

/** Takes width from the widest columns, as long as there is too much. */
function shrink(columns: readonly Column[], width: number): void {
  for (let over = total(columns) - width; over > 0; over--) {
    const candidate = columns
      .filter((column) => column.width > column.least)
      .reduce<Column | undefined>((a, b) => (a && a.width >= b.width ? a : b), undefined)
    if (!candidate) return
    candidate.width--
  }
}

/** Gives the columns that fit, the first one in any case. */
function fitting(columns: readonly Column[], width: number): Column[] {
  let kept = columns.length
  while (kept > 1 && total(columns.slice(0, kept)) > width) kept--
  return columns.slice(0, kept)
}
