import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { testCheckpointer } from '@trainyard/testing'
import { afterAll, describe, test } from 'vitest'
import { DefaultCheckpointer } from '../src/index.ts'

const root = mkdtempSync(join(tmpdir(), 'trainyard-contract-'))
afterAll(() => rmSync(root, { recursive: true }))

describe('DefaultCheckpointer', () => {
  testCheckpointer(test, {
    open(place) {
      const saveDir = join(root, place)
      const isNew = !existsSync(saveDir) || readdirSync(saveDir).length === 0
      return new DefaultCheckpointer({ saveDir, ...(!isNew && { loadDir: saveDir }) })
    },
  })
})
