import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { testCallback } from '@trainyard/testing'
import { afterAll, describe, test } from 'vitest'
import { CheckpointCallback, ModelCheckpoint } from '../src/index.ts'

const root = mkdtempSync(join(tmpdir(), 'trainyard-contract-'))
afterAll(() => rmSync(root, { recursive: true }))

describe('ModelCheckpoint', () => {
  testCallback(test, {
    create: (place) =>
      new ModelCheckpoint({
        dirpath: join(root, place),
        monitor: 'val_loss',
        everyNTrainSteps: 3,
        saveTopK: 2,
      }),
  })
})

describe('ModelCheckpoint that saves in a thread', () => {
  testCallback(test, {
    create: (place) =>
      new ModelCheckpoint({ dirpath: join(root, `${place} async`), everyNTrainSteps: 2, asyncSave: true }),
  })
})

describe('CheckpointCallback', () => {
  testCallback(test, {
    create: (place) => new CheckpointCallback({ folder: join(root, `${place} simple`), stepFreq: 3 }),
  })
})
