import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type Callback,
  type Checkpoint,
  type MetricName,
  onSavePoint,
  Trainer,
  type TrainerOptions,
} from '@trainyard/core'
import { SummaryWriter } from '@trainyard/tensorboard'
import { EventFileReader, type LoggedEvent, type LoggedValue } from '@trainyard/tensorboard-plugin-writer'
import { onTestFinished } from 'vitest'
import { batches, ToyModule, type ToyOutputs } from './toy-module.ts'

export type Options = Partial<TrainerOptions<number, ToyOutputs>>

export function trainer(
  callbacks: readonly Callback<MetricName<ToyOutputs>, ToyOutputs>[],
  options: Options = {},
): Trainer<number, ToyOutputs> {
  return new Trainer({
    module: new ToyModule(),
    data: batches,
    validate: { data: [1, 2] },
    maxEpochs: 3,
    ...options,
    callbacks,
  })
}

/** Keeps the checkpoint of every save point, as it would come back from a file. */
export function savePoints(): { callback: Callback; byStep: Map<number, Checkpoint> } {
  const byStep = new Map<number, Checkpoint>()
  const callback = onSavePoint(async (state, run) => {
    byStep.set(state.step, JSON.parse(JSON.stringify(await run.getState())) as Checkpoint)
  })
  return { callback, byStep }
}

/** Makes a directory that is gone after the test. */
export function scratch(): string {
  const directory = mkdtempSync(join(tmpdir(), 'trainyard-tensorboard-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

/** Makes a writer whose warnings are kept. */
export function writerTo(directory: string | undefined, warnings: string[] = []): SummaryWriter {
  return new SummaryWriter(directory, { host: { warn: (line) => void warnings.push(line) } })
}

export function readEvents(directory: string): LoggedEvent[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.includes('tfevents'))
    .toSorted()
    .flatMap((name) => [...new EventFileReader(join(directory, name)).read()])
}

export function readValues(directory: string): (LoggedValue & { step: number })[] {
  return readEvents(directory).flatMap(({ step, values }) =>
    values.map((value) => Object.assign(value, { step })),
  )
}

/** The scalars of a directory as rows: tag, step, value. */
export function readRows(directory: string): [tag: string, step: number, value: number][] {
  return readValues(directory).flatMap(({ tag, step, data }) =>
    data.kind === 'scalar' ? [[tag, step, data.value]] : [],
  )
}
