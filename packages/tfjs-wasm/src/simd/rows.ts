import {
  type Code,
  define,
  f32,
  f64,
  type FunctionDefinition,
  i32,
  ifElse,
  v128,
  whileLoop,
} from './assembler.ts'
import { elementwise } from './elementwise.ts'
import { advance, endOf, fourAtATime, times } from './idioms.ts'

/** Limits values to a range; a NaN stays one. */
export const clamp: FunctionDefinition = elementwise('clamp', {
  arrays: ['to', 'from'],
  numbers: ['min', 'max'],
  body: ({ load, store }, { min, max }) => [store('to', v128.atMost(v128.atLeast(load('from'), min), max))],
})

/** Adds values, times a factor, to others. */
export const accumulate: FunctionDefinition = elementwise('accumulate', {
  arrays: ['to', 'from'],
  numbers: ['factor'],
  body: ({ load, store }, { factor }) => [store('to', v128.add(load('to'), v128.mul(load('from'), factor)))],
})

/** Multiplies values by a number, in place. */
export const multiplyBy: FunctionDefinition = elementwise('multiplyBy', {
  arrays: ['values'],
  numbers: ['factor'],
  body: ({ load, store }, { factor }) => [store('values', v128.mul(load('values'), factor))],
})

/** Divides values by a number, in place. */
export const divideBy: FunctionDefinition = elementwise('divideBy', {
  arrays: ['values'],
  numbers: ['divisor'],
  body: ({ load, store }, { divisor }) => [store('values', v128.div(load('values'), divisor))],
})

/** Computes (x - mean) · factor + offset for rows of channels, each of which has its own mean, factor and offset. */
export const normalize: FunctionDefinition = define(
  'normalize',
  { from: 'i32', to: 'i32', rows: 'i32', channels: 'i32', means: 'i32', factors: 'i32', offsets: 'i32' },
  { end: 'i32', mean: 'i32', factor: 'i32', offset: 'i32' },
  ({ from, to, rows, channels, means, factors, offsets, end, mean, factor, offset }) => {
    const next = (bytes: number): Code =>
      [from, to, mean, factor, offset].flatMap((address) => advance(address, bytes))
    const centred = v128.sub(v128.load(from), v128.load(mean))
    const centredOne = f32.sub(f32.load(from), f32.load(mean))
    return [
      times(
        rows,
        end.set(endOf(from, channels)),
        mean.set(means),
        factor.set(factors),
        offset.set(offsets),
        fourAtATime(
          from,
          end,
          [v128.store(to, v128.add(v128.mul(centred, v128.load(factor)), v128.load(offset))), next(16)],
          [f32.store(to, f32.add(f32.mul(centredOne, f32.load(factor)), f32.load(offset))), next(4)],
        ),
      ),
    ]
  },
)

/** Adds rows of floats to a row of doubles. */
export const sumRows: FunctionDefinition = define(
  'sumRows',
  { sums: 'i32', from: 'i32', rows: 'i32', columns: 'i32' },
  { end: 'i32', to: 'i32', values: 'v128' },
  ({ sums, from, rows, columns, end, to, values }) => [
    times(
      rows,
      end.set(endOf(from, columns)),
      to.set(sums),
      fourAtATime(
        from,
        end,
        [
          values.set(v128.load(from)),
          v128.store(to, v128.addDouble(v128.load(to), v128.promoteLow(values))),
          v128.store(to, v128.addDouble(v128.load(to, 16), v128.promoteLow(v128.high(values))), 16),
          advance(to, 32),
          advance(from, 16),
        ],
        [f64.store(to, f64.add(f64.load(to), f64.promote(f32.load(from)))), advance(to, 8), advance(from, 4)],
      ),
    ),
  ],
)

/** Adds up each of some lines of `length` values in double precision, and multiplies the sums by a factor. */
export const sumLines: FunctionDefinition = define(
  'sumLines',
  { to: 'i32', from: 'i32', lines: 'i32', length: 'i32', factor: 'f64' },
  { end: 'i32', values: 'v128', first: 'v128', last: 'v128', sum: 'f64' },
  ({ to, from, lines, length, factor, end, values, first, last, sum }) => {
    const lanes = v128.addDouble(first, last)
    return [
      times(
        lines,
        end.set(endOf(from, length)),
        first.set(v128.zero()),
        last.set(v128.zero()),
        sum.set(f64.lane(v128.zero(), 0)),
        fourAtATime(
          from,
          end,
          [
            values.set(v128.load(from)),
            first.set(v128.addDouble(first, v128.promoteLow(values))),
            last.set(v128.addDouble(last, v128.promoteLow(v128.high(values)))),
            advance(from, 16),
          ],
          [sum.set(f64.add(sum, f64.promote(f32.load(from)))), advance(from, 4)],
        ),
        sum.set(f64.add(sum, f64.add(f64.lane(lanes, 0), f64.lane(lanes, 1)))),
        f32.store(to, f64.demote(f64.mul(sum, factor))),
        advance(to, 4),
      ),
    ]
  },
)

/** Copies lines of `length` values, which in the source are `step` apart; the lines have steps of their own. */
export const copyLines: FunctionDefinition = define(
  'copyLines',
  { to: 'i32', from: 'i32', lines: 'i32', toStep: 'i32', fromStep: 'i32', length: 'i32', step: 'i32' },
  { target: 'i32', source: 'i32', end: 'i32' },
  ({ to, from, lines, toStep, fromStep, length, step, target, source, end }) => [
    times(
      lines,
      target.set(to),
      source.set(from),
      end.set(endOf(to, length)),
      ifElse(
        i32.equal(step, i32.const(4)),
        [
          fourAtATime(
            target,
            end,
            [v128.store(target, v128.load(source)), advance(target, 16), advance(source, 16)],
            [f32.store(target, f32.load(source)), advance(target, 4), advance(source, 4)],
          ),
        ],
        [
          whileLoop(
            i32.below(i32.const(0), i32.sub(end, target)),
            f32.store(target, f32.load(source)),
            advance(target, 4),
            advance(source, step),
          ),
        ],
      ),
      advance(to, toStep),
      advance(from, fromStep),
    ),
  ],
)

/** Repeats each of `outer` rows of `inner` values `count` times, divided by `divisor`. */
export const spread: FunctionDefinition = define(
  'spread',
  { to: 'i32', from: 'i32', outer: 'i32', count: 'i32', inner: 'i32', divisor: 'f32' },
  { end: 'i32', source: 'i32', first: 'i32', left: 'i32', value: 'v128' },
  ({ to, from, outer, count, inner, divisor, end, source, first, left, value }) => {
    const divided = (values: Code): Code => v128.div(values, v128.splat(divisor))
    const oneValue = [
      value.set(divided(v128.loadSplat(from))),
      advance(from, 4),
      end.set(endOf(to, count)),
      fourAtATime(
        to,
        end,
        [v128.store(to, value), advance(to, 16)],
        [v128.storeFirst(to, value), advance(to, 4)],
      ),
    ]
    const firstRow = [
      first.set(to),
      end.set(endOf(to, inner)),
      fourAtATime(
        to,
        end,
        [v128.store(to, divided(v128.load(from))), advance(to, 16), advance(from, 16)],
        [v128.storeFirst(to, divided(v128.loadSplat(from))), advance(to, 4), advance(from, 4)],
      ),
    ]
    const otherRows = [
      left.set(i32.sub(count, i32.const(1))),
      times(
        left,
        source.set(first),
        end.set(endOf(to, inner)),
        fourAtATime(
          to,
          end,
          [v128.store(to, v128.load(source)), advance(to, 16), advance(source, 16)],
          [f32.store(to, f32.load(source)), advance(to, 4), advance(source, 4)],
        ),
      ),
    ]
    return [times(outer, ifElse(i32.equal(inner, i32.const(1)), oneValue, [...firstRow, ...otherRows]))]
  },
)
