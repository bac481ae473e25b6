import { isRecord } from '../plain-tree.ts'

/** Names what is asked for: `['config', 'optimizer', 'lr']`. */
export type FieldPath = readonly string[]

/** What a field is compared with. A date is in milliseconds since 1970; a duration is a number of seconds. */
export type Literal = null | boolean | number | string | { readonly date: number } | readonly Literal[]

export type Comparison = '==' | '!=' | '<' | '<=' | '>' | '>='

/** What a query asks of a run. Strings are parsed to this, and builder calls make it. */
export type Condition =
  | { readonly kind: 'and' | 'or'; readonly left: Condition; readonly right: Condition }
  | { readonly kind: 'not'; readonly of: Condition }
  | FieldCondition

export type FieldCondition = {
  readonly field: FieldPath
  /** Where the field stands in the query. */
  readonly position: number
} & (
  | { readonly kind: 'compare'; readonly operator: Comparison; readonly value: Literal }
  | { readonly kind: 'in'; readonly values: readonly Literal[]; readonly isNot: boolean }
  | { readonly kind: 'match'; readonly pattern: RegExp; readonly isNot: boolean }
  | { readonly kind: 'contains'; readonly value: Literal }
  | { readonly kind: 'exists' | 'isNull' | 'isTrue' }
)

/** Tells whether a condition holds. About a field that is missing, none does but `is null`; nor does one about a value of another type. */
export function holds(condition: Condition, get: (field: FieldPath) => unknown): boolean {
  switch (condition.kind) {
    case 'and':
      return holds(condition.left, get) && holds(condition.right, get)
    case 'or':
      return holds(condition.left, get) || holds(condition.right, get)
    case 'not':
      return !holds(condition.of, get)
  }
  const value = get(condition.field)
  if (condition.kind === 'isNull') return value === undefined || value === null
  if (value === undefined) return false
  switch (condition.kind) {
    case 'compare':
      return compare(value, condition.operator, condition.value)
    case 'in':
      return condition.values.some((one) => isSame(value, one)) !== condition.isNot
    case 'match':
      return typeof value === 'string' && condition.pattern.test(value) !== condition.isNot
    case 'contains':
      return Array.isArray(value)
        ? value.some((item) => isSame(item, condition.value))
        : typeof value === 'string' && typeof condition.value === 'string' && value.includes(condition.value)
    case 'exists':
      return true
    case 'isTrue':
      return value === true
  }
}

/** Gives the conditions about fields in a condition. */
export function fieldConditions(condition: Condition): FieldCondition[] {
  switch (condition.kind) {
    case 'and':
    case 'or':
      return [...fieldConditions(condition.left), ...fieldConditions(condition.right)]
    case 'not':
      return fieldConditions(condition.of)
    default:
      return [condition]
  }
}

function compare(value: unknown, operator: Comparison, literal: Literal): boolean {
  if (isDate(literal)) return isOrdered(timeOf(value), operator, literal.date)
  if (operator === '==') return isSame(value, literal)
  if (operator === '!=') return !isSame(value, literal)
  if (typeof value === 'number' && typeof literal === 'number') return isOrdered(value, operator, literal)
  if (typeof value === 'string' && typeof literal === 'string') return isOrdered(value, operator, literal)
  return false
}

function isOrdered<T extends number | string>(a: T | undefined, operator: Comparison, b: T): boolean {
  if (a === undefined) return false
  switch (operator) {
    case '==':
      return a === b
    case '!=':
      return a !== b
    case '<':
      return a < b
    case '<=':
      return a <= b
    case '>':
      return a > b
    case '>=':
      return a >= b
  }
}

function isSame(value: unknown, literal: Literal): boolean {
  if (isDate(literal)) return timeOf(value) === literal.date
  if (Array.isArray(literal))
    return (
      Array.isArray(value) &&
      value.length === literal.length &&
      literal.every((one, i) => isSame(value[i], one))
    )
  return value === literal || (Number.isNaN(value) && Number.isNaN(literal))
}

function isDate(literal: Literal): literal is { readonly date: number } {
  return isRecord(literal)
}

/**
 * Reads a date: ISO 8601, or `20/04/2023`, which MLXPy writes. A day without a time begins at midnight of this machine. Other texts are none, though
 * `Date.parse` finds one in `run 5`.
 */
export function timeOf(value: unknown): number | undefined {
  if (typeof value !== 'string') return undefined
  const [, day, month, year] = /^(\d{2})\/(\d{2})\/(\d{4})$/.exec(value) ?? []
  const iso = day ? `${year}-${month}-${day}` : value
  if (!/^\d{4}-\d{2}-\d{2}/.test(iso)) return undefined
  const time = Date.parse(iso.length === 10 ? `${iso}T00:00` : iso)
  return Number.isNaN(time) ? undefined : time
}
