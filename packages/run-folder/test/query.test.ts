import { QueryError } from '@trainyard/run-folder'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { holds } from '../src/query/condition.ts'
import { parseQuery } from '../src/query/parse-query.ts'

/** A run in plain values, by the dotted names of its fields. */
const run: Record<string, unknown> = {
  'info.status': 'COMPLETE',
  'info.duration': 720,
  'info.started_at': '2026-11-02T10:00:00.000Z',
  'info.start_date': '02/11/2026',
  'config.optimizer.lr': 0.01,
  'config.optimizer.name': 'adamw',
  'config.model.num_units': 256,
  'config.seed': null,
  'config.use_bias': true,
  'config.layers': [64, 32],
  'config.batch-size': 32,
  'config.a b': 1,
  'config.temperature': -1,
  'config.wide': Infinity,
  'train.loss': 0.5,
  'train.loss.min': 0.25,
  'train.acc': NaN,
  tags: ['best', 'baseline'],
}

function ask(query: string): boolean {
  return holds(parseQuery(query), (field) => run[field.join('.')])
}

describe('queries of MLXPy run unchanged', () => {
  test.each([
    ["info.status == 'COMPLETE' & config.optimizer.lr <= 1.", true],
    ["info.status == 'COMPLETE' & config.optimizer.lr <= .001", false],
    ['config.temperature == -1', true],
    ['config.model.num_units in [128, 256]', true],
    ['config.model.num_units in [128]', false],
    ['config.use_bias == True | config.use_bias == False', true],
    ['~ config.use_bias == True & config.optimizer.lr < 1', false],
    ['~(config.use_bias == False) & (config.optimizer.lr < 1)', true],
    ['config.optimizer.lr > 1 & config.use_bias == True | info.status == "COMPLETE"', true],
    ['config.optimizer.lr > 1 & (config.use_bias == True | info.status == "COMPLETE")', false],
    ['config.missing != 4', false],
    ['~(config.missing == 4)', true],
    ["config.optimizer.name in['adamw']", true],
    ["config.optimizer.lr==+.01&config.optimizer.name=='adamw'", true],
    ['config.model.num_units in[]|config.seed==1', false],
  ])('%s', (query, expected) => expect(ask(query)).toBe(expected))

  test('whatever its grammar makes, with the meaning that it has there', () => {
    fc.assert(
      fc.property(mlxpyQuery, ([query, expected]) => {
        expect([query, ask(query)]).toEqual([query, expected])
      }),
      { numRuns: 2000 },
    )
  })
})

/** A query of MLXPy's grammar, with what it comes to for `run`: low to high, `|`, `&`, `~`, a comparison. */
const mlxpyQuery: fc.Arbitrary<[query: string, result: boolean]> = (() => {
  const gap = fc.constantFrom('', ' ', '\t ')
  const numbers = fc.constantFrom('1', '-1', '+0.01', '.01', '1.', '256', '128.0', '-3.5')
  const fields = fc.constantFrom(
    'config.optimizer.lr',
    'config.model.num_units',
    'config.temperature',
    'config.no',
  )
  const comparison = fc
    .tuple(fields, gap, fc.constantFrom('==', '!=', '<', '<=', '>', '>='), gap, numbers)
    .map(([field, left, operator, right, number]): [string, boolean] => {
      const [a, b] = [run[field] as number | undefined, Number(number)]
      const results = { '==': a === b, '!=': a !== b, '<': a! < b, '<=': a! <= b, '>': a! > b, '>=': a! >= b }
      return [`${field}${left}${operator}${right}${number}`, a !== undefined && results[operator as '==']]
    })
  const quoted = fc.constantFrom("'adamw'", '"adamw"', "'sgd'", '""', "'a & (b | ~c)'", 'True', 'None', '1')
  const inclusion = fc
    .tuple(gap, fc.array(quoted, { maxLength: 3 }))
    .map(([space, list]): [string, boolean] => [
      `config.optimizer.name in${space}[${list.join(`,${space}`)}]`,
      list.some((text) => text.slice(1, -1) === 'adamw'),
    ])
  const flag = fc
    .tuple(fc.constantFrom('True', 'False'), fc.constantFrom('==', '!='))
    .map(([value, operator]): [string, boolean] => [
      `config.use_bias ${operator} ${value}`,
      (value === 'True') === (operator === '=='),
    ])
  type Part = [string, boolean]
  const all = (parts: readonly Part[]): Part => [
    parts.map(([text]) => text).join(' & '),
    parts.every(([, result]) => result),
  ]
  const any = (parts: readonly Part[]): Part => [
    parts.map(([text]) => text).join('|'),
    parts.some(([, result]) => result),
  ]
  return fc.letrec<{ or: Part; and: Part; not: Part; test: Part }>((tie) => ({
    or: fc.array(tie('and'), { minLength: 1, maxLength: 3 }).map(any),
    and: fc.array(tie('not'), { minLength: 1, maxLength: 3 }).map(all),
    not: fc.oneof(
      { maxDepth: 3 },
      tie('test'),
      tie('not').map(([text, result]): Part => [`~${text}`, !result]),
      tie('or').map(([text, result]): Part => [`(${text})`, result]),
    ),
    test: fc.oneof(comparison, inclusion, flag),
  })).or
})()

test('a day is one of this machine, as a text, as MLXPy writes it, and in a query; other texts are no dates', () => {
  const askOf = (value: string, query: string): boolean => holds(parseQuery(query), () => value)
  const zone = process.env['TZ']
  try {
    for (const name of ['UTC', 'America/New_York', 'Asia/Tokyo']) {
      process.env['TZ'] = name
      expect(askOf('2026-11-02', 'config.day == 2026-11-02')).toBe(true)
      expect(askOf('02/11/2026', 'config.day == 2026-11-02')).toBe(true)
      expect(askOf('2026-11-02T12:00:00.000Z', 'config.day == 2026-11-02T12:00Z')).toBe(true)
      expect(askOf('run 5', 'config.day > 1900-01-01')).toBe(false)
      expect(askOf('2', 'config.day > 1900-01-01')).toBe(false)
    }
  } finally {
    if (zone === undefined) delete process.env['TZ']
    else process.env['TZ'] = zone
  }
})

describe('queries know more', () => {
  test.each([
    ['config.optimizer.lr == 1e-2', true],
    ['config.optimizer.lr = 1E-2 and not config.use_bias == false', true],
    ['config.optimizer.lr >= 1 or train.loss.min < 3e-1', true],
    ['config.optimizer.lr >= 1 || config.optimizer.lr <> 1', true],
    ['config.use_bias && !(config.seed is not null)', true],
    ['config.seed == None and config.seed == null and config.seed is null', true],
    ['config.missing is null and not exists(config.missing)', true],
    ['exists(config.seed)', true],
    ["config.optimizer.name =~ '^adam'", true],
    ["config.optimizer.name !~ '^adam'", false],
    ["config.missing !~ 'x'", false],
    ["config.optimizer.name contains 'dam'", true],
    ["tags contains 'best'", true],
    ["tags contains 'worst'", false],
    ['config.layers == [64, 32]', true],
    ['config.layers != [64]', true],
    ['config.layers contains 32', true],
    ['config.model.num_units not in (1, 2)', true],
    ['config.missing not in [1]', false],
    ['info.duration > 10m and info.duration < 1h30m', true],
    ['info.duration < 500ms', false],
    ['info.started_at >= 2026-11-02 and info.started_at < 2026-11-02T11:00Z', true],
    ['info.start_date == 2026-11-02', true],
    ['config.batch-size == 32', true],
    ['config.`a b` == 1', true],
    ['config["a b"] = 1', true],
    ['config.wide == inf and config.temperature > -inf', true],
    ['train.acc == nan', true],
    ['train.acc < 1 or train.acc >= 1', false],
    ["config.optimizer.lr < 'x'", false],
    ["config.optimizer.lr != 'x'", true],
    ["config.optimizer.name == 'it''s'", undefined],
    ["config.optimizer.name != 'it\\'s'", true],
  ])('%s', (query, expected) => {
    if (expected === undefined) expect(() => ask(query)).toThrow(QueryError)
    else expect(ask(query)).toBe(expected)
  })
})

describe('an error says where', () => {
  test.each([
    ['config.lr <= ', 'expected a value at column 14', 13],
    [
      'config.lr <= adam',
      "expected a value: a text needs quotes, as in 'adam', found adam, at column 14",
      13,
    ],
    ['config.lr == 1 config.x', 'expected "&", "|" or the end, found config.x, at column 16', 15],
    ['(config.lr == 1', 'expected ")" at column 16', 15],
    ["config.lr == 'x", 'a text without its closing quote at column 14', 13],
    ['config.lr @ 1', 'an unexpected "@" at column 11', 10],
    ['== 1', 'expected a field, such as config.lr or train.loss.min, found ==, at column 1', 0],
    ["config.name =~ '('", 'no regular expression', 15],
    ['config.x in 3', 'expected a list, such as [1, 2], found 3, at column 13', 12],
    ['config.x in [1 2]', 'expected "," or "]", found 2, at column 16', 15],
    ['info.started_at > 2026-13-45', 'there is no date 2026-13-45 at column 19', 18],
    ['config.x == 1e', 'an unexpected "1" at column 13', 12],
    ['', 'expected a field', 0],
  ])('%s', (query, message, position) => {
    const error = (() => {
      try {
        return parseQuery(query)
      } catch (thrown) {
        return thrown
      }
    })()
    expect(error).toBeInstanceOf(QueryError)
    expect((error as QueryError).message).toContain(message)
    expect((error as QueryError).position).toBe(position)
  })

  test('with a mark under it', () => {
    expect(() => parseQuery('config.lr <= ')).toThrow(
      '[run-folder] expected a value at column 14\n  config.lr <= \n               ^',
    )
  })
})

test('any text is a query or a QueryError, however deep', () => {
  const words = fc.constantFrom(
    '(',
    ')',
    '~',
    '&',
    '|',
    'config.a',
    '1',
    "'x'",
    '==',
    'in',
    '[',
    ']',
    ',',
    'not',
    'exists',
    ' ',
  )
  const query = fc.oneof(
    fc.string(),
    fc.array(words, { maxLength: 30 }).map((list) => list.join(' ')),
  )
  fc.assert(
    fc.property(query, (text) => {
      try {
        holds(parseQuery(text), () => 1)
      } catch (error) {
        expect(error).toBeInstanceOf(QueryError)
      }
    }),
    { numRuns: 2000 },
  )
  expect(() => parseQuery(`${'('.repeat(100_000)}config.a == 1`)).toThrow(QueryError)
  expect(() => parseQuery(`config.a == ${'['.repeat(100_000)}`)).toThrow(QueryError)
})
