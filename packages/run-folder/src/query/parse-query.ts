import type { Comparison, Condition, FieldPath, Literal } from './condition.ts'
import { QueryError } from './query-error.ts'
import { type Token, tokens } from './tokens.ts'

const comparisons = new Map<string, Comparison>([
  ['=', '=='],
  ['==', '=='],
  ['!=', '!='],
  ['<>', '!='],
  ['<', '<'],
  ['<=', '<='],
  ['>', '>'],
  ['>=', '>='],
])

const deepest = 200

/**
 * Parses a query: everything that MLXPy accepts, and more.
 *
 * ```text
 * or         = and { ("|" | "||" | "or") and }
 * and        = not { ("&" | "&&" | "and") not }
 * not        = ("~" | "!" | "not") not | "(" or ")" | test
 * test       = "exists" "(" field ")"
 *            | field [ ("==" | "=" | "!=" | "<>" | "<" | "<=" | ">" | ">=") value
 *                    | ("=~" | "!~") text | "contains" value | ["not"] "in" list | "is" ["not"] "null" ]
 * list       = "[" [ value { "," value } ] "]"          or with round brackets
 * value      = number | text | true | false | null | date | duration | list
 * ```
 *
 * @throws a QueryError that knows the place.
 */
export function parseQuery(query: string): Condition {
  return new Parser(query).all()
}

/** Parses the name of a field: `config.optimizer.lr`; parts with other characters stand in backticks or brackets. */
export function parseField(text: string): FieldPath {
  const [first, second] = tokens(text)
  if (first?.kind !== 'field' || second?.kind !== 'end')
    throw new QueryError(
      'expected the name of a field, such as config.lr,',
      text,
      first?.kind === 'field' ? second!.start : 0,
    )
  return first.field!
}

class Parser {
  readonly #query: string
  readonly #tokens: readonly Token[]
  #at = 0
  #depth = 0

  constructor(query: string) {
    this.#query = query
    this.#tokens = tokens(query)
  }

  all(): Condition {
    const condition = this.#or()
    if (this.#next.kind !== 'end') this.#fail('expected "&", "|" or the end')
    return condition
  }

  get #next(): Token {
    return this.#tokens[this.#at]!
  }

  #fail(reason: string, token: Token = this.#next): never {
    throw new QueryError(
      token.kind === 'end' ? reason : `${reason}, found ${token.text},`,
      this.#query,
      token.start,
    )
  }

  /** Takes the next word if it is one of these symbols. */
  #take(...symbols: string[]): Token | undefined {
    const token = this.#next
    if (token.kind !== 'symbol' || !symbols.includes(token.text)) return undefined
    this.#at++
    return token
  }

  #expect(symbol: string): void {
    if (!this.#take(symbol)) this.#fail(`expected "${symbol}"`)
  }

  #or(): Condition {
    let left = this.#and()
    while (this.#take('|', '||', 'or')) left = { kind: 'or', left, right: this.#and() }
    return left
  }

  #and(): Condition {
    let left = this.#not()
    while (this.#take('&', '&&', 'and')) left = { kind: 'and', left, right: this.#not() }
    return left
  }

  #not(): Condition {
    if (++this.#depth > deepest) this.#fail(`a query may be ${deepest} levels deep; expected less`)
    try {
      if (this.#take('~', '!', 'not')) return { kind: 'not', of: this.#not() }
      if (!this.#take('(')) return this.#test()
      const inside = this.#or()
      this.#expect(')')
      return inside
    } finally {
      this.#depth--
    }
  }

  #test(): Condition {
    if (this.#take('exists')) {
      this.#expect('(')
      const about = this.#field()
      this.#expect(')')
      return { kind: 'exists', ...about }
    }
    const about = this.#field()
    const operator = this.#next
    if (operator.kind === 'symbol' && comparisons.has(operator.text)) {
      this.#at++
      return { kind: 'compare', ...about, operator: comparisons.get(operator.text)!, value: this.#value() }
    }
    if (this.#take('=~', '!~'))
      return { kind: 'match', ...about, pattern: this.#pattern(), isNot: operator.text === '!~' }
    if (this.#take('contains')) return { kind: 'contains', ...about, value: this.#value() }
    if (this.#take('in')) return { kind: 'in', ...about, values: this.#list(), isNot: false }
    if (this.#take('not')) {
      this.#expect('in')
      return { kind: 'in', ...about, values: this.#list(), isNot: true }
    }
    if (this.#take('is')) {
      const isNot = this.#take('not') !== undefined
      if (this.#next.value !== null) this.#fail('expected null')
      this.#at++
      const test: Condition = { kind: 'isNull', ...about }
      return isNot ? { kind: 'not', of: test } : test
    }
    return { kind: 'isTrue', ...about }
  }

  #field(): { field: FieldPath; position: number } {
    const { kind, field, start } = this.#next
    if (kind !== 'field') this.#fail('expected a field, such as config.lr or train.loss.min')
    this.#at++
    return { field: field!, position: start }
  }

  #value(): Literal {
    const token = this.#next
    if (token.kind === 'symbol' && (token.text === '[' || token.text === '(')) return this.#list()
    if (token.kind === 'field') this.#fail(`expected a value: a text needs quotes, as in '${token.text}'`)
    if (token.kind !== 'literal') this.#fail('expected a value')
    this.#at++
    return token.value!
  }

  #list(): Literal[] {
    const open = this.#take('[', '(')
    if (!open) this.#fail('expected a list, such as [1, 2]')
    const close = open!.text === '[' ? ']' : ')'
    const values: Literal[] = []
    if (++this.#depth > deepest) this.#fail(`a query may be ${deepest} levels deep; expected less`)
    while (!this.#take(close)) {
      values.push(this.#value())
      if (!this.#take(',') && this.#next.text !== close) this.#fail(`expected "," or "${close}"`)
    }
    this.#depth--
    return values
  }

  #pattern(): RegExp {
    const token = this.#next
    if (typeof token.value !== 'string')
      this.#fail("expected a regular expression in quotes, such as '^adam'")
    this.#at++
    try {
      return new RegExp(token.value as string, 'u')
    } catch (error) {
      return this.#fail(`no regular expression: ${(error as Error).message}`, token)
    }
  }
}
