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
import { advance, endOf, fourAtATime, times } from './idioms.ts'

/** Limits values to a range; a NaN stays one. */
export const clamp: FunctionDefinition = define(
  'clamp',
  { from: 'i32', to: 'i32', count: 'i32', min: 'f32', max: 'f32' },
  { end: 'i32' },
  ({ from, to, count, min, max, end }) => [
    end.set(endOf(from, count)),
    fourAtATime(
      from,
      end,
      [
        v128.store(to, v128.min(v128.max(v128.load(from), v128.splat(min)), v128.splat(max))),
        advance(from, 16),
        advance(to, 16),
      ],
      [f32.store(to, f32.min(f32.max(f32.load(from), min), max)), advance(from, 4), advance(to, 4)],
    ),
  ],
)

/** Adds values, times a factor, to others. */
export const accumulate: FunctionDefinition = define(
  'accumulate',
  { to: 'i32', from: 'i32', count: 'i32', factor: 'f32' },
  { end: 'i32' },
  ({ to, from, count, factor, end }) => [
    end.set(endOf(from, count)),
    fourAtATime(
      from,
      end,
      [
        v128.store(to, v128.add(v128.load(to), v128.mul(v128.load(from), v128.splat(factor)))),
        advance(from, 16),
        advance(to, 16),
      ],
      [
        f32.store(to, f32.add(f32.load(to), f32.mul(f32.load(from), factor))),
        advance(from, 4),
        advance(to, 4),
      ],
    ),
  ],
)

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
