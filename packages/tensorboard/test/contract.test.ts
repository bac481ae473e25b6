import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { EventFileReader } from '@trainyard/tensorboard-plugin-writer'
import { testLogger } from '@trainyard/testing'
import { afterAll, describe, test } from 'vitest'
import { SummaryWriter, TensorboardLogger } from '../src/index.ts'

const root = mkdtempSync(join(tmpdir(), 'trainyard-contract-'))
afterAll(() => rmSync(root, { recursive: true }))

describe('TensorboardLogger', () => {
  testLogger(test, {
    create: (place) =>
      new TensorboardLogger(new SummaryWriter(join(root, place)), {
        tensorsToLog: ['loss', 'weight'],
        stepFreq: 2,
      }),
    read(place) {
      const folder = join(root, place)
      if (!existsSync(folder)) return []
      const events = readdirSync(folder)
        .toSorted()
        .flatMap((name) => [...new EventFileReader(join(folder, name)).read()])
      return events.flatMap(({ step, values }) =>
        values.flatMap(({ tag, data }) =>
          data.kind === 'scalar' ? [{ name: tag, step: Number(step), value: data.value }] : [],
        ),
      )
    },
  })
})
