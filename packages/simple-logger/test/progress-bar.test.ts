import { every, onEpochEnd, onStepEnd, onStepStart, type TensorHandle, Trainer } from '@trainyard/core'
import { ProgressBar, SimpleLogger } from '@trainyard/simple-logger'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { losses, ToyFile, ToyHost, ToyModule, type ToyOutputs, ToyTerminal } from './toy.ts'
import { trainerOn } from './trainer-on.ts'

/** Looks at the terminal before each of the steps given, and at the end. */
function watch(terminal: ToyTerminal, ...steps: number[]) {
  const seen: string[] = []
  const callback = onStepStart((state) => {
    if (steps.includes(state.step + 1)) seen.push(terminal.screen.at(-1)!)
  })
  return { seen, callback }
}

/** Gives the steps at which the loss was read. */
async function readSteps(live: boolean, msPerBatch: number): Promise<number[]> {
  const host = new ToyHost()
  const module = new ToyModule(host, msPerBatch)
  const read: number[] = []
  let step = 0
  const trainBatch = module.trainBatch.bind(module)
  module.trainBatch = (batch) => {
    step += 1
    const loss: TensorHandle = { shape: [], data: () => (read.push(step), Float32Array.of(batch)) }
    return { ...trainBatch(batch), outputs: { loss, accuracy: 0 } }
  }
  const bar = new ProgressBar({ stream: new ToyTerminal(), live })
  await new Trainer<number, ToyOutputs>({
    module,
    data: losses(25),
    maxEpochs: 2,
    host,
    callbacks: [bar],
  }).train()
  return read
}

afterEach(() => {
  vi.unstubAllEnvs()
  vi.unstubAllGlobals()
})

describe('ProgressBar on a terminal', () => {
  it('shows epoch, bar, steps, speed, time left and loss, and leaves a line for each epoch', async () => {
    const terminal = new ToyTerminal()
    const { seen, callback } = watch(terminal, 2, 3, 8, 15)
    await trainerOn(terminal, {
      maxEpochs: 2,
      msPerBatch: 1000,
      callbacks: [callback],
      validate: { data: [0.25, 0.5] },
    }).train()
    expect(seen).toEqual([
      'epoch 1/2 ██░░░░░░░░░░░░░░░░░░░░░░░   10%   1/10  loss 1',
      'epoch 1/2 █████░░░░░░░░░░░░░░░░░░░░   20%   2/10  1 steps/s  8 s left  loss 1',
      'epoch 1/2 █████████████████░░░░░░░░   70%   7/10  1 steps/s  3 s left  loss 1',
      'epoch 2/2 ██████████░░░░░░░░░░░░░░░   40%   4/10  1 steps/s  6 s left  loss 0.1',
    ])
    expect(terminal.screen).toEqual([
      'epoch 1/2  10 steps in 12.0 s  loss 0.1  val_loss 0.375  val_accuracy 0.625  12 s left',
      'epoch 2/2  10 steps in 12.0 s  loss 0.1  val_loss 0.375  val_accuracy 0.625',
      '',
    ])
  })

  it('redraws ten times a second at most', async () => {
    const terminal = new ToyTerminal()
    await trainerOn(terminal, { data: losses(1000), maxEpochs: 1, msPerBatch: 1 }).train()
    expect(terminal.writes.filter((text) => text.includes('░'))).toHaveLength(10)
    expect(terminal.writes.length).toBeLessThan(15)
  })

  it('gives way to lines that others write, and comes back below them', async () => {
    const terminal = new ToyTerminal()
    const { seen, callback } = watch(terminal, 3, 5)
    const talk = onStepEnd((state) => {
      if (state.step === 2) terminal.write('hello\n')
      if (state.step === 4) terminal.write('half a ')
      if (state.step === 5) terminal.write('line\n')
    })
    await trainerOn(terminal, {
      data: losses(5),
      maxEpochs: 1,
      msPerBatch: 50,
      callbacks: [callback, talk],
    }).train()
    expect(seen).toEqual(['epoch 1/1 █████░░░░░░░░░░░░░░░░░░░░   20%  1/5  loss 1', 'half a '])
    expect(terminal.screen).toEqual(['hello', 'half a line', 'epoch 1/1  5 steps in 0.3 s  loss 0.2', ''])
  })

  it('does not write into a line that somebody else has begun', async () => {
    const terminal = new ToyTerminal()
    const talk = onStepEnd(every(3)(() => terminal.write('saving')))
    await trainerOn(terminal, { data: losses(5), maxEpochs: 1, callbacks: [talk] }).train()
    expect(terminal.screen).toEqual(['saving', 'epoch 1/1  5 steps in 0.5 s  loss 0.2', ''])
  })

  it('stands together with a SimpleLogger', async () => {
    const terminal = new ToyTerminal()
    const host = new ToyHost()
    host.print = (line) => void terminal.write(`${line}\n`)
    await trainerOn(terminal, {
      data: losses(4),
      maxEpochs: 1,
      host,
      callbacks: [new SimpleLogger({ stepFreq: 2 })],
    }).train()
    expect(terminal.screen).toEqual([
      'step 2  epoch 1  loss 0.5',
      'step 4  epoch 1  loss 0.25',
      'epoch 1 done in 0.4 s',
      'epoch 1/1  4 steps in 0.4 s  loss 0.25',
      'done at step 4 (epoch 1): 4 steps in 0.4 s, 10 steps/s',
      '',
    ])
  })

  it('gives way to errors, too, when standard output and error are one screen', async () => {
    const stdout = new ToyTerminal()
    const stderr = { write: (text: string) => ToyTerminal.prototype.write.call(stdout, text), isTTY: true }
    vi.stubGlobal('process', { stdout, stderr, env: {} })
    const warn = onStepEnd(every(3)(() => stderr.write('careful\n')))
    const host = new ToyHost()
    const module = new ToyModule(host, 100)
    const callbacks = [warn, new ProgressBar()]
    await new Trainer<number, ToyOutputs>({ module, data: losses(5), maxEpochs: 1, host, callbacks }).train()
    expect(stdout.screen).toEqual(['careful', 'epoch 1/1  5 steps in 0.5 s  loss 0.2', ''])
  })

  it('gives the stream back as it was', async () => {
    const terminal = new ToyTerminal()
    await trainerOn(terminal, { maxEpochs: 1 }).train()
    expect(Object.hasOwn(terminal, 'write')).toBe(false)
    const own = { write: () => true }
    const { write } = own
    await trainerOn(own, { maxEpochs: 1 }, { live: true }).train()
    expect(own.write).toBe(write)
  })

  it('cuts its line to the width of the terminal, the bar first', async () => {
    const terminal = new ToyTerminal()
    const { seen, callback } = watch(terminal, 2, 3, 4)
    const narrow = onStepEnd((state) => void (terminal.columns = [60, 50, 30][state.step - 1] ?? 100))
    await trainerOn(terminal, { maxEpochs: 1, callbacks: [narrow, callback] }).train()
    expect(seen).toEqual([
      'epoch 1/1 ██░░░░░░░░░░░░░░░░░░░░░░░   10%   1/10  loss 1',
      'epoch 1/1 █░░░░   20%   2/10  10 steps/s  1 s lef',
      'epoch 1/1 █░░░░   30%   3/10',
    ])
  })

  it('leaves no half-drawn line when a run fails', async () => {
    const terminal = new ToyTerminal()
    const crash = onStepEnd(
      every(3)(() => {
        throw new Error('out of luck')
      }),
    )
    await expect(trainerOn(terminal, { maxEpochs: 1, callbacks: [crash] }).train()).rejects.toThrow(
      'out of luck',
    )
    expect(terminal.screen).toEqual(['failed at step 3 (epoch 1): 3 steps in 0.3 s, 10 steps/s  loss 1', ''])
    expect(Object.hasOwn(terminal, 'write')).toBe(false)
  })

  it('says where a run was stopped', async () => {
    const terminal = new ToyTerminal()
    const host = new ToyHost()
    const interrupt = onStepEnd(every(14)(() => host.interrupt('SIGINT', 130)))
    await trainerOn(terminal, { maxEpochs: 2, host, callbacks: [interrupt] }).train()
    expect(terminal.screen).toEqual([
      'epoch 1/2  10 steps in 1.0 s  loss 0.1  1 s left',
      'stopped at step 14 (epoch 2): 14 steps in 1.4 s, 10 steps/s  loss 0.1',
      '',
    ])
  })

  it('computes speed and time left after a resume from its own steps', async () => {
    const terminal = new ToyTerminal()
    const { seen, callback } = watch(terminal, 18)
    const host = new ToyHost()
    host.time = 1_000_000
    const trainer = trainerOn(terminal, { maxEpochs: 3, msPerBatch: 2000, host, callbacks: [callback] })
    await trainer.updateState({ trainer: { step: 14, epoch: 1, batch: 4, metrics: { loss: 0.5 } } })
    await trainer.train()
    expect(seen).toEqual(['epoch 2/3 █████████████████░░░░░░░░   70%   7/10  2 s/step  6 s left  loss 0.5'])
    expect(terminal.screen).toEqual([
      'epoch 2/3  6 steps in 12.0 s  loss 0.1  20 s left',
      'epoch 3/3  10 steps in 20.0 s  loss 0.1',
      '',
    ])
  })

  it('finds its place in the epoch when several batches make a step', async () => {
    const terminal = new ToyTerminal()
    const { seen, callback } = watch(terminal, 9)
    const trainer = trainerOn(terminal, { maxEpochs: 3, batchesPerStep: 2, callbacks: [callback] })
    await trainer.updateState({ trainer: { step: 7, epoch: 1, batch: 4 } })
    await trainer.train()
    expect(seen).toEqual(['epoch 2/3 ███████████████░░░░░░░░░░   60%  3/5'])
  })

  it('draws the bar of the whole run where only maxSteps is known', async () => {
    const terminal = new ToyTerminal()
    const { seen, callback } = watch(terminal, 7)
    const data = {
      *[Symbol.iterator]() {
        yield* losses(4)
      },
    }
    await trainerOn(terminal, { data, maxSteps: 8, callbacks: [callback] }).train()
    expect(seen).toEqual([
      'epoch 2 ██████████████████░░░░░░░   75%  step 6/8  10 steps/s  1 s left  loss 0.25',
    ])
    expect(terminal.screen).toEqual([
      'epoch 1  4 steps in 0.4 s  loss 0.25  1 s left',
      'epoch 2  4 steps in 0.4 s  loss 0.25',
      '',
    ])
  })

  it('ends the last bar where maxSteps cuts an epoch short', async () => {
    const terminal = new ToyTerminal()
    const { seen, callback } = watch(terminal, 14)
    await trainerOn(terminal, { maxEpochs: 7, maxSteps: 14, callbacks: [callback] }).train()
    expect(seen).toEqual(['epoch 2/2 ██████████████████░░░░░░░   75%  3/4  10 steps/s  1 s left  loss 0.1'])
    expect(terminal.screen.slice(1)).toEqual([
      'done at step 14 (epoch 2): 14 steps in 1.4 s, 10 steps/s  loss 0.1',
      '',
    ])
  })

  it('shows no percentage where nothing is known, but still the speed', async () => {
    const terminal = new ToyTerminal()
    const { seen, callback } = watch(terminal, 3)
    const data = {
      *[Symbol.iterator]() {
        yield* losses(4)
      },
    }
    await trainerOn(terminal, { data, maxTime: { seconds: 1 }, callbacks: [callback] }).train()
    expect(seen).toEqual(['epoch 1  step 2  10 steps/s  loss 1'])
  })

  it('shows validations within an epoch when they are done, and leaves their time out of the speed', async () => {
    const terminal = new ToyTerminal()
    const { seen, callback } = watch(terminal, 8)
    const validate = { data: [0.25, 0.75], every: { steps: 5 } }
    await trainerOn(terminal, { maxEpochs: 1, validate, callbacks: [callback] }).train()
    expect(terminal.writes.join('')).toContain('epoch 1/1  validating')
    expect(seen).toEqual(['epoch 1/1 █████████████████░░░░░░░░   70%   7/10  10 steps/s  1 s left  loss 1'])
    expect(terminal.screen).toEqual([
      'epoch 1/1  step 5  val_loss 0.5  val_accuracy 0.5',
      'epoch 1/1  step 10  val_loss 0.5  val_accuracy 0.5',
      'epoch 1/1  10 steps in 1.4 s  loss 0.1',
      '',
    ])
  })

  it('counts the batches of evaluate() and predict()', async () => {
    const terminal = new ToyTerminal()
    const trainer = trainerOn(terminal, {})
    await trainer.evaluate([0.25, 0.5, 0.75])
    await trainer.predict([0.25], 'loss')
    expect(terminal.writes).toContain('\r\u001B[Kevaluating  3 batches  10 batches/s')
    expect(terminal.screen).toEqual(['evaluated 3 batches in 0.3 s', 'predicted 1 batch in 0.1 s', ''])
  })
})

describe('ProgressBar', () => {
  it('reads the loss every tenth step, at the first one and at the last of an epoch, whatever is drawn', async () => {
    const expected = [1, 10, 20, 25, 30, 40, 50]
    expect(await readSteps(true, 1)).toEqual(expected)
    expect(await readSteps(false, 60_000)).toEqual(expected)
  })

  it('shows the scalars that it is asked for', async () => {
    const file = new ToyFile()
    await trainerOn(
      file,
      { data: [0.25], maxEpochs: 1 },
      { tensorsToLog: ['accuracy', 'loss'], stepFreq: 1 },
    ).train()
    expect(file.lines).toEqual(['epoch 1/1  1 step in 0.1 s  accuracy 0.75  loss 0.25'])
  })

  it('says why it stays silent when a run has nothing left to do', async () => {
    const file = new ToyFile()
    const trainer = trainerOn(file, { maxEpochs: 1, callbacks: [onEpochEnd(() => {})] })
    await trainer.updateState({ trainer: { step: 10, epoch: 1, batch: 0, metrics: { loss: 0.1 } } })
    await trainer.train()
    expect(file.lines).toEqual(['done at step 10 (epoch 1): 0 steps in 0 ms  loss 0.1'])
  })

  it('refuses options that make no sense', () => {
    expect(() => new ProgressBar({ stepFreq: 2.5 })).toThrow(
      '[simple-logger] `stepFreq` must be a whole number of at least 1, not 2.5',
    )
    expect(() => new ProgressBar({ secondsPerLine: 0 })).toThrow(
      '[simple-logger] `secondsPerLine` must be a number above 0, not 0',
    )
    expect(() => new ProgressBar({ digits: 0 })).toThrow(
      '[simple-logger] `digits` must be a whole number from 1 to 17, not 0',
    )
    expect(() => new ProgressBar({ tensorsToLog: 'loss' as never })).toThrow(
      '[simple-logger] `tensorsToLog` must be a list of names',
    )
    expect(() => new ProgressBar({ stream: {} as never })).toThrow(
      '[simple-logger] `stream` must have a method write(text)',
    )
  })

  it('does not compile with a name that the module does not have', async () => {
    const host = new ToyHost()
    const module = new ToyModule(host)
    const bar = new ProgressBar({ tensorsToLog: ['acuracy'], stream: new ToyFile() })
    // @ts-expect-error the module has no output of that name
    const trainer = new Trainer({ module, data: losses(4), maxEpochs: 1, host, callbacks: [bar] })
    await expect(trainer.train()).rejects.toThrow('there is no tensor "acuracy"')
  })
})
