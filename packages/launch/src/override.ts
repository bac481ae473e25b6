import { CORE_SCHEMA, load } from 'js-yaml'
import type { PlainValue } from '@trainyard/run-folder'
import { fail } from './errors.ts'

/**
 * What an argument asks for: `set` a value that is there (`lr=0.1`), `add` one that is not (`+lr=0.1`), `force` either (`++lr=0.1`), `drop` one
 * (`~lr`).
 */
export interface Override {
  readonly kind: 'set' | 'add' | 'force' | 'drop'
  readonly path: readonly string[]
  /** More than one make a sweep. */
  readonly values: readonly PlainValue[]
  /** As it was given. */
  readonly text: string
}

const kinds = { '': 'set', '+': 'add', '++': 'force', '~': 'drop' } as const

/**
 * Reads an argument of the command line, in the way of Hydra. Values are YAML: numbers, `true`, `null`, `[1, 2]`, `{a: 1}`; what is none of these is
 * a text; a comma makes a sweep, unless it stands in brackets or quotes.
 */
export function parseOverride(text: string): Override {
  const [, sign, key, value] =
    /^(\+\+|\+|~)?([\p{L}_][\p{L}\p{N}_-]*(?:\.[\p{L}\p{N}_-]+)*)(?:=(.*))?$/su.exec(text) ?? []
  const kind = kinds[(sign ?? '') as keyof typeof kinds]
  if (key === undefined || (value === undefined) !== (kind === 'drop'))
    return fail(`"${text}" is no override; write key=value, +new.key=value, ++any.key=value or ~key`)
  const values = value === undefined ? [] : splitSweep(value).map((part) => parseValue(part, text))
  return { kind, path: key.split('.'), values, text }
}

/** Cuts at commas that are in no brackets and no quotes. */
function splitSweep(text: string): string[] {
  const parts: string[] = []
  let depth = 0
  let quote = ''
  let start = 0
  for (let i = 0; i < text.length; i++) {
    const character = text[i]!
    if (quote) {
      if (character === quote) quote = ''
    } else if ('\'"'.includes(character) && /^\s*$|[[{,:]\s*$/.test(text.slice(start, i))) quote = character
    else if ('[{'.includes(character)) depth++
    else if (']}'.includes(character)) depth--
    else if (character === ',' && depth <= 0) {
      parts.push(text.slice(start, i))
      start = i + 1
    }
  }
  return [...parts, text.slice(start)]
}

function parseValue(text: string, override: string): PlainValue {
  const trimmed = text.trim()
  if (trimmed === '') return ''
  const isQuotedOrTree = /^['"[{]/.test(trimmed)
  try {
    const value = load(trimmed, { schema: CORE_SCHEMA, maxAliases: 0 }) as PlainValue
    // Only brackets make a tree: `a: b` is a text.
    return typeof value === 'object' && value !== null && !isQuotedOrTree ? trimmed : value
  } catch (error) {
    if (isQuotedOrTree)
      fail(`"${override}" has a value that is not YAML: ${(error as { reason?: string }).reason}`, {
        cause: error,
      })
    return trimmed
  }
}
