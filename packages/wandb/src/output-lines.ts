/** Puts console output together to the lines of `output.log`, as W&B has them: with the time, and a word where it is an error. */
export class OutputLines {
  #rest = { out: '', error: '' }

  /** Gives the lines that a piece of output completes. */
  add(text: string, isError: boolean, time: number): string[] {
    const stream = isError ? 'error' : 'out'
    const lines = (this.#rest[stream] + text).split('\n')
    this.#rest[stream] = lines.pop()!
    const prefix = `${isError ? 'ERROR ' : ''}${new Date(time * 1000).toISOString().replace('Z', '000')} `
    // Of a line that was drawn over, the last state counts.
    return lines.map((line) => prefix + (line.replace(/\r$/, '').split('\r').at(-1) ?? ''))
  }
}
