import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { onStepEnd, Trainer } from '../src/index.ts'
import { batches, FakeHost, recorder, ToyModule } from './toy.ts'

test('a signal ends the step, fires the save point and closes the events', async () => {
  const host = new FakeHost()
  const log: string[] = []
  const callbacks = [onStepEnd((s) => void (s.step === 2 && host.signal('SIGTERM', 143))), recorder(log)]
  const result = await new Trainer({
    module: new ToyModule(),
    data: batches(1, 1, 1, 1),
    maxEpochs: 9,
    host,
    callbacks,
  }).train()
  expect(result).toMatchObject({ reason: 'signal', detail: 'SIGTERM', step: 2, epoch: 0 })
  expect(log.slice(-4)).toEqual(['onStepEnd', 'onSavePoint', 'onSavePoint', 'onActionEnd'])
  expect(host.exitCode).toBe(143)
  expect(host.exited).toBeUndefined()
})

test('a second signal ends at once, but not within a second: then it is the same wish, heard twice', async () => {
  const host = new FakeHost()
  const twice = onStepEnd(() => {
    host.signal('SIGINT', 130)
    host.time += 900
    host.signal('SIGINT', 130)
    expect(host.exited).toBeUndefined()
    host.time += 200
    host.signal('SIGINT', 130)
  })
  await new Trainer({
    module: new ToyModule(),
    data: batches(1),
    maxEpochs: 1,
    host,
    callbacks: [twice],
  }).train()
  expect(host.exited).toBe(130)
})

test('signals are listened to only while a run is on, also after an error', async () => {
  const host = new FakeHost()
  const listening: number[] = []
  const look = onStepEnd((s) => {
    listening.push(host.signal('SIGUSR', 0))
    if (s.step === 1) throw new Error('stop here')
  })
  expect(host.signal('SIGINT', 130)).toBe(0)
  const run = new Trainer({
    module: new ToyModule(),
    data: batches(1),
    maxEpochs: 1,
    host,
    callbacks: [look],
  })
  await expect(run.train()).rejects.toThrow('stop here')
  expect(listening).toEqual([1])
  expect(host.signal('SIGINT', 130)).toBe(0)
})

test('evaluate() stopped by a signal is an error, not a number', async () => {
  const host = new FakeHost()
  const run = new Trainer({
    module: new ToyModule(),
    host,
    callbacks: [{ onBatchEnd: () => void host.signal('SIGINT', 130) }],
  })
  await expect(run.evaluate(batches(1, 1))).rejects.toThrow(
    '[core] evaluate(data) was stopped after 1 batches: SIGINT',
  )
})

const program = `
  const { Trainer, onStepEnd, onActionEnd } = await import(process.argv[1])
  const module = {
    optimizers: [], trainBatch: () => ({ outputs: { loss: 1 }, examples: 1 }), optimizerStep: () => ({ stop: false, nonFinite: false }),
    tensor: (key) => ({ key, name: key, uniqueName: key }), getState: () => ({}), updateState() {},
  }
  const slow = onStepEnd((s) => { if (s.step === 1) console.log('training'); return new Promise((done) => setTimeout(done, 5)) })
  const stubborn = onActionEnd(() => process.argv[2] === 'stubborn' && new Promise((done) => { console.log('closing'); setTimeout(done, 60_000) }))
  const result = await new Trainer({ module, data: [1], maxEpochs: 100_000, callbacks: [slow, stubborn] }).train()
  console.log(JSON.stringify(result.reason), result.detail)
`

async function inProcess(
  mode: string,
  onLine: (line: string, kill: (signal: NodeJS.Signals) => void) => void,
): Promise<{ output: string; code: number | null }> {
  const entry = new URL('../src/index.ts', import.meta.url)
  const bundle = await import('esbuild').then(({ build }) =>
    build({ entryPoints: [fileURLToPath(entry)], bundle: true, format: 'esm', write: false }),
  )
  const url = `data:text/javascript;base64,${Buffer.from(bundle.outputFiles[0]!.contents).toString('base64')}`
  const child = spawn(process.execPath, ['--input-type=module', '-e', program, url, mode], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString()
    onLine(chunk.toString(), (signal) => void child.kill(signal))
  })
  const [code] = (await once(child, 'close')) as [number | null]
  return { output, code }
}

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)(
  'a real process that gets %s ends its run politely, with exit code %i',
  async (signal, expected) => {
    const { output, code } = await inProcess('', (line, kill) => line.includes('training') && kill(signal))
    expect(output).toContain(`"signal" ${signal}`)
    expect(code).toBe(expected)
  },
)

test('a real process that gets a second signal ends at once', async () => {
  const { output, code } = await inProcess('stubborn', (line, kill) => {
    if (line.includes('training')) kill('SIGTERM')
    if (line.includes('closing')) setTimeout(kill, 1200, 'SIGTERM')
  })
  expect(output).not.toContain('"signal"')
  expect(code).toBe(143)
})
