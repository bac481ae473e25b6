import { type Strategy, single, Trainer } from '@trainyard/core'
import { ProgressBar } from '@trainyard/simple-logger'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { losses, ToyFile, ToyHost, ToyModule, type ToyOutputs, ToyTerminal } from './toy.ts'
import { trainerOn } from './trainer-on.ts'

/** Gives what a short run writes on a terminal, or not, with these environment variables. */
async function written(environment: Record<string, string | undefined>, isTTY: boolean): Promise<string> {
  for (const [name, value] of Object.entries({ CI: undefined, TERM: 'xterm', ...environment }))
    vi.stubEnv(name, value)
  const terminal = new ToyTerminal()
  terminal.isTTY = isTTY
  await trainerOn(terminal, { maxEpochs: 1 }, { live: undefined as never }).train()
  return terminal.writes.join('')
}

afterEach(() => {
  vi.unstubAllEnvs()
  vi.unstubAllGlobals()
})

describe('ProgressBar where nothing can be redrawn', () => {
  it('writes a line at most every 30 seconds, and one at the end of each epoch', async () => {
    const file = new ToyFile()
    await trainerOn(file, { data: losses(1000), maxEpochs: 2, validate: { data: [0.5] } }).train()
    expect(file.lines).toEqual([
      'epoch 1/2   30%   300/1000  10 steps/s  1 min 10 s left  loss 0.003333',
      'epoch 1/2   60%   600/1000  10 steps/s  40 s left  loss 0.001667',
      'epoch 1/2   90%   900/1000  10 steps/s  10 s left  loss 0.001111',
      'epoch 1/2  1000 steps in 1 min 40 s  loss 0.001  val_loss 0.5  val_accuracy 0.5  1 min 41 s left',
      'epoch 2/2   30%   300/1000  10 steps/s  1 min 10 s left  loss 0.003333',
      'epoch 2/2   60%   600/1000  10 steps/s  40 s left  loss 0.001667',
      'epoch 2/2   90%   900/1000  10 steps/s  10 s left  loss 0.001111',
      'epoch 2/2  1000 steps in 1 min 40 s  loss 0.001  val_loss 0.5  val_accuracy 0.5',
    ])
  })

  it('writes some dozens of lines in a day', async () => {
    const file = new ToyFile()
    await trainerOn(file, { data: losses(24 * 60), maxEpochs: 1, msPerBatch: 60_000 }).train()
    expect(file.lines.length).toBeGreaterThan(20)
    expect(file.lines.length).toBeLessThan(100)
    expect(file.lines.slice(-2)).toEqual([
      'epoch 1/1   98%  1412/1440  60 s/step  28 min 0 s left  loss 7.092e-4',
      'epoch 1/1  1440 steps in 24 h 0 min  loss 6.944e-4',
    ])
  })

  it('writes few lines for thousands of short epochs, the last one among them', async () => {
    const file = new ToyFile()
    await trainerOn(file, { data: [0.5], maxEpochs: 5000, msPerBatch: 10 }).train()
    expect(file.lines).toHaveLength(102)
    expect(file.lines.at(-1)).toBe('epoch 5000/5000  1 step in 10 ms  loss 0.5')
  })

  it('draws only on a terminal that is not recorded by a CI server', async () => {
    expect(await written({}, true)).toContain('█')
    expect(await written({ CI: 'false' }, true)).toContain('█')
    const plain = 'epoch 1/1  10 steps in 1.0 s  loss 0.1\n'
    expect(await written({}, false)).toBe(plain)
    expect(await written({ CI: 'true' }, true)).toBe(plain)
    expect(await written({ TERM: 'dumb' }, true)).toBe(plain)
  })

  it('prints through the host where there is no standard output', async () => {
    const host = new ToyHost()
    vi.stubGlobal('process', undefined)
    const callbacks = [new ProgressBar()]
    vi.unstubAllGlobals()
    await new Trainer<number, ToyOutputs>({
      module: new ToyModule(host),
      data: losses(3),
      maxEpochs: 1,
      host,
      callbacks,
    }).train()
    expect(host.lines).toEqual(['epoch 1/1  3 steps in 0 ms  loss 0.3333'])
  })

  it('is silent on ranks above zero', async () => {
    const file = new ToyFile()
    const strategy: Strategy = { ...single(), localRank: 1, globalRank: 1, worldSize: 2 }
    const data = { epoch: () => losses(4), batches: 4 }
    await trainerOn(file, { data, maxEpochs: 1, strategy, validate: { data } }).train()
    expect(file.text).toBe('')
  })
})
