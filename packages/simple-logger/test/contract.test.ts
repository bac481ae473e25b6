import { testCallback } from '@trainyard/testing'
import { describe, test } from 'vitest'
import { ProgressBar, SimpleLogger } from '../src/index.ts'

const stream = { write: () => true, isTTY: true, columns: 80 }

describe('SimpleLogger', () => {
  testCallback(test, {
    create: () => new SimpleLogger({ tensorsToLog: ['loss', 'weight'], stepFreq: 2 }),
  })
})

describe.each([true, false])('ProgressBar, live: %s,', (live) => {
  testCallback(test, { create: () => new ProgressBar({ tensorsToLog: ['loss'], live, stream }) })
})
