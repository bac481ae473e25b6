import type { Comparison, Condition, FieldPath, Literal } from './condition.ts'

/** A value that a field can be compared with. Dates are compared with `info.started_at` and the like. */
export type Operand<T> =
  | (unknown extends T ? Literal : Extract<T, Literal>)
  | (unknown extends T ? Date : never)

/** A field of a run, to be compared: `run.config.optimizer.lr.lte(0.01)`. */
export type Field<T = unknown> = FieldTests<T> &
  (unknown extends T
    ? { readonly [key: string]: Field }
    : T extends readonly unknown[] | string | number | boolean | null
      ? unknown
      : { readonly [K in keyof T]-?: Field<Exclude<T[K], undefined>> })

export interface FieldTests<T> {
  eq(value: Operand<T>): Test
  ne(value: Operand<T>): Test
  lt(value: Operand<T>): Test
  lte(value: Operand<T>): Test
  gt(value: Operand<T>): Test
  gte(value: Operand<T>): Test
  in(values: readonly Operand<T>[]): Test
  notIn(values: readonly Operand<T>[]): Test
  /** Of a text: whether the pattern is found in it. */
  matches(pattern: RegExp | string): Test
  /** Of a list: whether the value is in it; of a text: whether it is a part. */
  contains(value: T extends readonly (infer Item)[] ? Operand<Item> : Literal): Test
  exists(): Test
  /** Whether it is null, or missing. */
  isNull(): Test
}

/** What `where()` gives its function: a run, whose fields are named as in a query. */
export interface RunFields<Config> {
  readonly id: Field<number | string>
  readonly status: Field<string>
  readonly tags: Field<string[]>
  readonly config: Field<Config>
  readonly info: Field
  /** `run.metrics.train.loss.min`. */
  readonly metrics: Field
}

/** A condition that was built. */
export class Test {
  readonly condition: Condition

  constructor(condition: Condition) {
    this.condition = condition
  }

  and(other: Test): Test {
    return new Test({ kind: 'and', left: this.condition, right: other.condition })
  }

  or(other: Test): Test {
    return new Test({ kind: 'or', left: this.condition, right: other.condition })
  }

  not(): Test {
    return new Test({ kind: 'not', of: this.condition })
  }
}

const comparisons: Readonly<Record<string, Comparison>> = {
  eq: '==',
  ne: '!=',
  lt: '<',
  lte: '<=',
  gt: '>',
  gte: '>=',
}

/** Makes a condition of what a function asks of a run: the same as a query in words. */
export function buildCondition<Config>(build: (run: RunFields<Config>) => Test): Condition {
  return build(fieldAt([]) as unknown as RunFields<Config>).condition
}

/** A field that is named by the properties that are read from it. */
function fieldAt(field: FieldPath): object {
  return new Proxy(
    {},
    {
      get(_, key) {
        if (typeof key !== 'string') return undefined
        return field.length > 0 ? (testsOf(field)[key] ?? fieldAt([...field, key])) : fieldAt([key])
      },
    },
  )
}

type AnyTest = (operand: never) => Test

function testsOf(field: FieldPath): Readonly<Record<string, AnyTest>> {
  const about = { field, position: 0 }
  const compare =
    (operator: Comparison): AnyTest =>
    (value: Literal | Date) =>
      new Test({ kind: 'compare', ...about, operator, value: literal(value) })
  const isIn =
    (isNot: boolean): AnyTest =>
    (values: readonly (Literal | Date)[]) =>
      new Test({ kind: 'in', ...about, values: values.map(literal), isNot })
  const tests: Record<string, AnyTest> = {
    in: isIn(false),
    notIn: isIn(true),
    matches: (pattern: RegExp | string) =>
      new Test({ kind: 'match', ...about, pattern: withoutPosition(pattern), isNot: false }),
    contains: (value: Literal) => new Test({ kind: 'contains', ...about, value: literal(value) }),
    exists: () => new Test({ kind: 'exists', ...about }),
    isNull: () => new Test({ kind: 'isNull', ...about }),
  }
  for (const [name, operator] of Object.entries(comparisons)) tests[name] = compare(operator)
  return Object.assign(Object.create(null) as object, tests)
}

/** A pattern with the flag `g` or `y` would begin in each run where it ended in the one before. */
function withoutPosition(pattern: RegExp | string): RegExp {
  const { source, flags } = new RegExp(pattern)
  return new RegExp(source, flags.replaceAll(/[gy]/g, ''))
}

function literal(value: Literal | Date): Literal {
  return value instanceof Date ? { date: value.getTime() } : value
}
