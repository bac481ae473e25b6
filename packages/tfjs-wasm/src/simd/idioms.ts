import { type Code, i32, type Operand, type Variable, whileLoop } from './assembler.ts'

/** Adds to a variable. */
export function advance(variable: Variable, by: Operand | number): Code {
  return variable.set(i32.add(variable, typeof by === 'number' ? i32.const(by) : by))
}

/** Gives the address behind `count` floats. */
export function endOf(start: Operand, count: Operand): Code {
  return i32.add(start, i32.shiftLeft(count, i32.const(2)))
}

/** Repeats the body and counts a variable down from what it is to 0. */
export function times(count: Variable, ...body: Code[]): Code {
  return whileLoop(i32.lessThan(i32.const(0), count), ...body, advance(count, -1))
}

/** Repeats `vectors` while there are four floats left up to `end`, then `scalars`; both move `position` on. */
export function fourAtATime(position: Variable, end: Operand, vectors: Code[], scalars: Code[]): Code {
  const left = i32.sub(end, position)
  return [
    ...whileLoop(i32.below(i32.const(15), left), ...vectors),
    ...whileLoop(i32.below(i32.const(0), left), ...scalars),
  ]
}
