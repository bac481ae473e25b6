/** Where the eight dots of a cell are in a Braille character, from U+2800 on: by row, then column. */
const bits = [0x01, 0x08, 0x02, 0x10, 0x04, 0x20, 0x40, 0x80]

/** What a cell of text shows. */
export interface Cell {
  readonly character: string
  /** Which line it belongs to, the last one that went through it; undefined if none did. */
  readonly line: number | undefined
}

/** A grid of dots in characters of text: two by four in each. */
export class Canvas {
  /** In dots. */
  readonly width: number
  /** In dots. */
  readonly height: number
  readonly #columns: number
  readonly #dots: Uint8Array
  readonly #lines: Int16Array

  constructor(columns: number, rows: number) {
    this.width = columns * 2
    this.height = rows * 4
    this.#columns = columns
    this.#dots = new Uint8Array(columns * rows)
    this.#lines = new Int16Array(columns * rows).fill(-1)
  }

  /** Draws a straight line between two dots; y counts from the top. */
  draw(x0: number, y0: number, x1: number, y1: number, line: number): void {
    const steps = Math.max(Math.abs(x1 - x0), Math.abs(y1 - y0), 1)
    for (let i = 0; i <= steps; i++)
      this.#dot(Math.round(x0 + ((x1 - x0) * i) / steps), Math.round(y0 + ((y1 - y0) * i) / steps), line)
  }

  /** Gives the rows of text, from the top. */
  rows(): Cell[][] {
    return Array.from({ length: this.height / 4 }, (_, row) =>
      Array.from({ length: this.#columns }, (__, column) => this.#cell(row * this.#columns + column)),
    )
  }

  #dot(x: number, y: number, line: number): void {
    if (x < 0 || y < 0 || x >= this.width || y >= this.height) return
    const at = (y >> 2) * this.#columns + (x >> 1)
    this.#dots[at]! |= bits[(y & 3) * 2 + (x & 1)]!
    this.#lines[at] = line
  }

  #cell(at: number): Cell {
    const dots = this.#dots[at]!
    return dots === 0
      ? { character: ' ', line: undefined }
      : { character: String.fromCodePoint(0x2800 + dots), line: this.#lines[at]! }
  }
}
