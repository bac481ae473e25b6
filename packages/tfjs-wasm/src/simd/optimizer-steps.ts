import { type Code, type FunctionDefinition, ifElse, type Operand, v128, type Variable } from './assembler.ts'
import { elementwise } from './elementwise.ts'

/** Multiplies a gradient by the factor of clipping by norm, then limits it; with 1 and infinity it stays what it is. */
function clipped(gradient: Operand, factor: Variable, limit: Variable): Code {
  const scaled = v128.mul(gradient, factor)
  return v128.atLeast(v128.atMost(scaled, limit), v128.sub(v128.zero(), limit))
}

/**
 * What is so near to 0 that it becomes 0 in a slot. Without a gradient, slots shrink by the same factor each step, and would stay
 * below the smallest float with all its bits, 1.2e-38, for good: there processors are up to a hundred times slower, and
 * WebAssembly has no mode that makes them 0, as native frameworks set it.
 */
const tiny = 1e-33

function flushed(value: Variable, least: Variable): Code {
  return v128.andNot(value, v128.lessThan(v128.abs(value), least))
}

/** Updates Adam's means in place and gives the new weights; the formula stands in `optimizer-steps.ts`. */
export const adamStep: FunctionDefinition = elementwise('adamStep', {
  arrays: ['to', 'w', 'm', 'v', 'gradient'],
  numbers: ['factor', 'limit', 'share1', 'share2', 'stepSize', 'epsilon', 'shrink'],
  constants: { tiny },
  temporaries: ['g', 'mean', 'square'],
  body: ({ load, store }, v) => {
    const { factor, limit, share1, share2, stepSize, epsilon, shrink, g, mean, square } = v
    const direction = v128.div(mean, v128.add(v128.sqrt(square), epsilon))
    return [
      g.set(clipped(load('gradient'), factor, limit)),
      mean.set(load('m')),
      mean.set(v128.add(mean, v128.mul(v128.sub(g, mean), share1))),
      mean.set(flushed(mean, v.tiny)),
      store('m', mean),
      square.set(load('v')),
      square.set(v128.add(square, v128.mul(v128.sub(v128.mul(g, g), square), share2))),
      square.set(flushed(square, v.tiny)),
      store('v', square),
      store('to', v128.sub(v128.mul(load('w'), shrink), v128.mul(direction, stepSize))),
    ]
  },
})

/** Gives the new weights of gradient descent; the formula stands in `optimizer-steps.ts`. */
export const sgdStep: FunctionDefinition = elementwise('sgdStep', {
  arrays: ['to', 'w', 'gradient'],
  numbers: ['factor', 'limit', 'decay', 'rate'],
  temporaries: ['g'],
  body: ({ load, store }, { factor, limit, decay, rate, g }) => [
    g.set(clipped(load('gradient'), factor, limit)),
    addDecay(g, load('w'), decay),
    store('to', v128.sub(load('w'), v128.mul(g, rate))),
  ],
})

/** As `sgdStep` with momentum, which is updated in place. */
export const momentumStep: FunctionDefinition = withMomentum('momentumStep', (_, buffer) => buffer.code)

/** As `momentumStep`, one step ahead. */
export const nesterovStep: FunctionDefinition = withMomentum('nesterovStep', (g, buffer, mu) => {
  return v128.add(g, v128.mul(buffer, mu))
})

function withMomentum(
  name: string,
  direction: (g: Variable, buffer: Variable, mu: Variable) => Code,
): FunctionDefinition {
  return elementwise(name, {
    arrays: ['to', 'w', 'momentum', 'gradient'],
    numbers: ['factor', 'limit', 'decay', 'rate', 'mu'],
    constants: { tiny },
    temporaries: ['g', 'buffer'],
    body: ({ load, store }, { factor, limit, decay, rate, mu, tiny: least, g, buffer }) => [
      g.set(clipped(load('gradient'), factor, limit)),
      addDecay(g, load('w'), decay),
      buffer.set(v128.add(v128.mul(load('momentum'), mu), g)),
      buffer.set(flushed(buffer, least)),
      store('momentum', buffer),
      store('to', v128.sub(load('w'), v128.mul(direction(g, buffer, mu), rate))),
    ],
  })
}

/** Adds decay · w, if there is decay: adding 0 would make NaN of what is infinite, and 0 of -0. */
function addDecay(g: Variable, w: Operand, decay: Variable): Code {
  const isThere = v128.anyTrue(v128.notEqual(decay, v128.zero()))
  return ifElse(isThere, [g.set(v128.add(g, v128.mul(w, decay)))])
}
