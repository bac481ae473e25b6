import { type Code, define, f32, type FunctionDefinition, i32, ifElse, v128, whileLoop } from './assembler.ts'
import { advance, endOf, fourAtATime, times } from './idioms.ts'

/**
 * Adds to `sums`, a value for each channel, the products of the pixels of a line with those of another one. In the
 * first line pixels are `step` apart, in the second they follow each other.
 */
export const addProducts: FunctionDefinition = define(
  'addProducts',
  { sums: 'i32', first: 'i32', second: 'i32', pixels: 'i32', channels: 'i32', step: 'i32' },
  { end: 'i32', a: 'i32', b: 'i32', left: 'i32', vector: 'v128', sum: 'f32' },
  ({ sums, first, second, pixels, channels, step, end, a, b, left, vector, sum }) => {
    const alongTheLine = (add: Code): Code[] => [
      a.set(first),
      b.set(second),
      left.set(pixels),
      times(left, add, advance(a, step), advance(b, i32.shiftLeft(channels, i32.const(2)))),
    ]
    const next = (bytes: number): Code => [sums, first, second].flatMap((address) => advance(address, bytes))
    return [
      end.set(endOf(sums, channels)),
      fourAtATime(
        sums,
        end,
        [
          vector.set(v128.load(sums)),
          ...alongTheLine(vector.set(v128.add(vector, v128.mul(v128.load(a), v128.load(b))))),
          v128.store(sums, vector),
          next(16),
        ],
        [
          sum.set(f32.load(sums)),
          ...alongTheLine(sum.set(f32.add(sum, f32.mul(f32.load(a), f32.load(b))))),
          f32.store(sums, sum),
          next(4),
        ],
      ),
    ]
  },
)

/**
 * Finds the maximum of a window for each channel. The window has `lines` × `pixels` pixels from `from` on, lines and
 * pixels `lineStep` and `pixelStep` apart. Written to `best` are the maxima, and to `where` their distances from
 * `base` in values. What they hold before are the maxima so far, of other planes. Of equal ones the first is
 * taken, or if `last` is -1 and not 0, the last; a NaN gives way to any number.
 */
export const maximize: FunctionDefinition = define(
  'maximize',
  {
    best: 'i32',
    where: 'i32',
    from: 'i32',
    base: 'i32',
    lines: 'i32',
    pixels: 'i32',
    lineStep: 'i32',
    pixelStep: 'i32',
    channels: 'i32',
    last: 'i32',
  },
  {
    end: 'i32',
    line: 'i32',
    linesLeft: 'i32',
    at: 'i32',
    pixelsLeft: 'i32',
    tops: 'v128',
    places: 'v128',
    values: 'v128',
    better: 'v128',
    top: 'f32',
    value: 'f32',
  },
  (v) => {
    const { best, where, from, last, end, at, tops, places, values, better, top, value } = v
    const index = i32.shiftRight(i32.sub(at, v.base), i32.const(2))
    const eachPixel = (...body: Code[]): Code[] => [
      v.line.set(from),
      v.linesLeft.set(v.lines),
      times(
        v.linesLeft,
        at.set(v.line),
        v.pixelsLeft.set(v.pixels),
        times(v.pixelsLeft, ...body, advance(at, v.pixelStep)),
        advance(v.line, v.lineStep),
      ),
    ]
    const next = (bytes: number): Code => [best, where, from].flatMap((address) => advance(address, bytes))
    const more = v128.or(v128.greaterThan(values, tops), v128.notEqual(tops, tops))
    const moreOne = i32.or(f32.greaterThan(value, top), f32.notEqual(top, top))
    return [
      end.set(endOf(best, v.channels)),
      fourAtATime(
        best,
        end,
        [
          tops.set(v128.load(best)),
          places.set(v128.load(where)),
          ...eachPixel(
            values.set(v128.load(at)),
            better.set(v128.or(more, v128.and(v128.equal(values, tops), v128.splatInt(last)))),
            tops.set(v128.select(values, tops, better)),
            places.set(v128.select(v128.addInt(v128.splatInt(index), v128.ints(0, 1, 2, 3)), places, better)),
          ),
          v128.store(best, tops),
          v128.store(where, places),
          next(16),
        ],
        [
          top.set(f32.load(best)),
          ...eachPixel(
            value.set(f32.load(at)),
            ifElse(i32.or(moreOne, i32.and(f32.equal(value, top), last)), [
              top.set(value),
              i32.store(where, index),
            ]),
          ),
          f32.store(best, top),
          next(4),
        ],
      ),
    ]
  },
)

/** Adds each value to where its index says, counted from `to`; those with an index of -1 are dropped. */
export const scatterAdd: FunctionDefinition = define(
  'scatterAdd',
  { to: 'i32', indices: 'i32', from: 'i32', count: 'i32' },
  { end: 'i32', target: 'i32' },
  ({ to, indices, from, count, end, target }) => [
    end.set(endOf(from, count)),
    whileLoop(
      i32.below(i32.const(0), i32.sub(end, from)),
      ifElse(i32.lessThan(i32.const(-1), i32.load(indices)), [
        target.set(endOf(to, i32.load(indices))),
        f32.store(target, f32.add(f32.load(target), f32.load(from))),
      ]),
      advance(indices, 4),
      advance(from, 4),
    ),
  ],
)
