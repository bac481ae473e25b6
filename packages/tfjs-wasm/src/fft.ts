/** Transforms the numbers re + im·i in place: X[k] = Σ x[n] · exp(-2πi·n·k / N). */
export type Transform = (re: Float64Array, im: Float64Array) => void

/** Gives the discrete Fourier transform of a length, in O(N log N) for each; what depends on the length is computed once. */
export function fourierTransform(length: number): Transform {
  return (length & (length - 1)) === 0 ? halving(length) : chirped(length)
}

/** A transform of even length is two of half the length, of every second number (Cooley and Tukey). */
function halving(length: number): Transform {
  const [cos, sin] = circle(length)
  return (re, im) => {
    reorder(re, im)
    for (let half = 1; half < length; half *= 2) {
      const step = length / (2 * half)
      for (let start = 0; start < length; start += 2 * half)
        for (let k = 0; k < half; k++) {
          const [a, b] = [start + k, start + k + half]
          const [c, s] = [cos[k * step]!, -sin[k * step]!]
          const real = re[b]! * c - im[b]! * s
          const imag = re[b]! * s + im[b]! * c
          re[b] = re[a]! - real
          im[b] = im[a]! - imag
          re[a]! += real
          im[a]! += imag
        }
    }
  }
}

/** Gives cosine and sine of 2πk / length. */
function circle(length: number): [cos: Float64Array, sin: Float64Array] {
  const angle = (_: unknown, k: number): number => (2 * Math.PI * k) / length
  const angles = Float64Array.from({ length }, angle)
  return [angles.map(Math.cos), angles.map(Math.sin)]
}

/** Puts each number where the reversed bits of its index say, which is the order that halving starts from. */
function reorder(re: Float64Array, im: Float64Array): void {
  for (let i = 1, reversed = 0; i < re.length; i++) {
    let bit = re.length >> 1
    for (; reversed & bit; bit >>= 1) reversed ^= bit
    reversed ^= bit
    if (i >= reversed) continue
    ;[re[i], re[reversed]] = [re[reversed]!, re[i]!]
    ;[im[i], im[reversed]] = [im[reversed]!, im[i]!]
  }
}

/**
 * As 2nk = n² + k² - (k - n)², a transform of any length is a convolution with exp(πi·m² / N), between two
 * multiplications with its conjugate (Bluestein). Transforms of a power of two convolve.
 */
function chirped(length: number): Transform {
  const size = 2 ** Math.ceil(Math.log2(2 * length - 1))
  const transform = halving(size)
  // The square is taken modulo 2N, as the sine of large numbers is not exact.
  const squares = Float64Array.from({ length }, (_, m) => (Math.PI * ((m * m) % (2 * length))) / length)
  const [cos, sin] = [squares.map(Math.cos), squares.map(Math.sin)]
  const [chirpRe, chirpIm] = [new Float64Array(size), new Float64Array(size)]
  for (let m = 0; m < length; m++)
    for (const at of [m, (size - m) % size]) {
      chirpRe[at] = cos[m]!
      chirpIm[at] = sin[m]!
    }
  transform(chirpRe, chirpIm)
  const [aRe, aIm] = [new Float64Array(size), new Float64Array(size)]
  return (re, im) => {
    aRe.fill(0)
    aIm.fill(0)
    for (let n = 0; n < length; n++) {
      aRe[n] = re[n]! * cos[n]! + im[n]! * sin[n]!
      aIm[n] = im[n]! * cos[n]! - re[n]! * sin[n]!
    }
    transform(aRe, aIm)
    for (let k = 0; k < size; k++) {
      const real = aRe[k]! * chirpRe[k]! - aIm[k]! * chirpIm[k]!
      aIm[k] = aRe[k]! * chirpIm[k]! + aIm[k]! * chirpRe[k]!
      aRe[k] = real
    }
    // The inverse transform is the transform with both parts exchanged, divided by the size.
    transform(aIm, aRe)
    for (let k = 0; k < length; k++) {
      re[k] = (aRe[k]! * cos[k]! + aIm[k]! * sin[k]!) / size
      im[k] = (aIm[k]! * cos[k]! - aRe[k]! * sin[k]!) / size
    }
  }
}
