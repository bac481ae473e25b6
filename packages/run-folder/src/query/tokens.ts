import type { Literal } from './condition.ts'
import { QueryError } from './query-error.ts'

/** A word of a query. */
export interface Token {
  readonly kind: 'field' | 'literal' | 'symbol' | 'end'
  /** A symbol, or a keyword in lower case. */
  readonly text: string
  readonly start: number
  readonly field?: readonly string[]
  readonly value?: Literal
}

const space = /\s+/y
const date = /\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:\d{2})?)?(?![\w.])/y
const duration = /(?:(?:\d+(?:\.\d+)?)(?:ms|[smhdw]))+(?!\w)/y
const number = /[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|inf(?:inity)?|nan)(?![\w.])/iy
const quoted = /'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"/sy
const symbol = /==|!=|<>|<=|>=|=~|!~|&&|\|\||[=<>&|~!()[\],]/y
// A hyphen is no minus sign here, for there is no arithmetic.
const firstPart = /[\p{L}_][\p{L}\p{N}_-]*|`([^`]+)`/uy
const nextPart = /\.(?:([\p{L}\p{N}_-]+)|`([^`]+)`)|\[(?:'([^'\]]+)'|"([^"\]]+)")\]/uy

const constants = new Map<string, Literal>([
  ['true', true],
  ['false', false],
  ['null', null],
  ['none', null],
])

const keywords: ReadonlySet<string> = new Set(['and', 'or', 'not', 'in', 'is', 'contains', 'exists'])

const secondsIn: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 }

/** Takes a query apart. */
export function tokens(query: string): Token[] {
  const found: Token[] = []
  let at = 0
  const take = (pattern: RegExp): RegExpExecArray | undefined => {
    pattern.lastIndex = at
    const match = pattern.exec(query) ?? undefined
    if (match) at = pattern.lastIndex
    return match
  }
  const literal = (start: number, value: Literal): Token => ({
    kind: 'literal',
    text: query.slice(start, at),
    start,
    value,
  })
  const next = (start: number): Token => {
    let match: RegExpExecArray | undefined
    if ((match = take(date))) {
      const time = Date.parse(match[0].includes('T') ? match[0] : `${match[0]}T00:00`)
      if (Number.isNaN(time)) throw new QueryError(`there is no date ${match[0]}`, query, start)
      return literal(start, { date: time })
    }
    if ((match = take(duration))) return literal(start, durationSeconds(match[0]))
    if ((match = take(number))) return literal(start, numberOf(match[0]))
    if ((match = take(quoted))) return literal(start, unescape(match[1] ?? match[2]!))
    if ((match = take(symbol))) return { kind: 'symbol', text: match[0], start }
    if ((match = take(firstPart))) {
      const field = [match[1] ?? match[0]]
      const isPlain = match[1] === undefined
      const word = field[0]!.toLowerCase()
      // In `in['a']` the bracket opens a list.
      const isKeyword = isPlain && keywords.has(word) && query[at] !== '.'
      if (!isKeyword)
        while ((match = take(nextPart))) field.push(match.slice(1).find((part) => part !== undefined)!)
      if (isPlain && field.length === 1) {
        if (constants.has(word)) return literal(start, constants.get(word)!)
        if (keywords.has(word)) return { kind: 'symbol', text: word, start }
      }
      return { kind: 'field', text: query.slice(start, at), start, field }
    }
    const character = String.fromCodePoint(query.codePointAt(start)!)
    const isQuote = character === "'" || character === '"'
    throw new QueryError(
      isQuote ? 'a text without its closing quote' : `an unexpected "${character}"`,
      query,
      start,
    )
  }
  for (;;) {
    take(space)
    if (at >= query.length) break
    found.push(next(at))
  }
  return [...found, { kind: 'end', text: '', start: query.length }]
}

function durationSeconds(text: string): number {
  let seconds = 0
  for (const [, count, unit] of text.matchAll(/([\d.]+)(ms|[smhdw])/g))
    seconds += Number(count) * secondsIn[unit!]!
  return seconds
}

function numberOf(text: string): number {
  const word = text.replace(/^[+-]/, '').toLowerCase()
  if (!word.startsWith('inf')) return Number(word === 'nan' ? NaN : text)
  return text.startsWith('-') ? -Infinity : Infinity
}

function unescape(text: string): string {
  return text.replaceAll(/\\(.)/gs, (_, character: string) =>
    character === 'n'
      ? '\n'
      : character === 't'
        ? '\t'
        : /['"\\]/.test(character)
          ? character
          : `\\${character}`,
  )
}
