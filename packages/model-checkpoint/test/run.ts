import { mkdtempSync, readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type BatchContext,
  type Callback,
  onStepEnd,
  Trainer,
  type TrainerOptions,
  type TrainerState,
} from '@trainyard/core'
import { AutoResume, type AutoResumeOptions } from '../src/index.ts'
import { batches, FakeHost, type ToyBatch, ToyModule, type ToyOutputs } from '../../core/test/toy.ts'

export { batches, FakeHost, ToyModule }

export type Options = Partial<TrainerOptions<ToyBatch, ToyOutputs>>

/** A new folder. */
export function folder(): string {
  return mkdtempSync(join(tmpdir(), 'trainyard-'))
}

/** What is in a folder, hidden things too. */
export function names(path: string): string[] {
  return readdirSync(path).toSorted()
}

/** A module whose validation losses are those of a list, one a validation. */
export class Scored extends ToyModule {
  readonly #scores: readonly number[]
  readonly #done: () => number

  constructor(scores: readonly number[], done: () => number) {
    super()
    this.#scores = scores
    this.#done = done
  }

  override evalBatch(batch: ToyBatch, context: BatchContext) {
    const loss = this.#scores[this.#done() % this.#scores.length]!
    const result = super.evalBatch(batch, context) as { outputs: ToyOutputs; examples: number }
    return { ...result, outputs: { ...result.outputs, loss } }
  }
}

/** A run of 3 steps an epoch, validated after each epoch; the losses of its validations are `scores`. */
export function run(
  callbacks: readonly Callback<'val_loss' | 'loss'>[],
  { scores = [5, 4, 3, 2, 1], ...options }: Options & { scores?: readonly number[] } = {},
): Trainer<ToyBatch, ToyOutputs> {
  const trainer: Trainer<ToyBatch, ToyOutputs> = new Trainer<ToyBatch, ToyOutputs>({
    module: new Scored(scores, () => trainer.state.validations),
    data: batches(1, 2, 3),
    validate: { data: batches(1) },
    maxEpochs: 5,
    host: new FakeHost(),
    callbacks,
    ...options,
  })
  return trainer
}

type RunOptions = NonNullable<Parameters<typeof run>[1]>

/** A run that gets a signal at a step. */
export async function interrupted(
  callbacks: Parameters<typeof run>[0],
  step: number,
  options: RunOptions = {},
): Promise<void> {
  const host = new FakeHost()
  const signal = onStepEnd((state: TrainerState) => void (state.step === step && host.signal('SIGTERM', 143)))
  await run([...callbacks, signal], { host, ...options }).train()
}

/** Goes on from what AutoResume finds, if there is something; tells which steps were made, and what the run ends with. */
export async function resumed(
  callbacks: Parameters<typeof run>[0],
  options: RunOptions = {},
  from: AutoResumeOptions = { resumeIfExists: true, resumeIgnoreNoCheckpoint: true, resumePastEnd: true },
): Promise<{ steps: number[]; host: FakeHost; trainer: Trainer<ToyBatch, ToyOutputs> }> {
  const host = new FakeHost()
  const steps: number[] = []
  const count = onStepEnd((state: TrainerState) => void steps.push(state.step))
  const trainer = run([...callbacks, count], { host, ...options })
  new AutoResume(from).setup(trainer)
  await trainer.train()
  return { steps, host, trainer }
}
