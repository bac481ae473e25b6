import { type Host, type TensorHandle, TensorRefs, type TrainingModule } from '@trainyard/core'
import type { OutputStream } from '@trainyard/simple-logger'

/** A host whose clock is turned by hand, and that keeps what is printed. */
export class ToyHost implements Host {
  time = 0
  readonly lines: string[] = []
  readonly warnings: string[] = []
  interrupt: (signal: string, exitCode: number) => void = () => {}

  now = (): number => this.time
  turn = async (): Promise<void> => {}
  print = (line: string): void => void this.lines.push(line)
  warn = (line: string): void => void this.warnings.push(line)
  onSignal = (listener: (signal: string, exitCode: number) => void): (() => void) => {
    this.interrupt = listener
    return () => {}
  }
  setExitCode = (): void => {}
  exit = (): void => {}
}

// A type and not an interface, so that it keeps its literal names.
export type ToyOutputs = { loss: number | TensorHandle; accuracy: number }

/** Its loss is what the batch says; a batch takes `msPerBatch` on the host's clock. */
export class ToyModule implements TrainingModule<number, ToyOutputs> {
  readonly optimizers = [{ learningRate: 0.001 }]
  readonly host: ToyHost
  readonly msPerBatch: number
  readonly #refs = new TensorRefs()

  constructor(host: ToyHost, msPerBatch = 0) {
    this.host = host
    this.msPerBatch = msPerBatch
  }

  trainBatch(batch: number): { outputs: ToyOutputs; examples: number } {
    this.host.time += this.msPerBatch
    return { outputs: { loss: batch, accuracy: 1 - batch }, examples: 1 }
  }

  evalBatch(batch: number): { outputs: ToyOutputs; examples: number } {
    return this.trainBatch(batch)
  }

  predictBatch(batch: number): { outputs: ToyOutputs; examples: number } {
    return this.trainBatch(batch)
  }

  optimizerStep(): void {}

  tensor(name: keyof ToyOutputs): ReturnType<TensorRefs['get']> {
    return this.#refs.get(name)
  }

  getState(): object & Record<string, never> {
    return {}
  }

  updateState(): void {}
}

/** A terminal: interprets what a line-drawing program sends, and knows what stands on its screen. */
export class ToyTerminal implements OutputStream {
  isTTY = true
  columns = 100
  readonly writes: string[] = []
  /** The lines on the screen; the last one is where the cursor is. */
  screen: string[] = ['']
  #column = 0

  write(text: string): boolean {
    this.writes.push(text)
    // oxlint-disable-next-line no-control-regex
    for (const [token] of text.matchAll(/\u001B\[K|[^]/gu)) this.#take(token)
    return true
  }

  #take(token: string): void {
    const row = this.screen.length - 1
    const line = this.screen[row]!
    if (token === '\n') {
      this.screen.push('')
      this.#column = 0
    } else if (token === '\r') this.#column = 0
    else if (token === '\u001B[K') this.screen[row] = line.slice(0, this.#column)
    else {
      this.screen[row] =
        line.slice(0, this.#column).padEnd(this.#column) + token + line.slice(this.#column + 1)
      this.#column += 1
    }
  }
}

/** A file or a pipe. */
export class ToyFile implements OutputStream {
  text = ''

  write(text: string): void {
    this.text += text
  }

  get lines(): string[] {
    return this.text.split('\n').slice(0, -1)
  }
}

/** Losses that fall slowly: 1, 1/2, 1/3, … */
export function losses(count: number): number[] {
  return Array.from({ length: count }, (_, i) => 1 / (i + 1))
}
