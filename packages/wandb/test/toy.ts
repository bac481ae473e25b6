import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  defaultHost,
  type Host,
  onStepEnd,
  TensorRefs,
  Trainer,
  type TrainerOptions,
  type TrainerState,
  type TrainingModule,
  type TrainResult,
} from '@trainyard/core'
import type { DeliveryTiming } from '@trainyard/wandb'
import { afterEach } from 'vitest'

export const key = 'k3y-that-nobody-may-see-0123456789abcdef'

/** Impatient, so that failures and repetitions are soon over. */
export const timing: Partial<DeliveryTiming> = {
  interval: 5,
  heartbeat: 60_000,
  requestTimeout: 2_000,
  firstRetry: 5,
  longestRetry: 50,
  start: 5_000,
}

const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

/** Makes a folder that is gone after the test. */
export function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'trainyard-wandb-'))
  folders.push(folder)
  return folder
}

/** The environment of a user who has a key and nothing else. */
export function environment(baseUrl: string, more: Record<string, string> = {}): Record<string, string> {
  return { WANDB_API_KEY: key, WANDB_BASE_URL: baseUrl, HOME: '/nowhere', ...more }
}

/** Keeps what is printed, and what is a warning. */
export class ToyHost implements Host {
  readonly lines: string[] = []
  readonly warnings: string[] = []
  signal: (name: string, exitCode: number) => void = () => {}
  readonly #host = defaultHost()

  now = (): number => this.#host.now()
  turn = (): Promise<void> => this.#host.turn()
  print = (line: string): void => void this.lines.push(line)
  warn = (line: string): void => void this.warnings.push(line)
  setExitCode = (): void => {}
  exit = (): void => {}
  onSignal = (listener: (name: string, exitCode: number) => void): (() => void) => {
    this.signal = listener
    return () => {}
  }
}

// A type and not an interface, so that it keeps its literal names.
export type ToyOutputs = { loss: number; accuracy: number }

/** Its loss is what the batch says. */
export class ToyModule implements TrainingModule<number, ToyOutputs> {
  readonly optimizers = [{ learningRate: 0.1 }]
  readonly #refs = new TensorRefs()

  trainBatch(batch: number): { outputs: ToyOutputs; examples: number } {
    return { outputs: { loss: batch, accuracy: 1 - batch }, examples: 1 }
  }

  evalBatch(batch: number): { outputs: ToyOutputs; examples: number } {
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

/** Losses that fall slowly: 1, 1/2, 1/3, … */
export function losses(count: number): number[] {
  return Array.from({ length: count }, (_, i) => 1 / (i + 1))
}

/** A trainer of the toy. */
export function toyTrainer(
  callbacks: TrainerOptions<number, ToyOutputs>['callbacks'],
  options: Partial<TrainerOptions<number, ToyOutputs>> = {},
): Trainer<number, ToyOutputs> {
  return new Trainer<number, ToyOutputs>({
    module: new ToyModule(),
    data: losses(10),
    maxEpochs: 1,
    host: new ToyHost(),
    callbacks,
    ...options,
  })
}

/** Trains the toy. */
export function train(...args: Parameters<typeof toyTrainer>): Promise<TrainResult> {
  return toyTrainer(...args).train()
}

/** A callback that does something after one step. */
export function atStep(step: number, run: (state: TrainerState) => unknown): ReturnType<typeof onStepEnd> {
  return onStepEnd((state: TrainerState) => (state.step === step ? run(state) : undefined))
}

/** Gives the text of all files below a folder, for a search in all of them. */
export function everythingIn(folder: string): string {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name))
  return names.map((name) => (statSync(name).isFile() ? readFileSync(name, 'latin1') : name)).join('\n')
}
