import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { testLogger } from '@trainyard/testing'
import { WandbStandIn } from '@trainyard/testing/wandb'
import { WandbLogger } from '@trainyard/wandb'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { environment, timing } from './toy.ts'

const root = mkdtempSync(join(tmpdir(), 'trainyard-contract-'))
let server: WandbStandIn
beforeAll(async () => void (server = await WandbStandIn.start()))
afterAll(async () => {
  await server.kill()
  rmSync(root, { recursive: true })
})

const idOf = (place: string): string => place.replaceAll(' ', '-')

describe('WandbLogger, against a stand-in for the server,', () => {
  testLogger(test, {
    create: (place) =>
      new WandbLogger({
        id: idOf(place),
        tensorsToLog: ['loss', 'weight'],
        stepFreq: 2,
        dir: join(root, idOf(place)),
        timing,
        env: environment(server.url),
      }),
    read(place) {
      const run =
        server.runs.get(idOf(place)) ?? [...server.runs.values()].find(({ id }) => id === idOf(place))
      return (run?.history ?? []).flatMap(({ _step, _runtime, _timestamp, ...values }) =>
        Object.entries(values).map(([name, value]) => ({ name, step: Number(_step), value: Number(value) })),
      )
    },
  })
})
