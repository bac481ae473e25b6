import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ViewerCallback } from '@trainyard/cli'
import { defaultHost, onStepEnd, TensorRefs, Trainer, type TrainingModule } from '@trainyard/core'
import { RunFolderLogger, RunLogger } from '@trainyard/run-folder'
import { testCallback } from '@trainyard/testing'
import { describe, expect, test } from 'vitest'
import type { RunsMessage } from '../src/viewer/protocol.ts'
import { newFolder, writeFile, writeRun, writeRuns } from './folders.ts'
import { inPipe } from './terminal.ts'

async function runsAt(url: string): Promise<RunsMessage> {
  return (await (await fetch(new URL('/api/runs', url))).json()) as RunsMessage
}

describe('trainyard ui', () => {
  test('says what it cannot do', async () => {
    expect(await inPipe(['ui', 'last', '--logs', writeRuns()])).toMatchObject({ exitCode: 2 })
    expect(await inPipe(['ui', '--port', 'x', '--logs', writeRuns()])).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('--port must be a whole number from 0 to 65535, not x') as string,
    })
    expect(await inPipe(['ui', '--logs', join(newFolder(), 'none')])).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('there is no folder') as string,
    })
  })
})

describe('trainyard report', () => {
  test('says what it cannot do', async () => {
    const logs = writeRuns()
    const path = join(newFolder(), 'report.html')
    expect(await inPipe(['report', 'config.seed > 7', '--logs', logs, '-o', path])).toEqual({
      exitCode: 1,
      stdout: '',
      stderr: 'no run matches\n',
    })
    expect(() => readFileSync(path)).toThrow(/ENOENT/)
  })
})

/** Fits a weight to 3. */
function toyModule(): TrainingModule<number, { loss: number }> {
  let weight = 0
  const refs = new TensorRefs()
  return {
    optimizers: [],
    trainBatch: (batch) => ({ outputs: { loss: (weight - 3) ** 2 }, examples: batch }),
    optimizerStep: () => void (weight += (3 - weight) / 4),
    tensor: (name) => refs.get(name),
    getState: () => ({}),
    updateState() {},
  }
}

describe('ViewerCallback', () => {
  const root = newFolder()
  testCallback(test, {
    create(place) {
      const viewer = new ViewerCallback({ port: 0 })
      viewer.useDirectory(writeRun(root, place))
      return viewer
    },
  })

  test('shows the run in progress, and no longer than it goes on', async () => {
    const logs = newFolder()
    writeFile('{}', logs, '1/metadata/config.yaml')
    const printed: string[] = []
    const seen: RunsMessage[] = []
    const look = onStepEnd(async (state) => {
      if (state.step === 3) seen.push(await runsAt(/http:\S+/.exec(printed.join('\n'))![0]))
    })
    const trainer = new Trainer({
      module: toyModule(),
      data: [1, 1, 1, 1],
      maxEpochs: 1,
      callbacks: [new RunFolderLogger({ stepFreq: 1 }), look, new ViewerCallback({ port: 0 })],
      host: { ...defaultHost(), print: (line) => void printed.push(line) },
    })
    const run = new RunLogger({ parentLogDir: logs })
    run.setup(trainer)
    await trainer.train()
    run.finish()
    const address = /http:\S+/.exec(printed.join('\n'))![0]
    expect(address).toMatch(/&run=2$/)
    expect(seen[0]!.rows.map(({ id, status }) => [id, status])).toEqual([
      ['1', null],
      ['2', 'RUNNING'],
    ])
    await expect(runsAt(address)).rejects.toThrow('fetch failed')
  })
})
