/** What the performance contract asks of a figure. */
export interface Bar {
  readonly text: string
  readonly met: boolean
}

export interface Figure {
  readonly figure: string
  readonly value: number
  readonly unit: string
  /** The value over that of what it is compared with. */
  readonly ratio?: number
  /** What it is compared with. */
  readonly against?: string
  readonly bar?: Bar
}

/** Whether this is a smoke run: everything is done, but too seldom for numbers that mean something. */
export const quick = process.argv.includes('--quick')

/** Tells a person how it goes; stdout is for figures alone. */
export function say(line: string): void {
  console.error(`  ${line}`)
}

/** Prints a figure as a line of JSON. `run.mjs` takes the bar off, for its table. */
export function report(bench: string, { figure, value, unit, ratio, against, bar }: Figure): void {
  const line = {
    bench,
    figure,
    value: digits(value),
    unit,
    ratio: ratio === undefined ? null : digits(ratio),
    against: against ?? null,
  }
  console.log(JSON.stringify({ ...line, bar }))
}

/** Makes the bar that a number must stay below. */
export function below(limit: number, unit: string, value: number): Bar {
  return { text: `< ${limit} ${unit}`, met: value < limit }
}

/** Rounds to what was measured: four digits; whole numbers stay as they are. */
function digits(value: number): number {
  return Number.isInteger(value) ? value : Number(value.toPrecision(4))
}
