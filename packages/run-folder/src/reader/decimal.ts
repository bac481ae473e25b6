/** Powers of ten that a double has exactly. */
const powers = Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`))

const minus = 0x2d
const point = 0x2e
const zero = 0x30
const exponent = 0x65

/** So many digits always fit into a double; with so many more, two of them. */
const headDigits = 15
const restDigits = 4

/**
 * Reads numbers out of bytes, as JSON writes them, with `NaN` and `Infinity` beside. Gives to the last bit what `Number` gives, but without a text for each
 * number, which takes most of the time. After T. J. Dekker, "A floating-point technique for extending the available precision" (1971).
 */
export class DecimalReader {
  /** Where the number ended; -1 if there was none. */
  end = -1
  readonly #bytes: Buffer

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  /** Reads the number that begins at a place. */
  read(start: number): number {
    const bytes = this.#bytes
    const isNegative = bytes[start] === minus
    let at = isNegative ? start + 1 : start
    let head = bytes[at]! - zero
    if (!(head >= 0 && head <= 9)) return this.#word(at, isNegative)
    const first = at++
    // A number does not begin with a zero and another digit.
    if (head === 0 && isDigit(bytes[at])) return this.#none()
    for (let digit = 0; (digit = bytes[at]! - zero) >= 0 && digit <= 9; at++) head = 10 * head + digit
    let digits = head === 0 ? 0 : at - first
    let [rest, more, scale] = [0, 0, 0]
    if (bytes[at] === point) {
      const behind = ++at
      if (!isDigit(bytes[at])) return this.#none()
      // Zeros before the first digit do not count.
      if (digits === 0) while (bytes[at] === zero) at++
      const full = at + headDigits - digits
      const end = full + restDigits
      const begin = at
      for (let digit = 0; at < full && (digit = bytes[at]! - zero) >= 0 && digit <= 9; at++)
        head = 10 * head + digit
      for (let digit = 0; at < end && (digit = bytes[at]! - zero) >= 0 && digit <= 9; at++) {
        rest = 10 * rest + digit
        more++
      }
      while (isDigit(bytes[at])) at++
      digits += at - begin
      scale = at - behind
    }
    const hasExponent = (bytes[at]! | 0x20) === exponent
    this.end = hasExponent ? this.#exponentEnd(at + 1) : at
    if (this.end === -1) return NaN
    const value = hasExponent || digits > headDigits + more ? NaN : decimal(head, rest, more, scale)
    if (Number.isNaN(value)) return Number(bytes.toString('latin1', start, this.end))
    return isNegative ? -value : value
  }

  #exponentEnd(start: number): number {
    const bytes = this.#bytes
    let at = bytes[start] === 0x2b || bytes[start] === 0x2d ? start + 1 : start
    if (!isDigit(bytes[at])) return -1
    while (isDigit(bytes[at])) at++
    return at
  }

  #word(at: number, isNegative: boolean): number {
    for (const [word, value] of [
      ['NaN', NaN],
      ['Infinity', Infinity],
    ] as const)
      if (
        this.#bytes[at] === word.charCodeAt(0) &&
        this.#bytes.toString('latin1', at, at + word.length) === word
      ) {
        if (isNegative && word === 'NaN') break
        this.end = at + word.length
        return isNegative ? -value : value
      }
    return this.#none()
  }

  #none(): number {
    this.end = -1
    return NaN
  }
}

/**
 * Gives `head` and behind it the digits of `rest`, with the last so many behind the point; NaN if that is not sure to be rounded rightly.
 * @param more How many digits `rest` has.
 */
function decimal(head: number, rest: number, more: number, scale: number): number {
  if (scale >= powers.length) return head === 0 ? 0 : NaN
  const power = powers[scale]!
  if (more === 0) return head / power
  // All digits, as the sum of two doubles.
  const shift = powers[more]!
  const product = head * shift
  const low = lost(head, shift, product) + rest
  const sum = product + low
  const error = low - (sum - product)
  // The quotient, and what it is short of.
  const quotient = sum / power
  const back = quotient * power
  const short = (sum - back - lost(quotient, power, back) + error) / power
  const one = quotient + short * (1 - 2 ** -30)
  return one === quotient + short * (1 + 2 ** -30) ? one : NaN
}

/** Gives what rounding took from a product of two doubles. */
function lost(a: number, b: number, product: number): number {
  const splitA = 134217729 * a
  const splitB = 134217729 * b
  const highA = splitA - (splitA - a)
  const highB = splitB - (splitB - b)
  const lowA = a - highA
  const lowB = b - highB
  return highA * highB - product + highA * lowB + lowA * highB + lowA * lowB
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x30 && byte <= 0x39
}
