import { type Code, type FunctionDefinition, type Operand, v128, type Variable } from './assembler.ts'
import { elementwise } from './elementwise.ts'

/** The coefficients of Taylor's series of eʳ from r² on, from the last to the first. */
const coefficients = ['c7', 'c6', 'c5', 'c4', 'c3', 'c2'] as const

const exponentConstants = {
  c7: 1 / 5040,
  c6: 1 / 720,
  c5: 1 / 120,
  c4: 1 / 24,
  c3: 1 / 6,
  c2: 1 / 2,
  perLn2: 1 / Math.LN2,
  // ln 2 in two parts; the first has so few bits that its product with k is exact.
  ln2: 0.693359375,
  ln2Rest: Math.LN2 - 0.693359375,
  // Floats of this size are whole numbers: adding it rounds to the nearest one, which then is in the last bits.
  rounding: 1.5 * 2 ** 23,
  one: 1,
}

const exponentTemporaries = ['k', 'r', 'p'] as const

type ExponentVariables = Record<
  keyof typeof exponentConstants | (typeof exponentTemporaries)[number],
  Variable
>

/**
 * Prepares eˣ = 2ᵏ · (1 + p), with k the whole number that is nearest to x / ln 2 and p = eʳ - 1 of the rest, |r| < 0.35, by
 * Taylor's series up to r⁷ / 7!; what is left out is below a tenth of a unit in the last place. With x in `r`; in the end
 * the last bits of `k` are the integer k.
 */
function reduceExponent(v: ExponentVariables): Code[] {
  const { k, r, p, perLn2, ln2, ln2Rest, rounding } = v
  const [last, ...others] = coefficients.map((name) => v[name])
  const series = others.reduce<Operand>((sum, coefficient) => v128.add(v128.mul(sum, r), coefficient), last!)
  return [
    k.set(v128.add(v128.mul(r, perLn2), rounding)),
    p.set(v128.sub(k, rounding)),
    r.set(v128.sub(v128.sub(r, v128.mul(p, ln2)), v128.mul(p, ln2Rest))),
    p.set(v128.add(r, v128.mul(v128.mul(r, r), series))),
  ]
}

/** Gives 2ᵏ for integers from -126 to 127 in the last bits of k, by adding them to the exponent of 1. */
function powerOfTwo(k: Operand, one: Variable): Code {
  return v128.addInt(v128.shiftLeft(k, 23), one)
}

/** Computes eˣ, within 1.1 units in the last place. */
export const exp: FunctionDefinition = elementwise('exp', {
  arrays: ['to', 'from'],
  // Beyond these limits the result is 0 or infinite.
  constants: { ...exponentConstants, lowest: -104, highest: 89 },
  temporaries: [...exponentTemporaries, 'half'],
  body: ({ load, store }, v) => [
    v.r.set(v128.atLeast(v128.atMost(load('from'), v.highest), v.lowest)),
    ...reduceExponent(v),
    // In two factors, as 2ᵏ itself may be out of range.
    v.k.set(v128.subInt(v.k, v.rounding)),
    v.half.set(v128.shiftRight(v.k, 1)),
    v.p.set(v128.mul(v128.add(v.p, v.one), powerOfTwo(v.half, v.one))),
    store('to', v128.mul(v.p, powerOfTwo(v128.subInt(v.k, v.half), v.one))),
  ],
})

/**
 * Computes the hyperbolic tangent, within 2.2 units in the last place, of s = e⁻²ᵃ where a = |x|: as (1 - s) / (1 + s) or, where
 * that is above ½, as 1 - 2s / (1 + s). 1 - s is computed as 1 - 2ᵏ - 2ᵏ · p, which keeps its digits where s is close to 1.
 */
export const tanh: FunctionDefinition = elementwise('tanh', {
  arrays: ['to', 'from'],
  // From |x| = 20 on the result is 1.
  constants: { ...exponentConstants, minusTwo: -2, lowest: -40, third: 1 / 3, sign: -0 },
  temporaries: [...exponentTemporaries, 'x', 's', 'large'],
  body: ({ load, store }, v) => {
    const { k, r, p, x, s, large, one, minusTwo } = v
    return [
      x.set(load('from')),
      r.set(v128.atLeast(v128.mul(v128.abs(x), minusTwo), v.lowest)),
      ...reduceExponent(v),
      k.set(powerOfTwo(k, one)),
      p.set(v128.mul(p, k)),
      s.set(v128.add(p, k)),
      large.set(v128.lessThan(s, v.third)),
      p.set(v128.sub(v128.sub(one, k), p)),
      p.set(v128.select(v128.mul(s, minusTwo), p, large)),
      p.set(v128.add(v128.div(p, v128.add(s, one)), v128.and(one, large))),
      // With the sign of x.
      store('to', v128.select(x, p, v.sign)),
    ]
  },
})

/** Computes dy · (1 - y²), for y = tanh x. */
export const tanhGradient: FunctionDefinition = elementwise('tanhGradient', {
  arrays: ['to', 'dy', 'y'],
  constants: { one: 1 },
  temporaries: ['value'],
  body: ({ load, store }, { one, value }) => [
    value.set(load('y')),
    store('to', v128.mul(v128.sub(one, v128.mul(value, value)), load('dy'))),
  ],
})

/** Computes dy · y · (1 - y), for y = 1 / (1 + e⁻ˣ). */
export const sigmoidGradient: FunctionDefinition = elementwise('sigmoidGradient', {
  arrays: ['to', 'dy', 'y'],
  constants: { one: 1 },
  temporaries: ['value'],
  body: ({ load, store }, { one, value }) => [
    value.set(load('y')),
    store('to', v128.mul(load('dy'), v128.mul(value, v128.sub(one, value)))),
  ],
})

/** Gives dy where x is positive or no number, and 0 elsewhere. */
export const reluGradient: FunctionDefinition = elementwise('reluGradient', {
  arrays: ['to', 'dy', 'x'],
  body: ({ load, store }) => [store('to', v128.andNot(load('dy'), v128.lessOrEqual(load('x'), v128.zero())))],
})

/** Gives dy where x is within limits, and 0 elsewhere. */
export const clampGradient: FunctionDefinition = elementwise('clampGradient', {
  arrays: ['to', 'dy', 'x'],
  numbers: ['min', 'max'],
  temporaries: ['value'],
  body: ({ load, store }, { min, max, value }) => [
    value.set(load('x')),
    store('to', v128.and(load('dy'), v128.and(v128.lessOrEqual(min, value), v128.lessOrEqual(value, max)))),
  ],
})

/** Computes dy · 2x. */
export const squareGradient: FunctionDefinition = elementwise('squareGradient', {
  arrays: ['to', 'dy', 'x'],
  constants: { two: 2 },
  body: ({ load, store }, { two }) => [store('to', v128.mul(load('dy'), v128.mul(load('x'), two)))],
})
