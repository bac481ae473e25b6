import { every, onStepEnd, type Strategy, single, Trainer, type TrainerOptions } from '@trainyard/core'
import { SimpleLogger } from '@trainyard/simple-logger'
import { describe, expect, it } from 'vitest'
import { losses, ToyHost, ToyModule, type ToyOutputs } from './toy.ts'

/** Trains the toy and gives the lines that were printed. */
async function lines(
  options: Partial<TrainerOptions<number, ToyOutputs>>,
  msPerBatch = 100,
): Promise<string[]> {
  const host = new ToyHost()
  const trainer = new Trainer<number, ToyOutputs>({
    module: new ToyModule(host, msPerBatch),
    data: losses(4),
    host,
    ...options,
  })
  await trainer.train().catch(() => {})
  return host.lines
}

describe('SimpleLogger', () => {
  it('prints the loss every 100 steps and at the last step of the run', async () => {
    expect(await lines({ data: losses(250), maxEpochs: 1, callbacks: [new SimpleLogger()] })).toEqual([
      'step 100  epoch 1  loss 0.01',
      'step 200  epoch 1  loss 0.005',
      'step 250  epoch 1  loss 0.004',
      'epoch 1 done in 25.0 s',
      'done at step 250 (epoch 1): 250 steps in 25.0 s, 10 steps/s',
    ])
  })

  it('puts values of different lengths in columns, and shows learning rate and validation', async () => {
    const logger = new SimpleLogger({
      stepFreq: 1,
      tensorsToLog: ['accuracy', 'loss'],
      logLearningRate: true,
    })
    const validate = { data: [0.25, 0.5] }
    expect(
      await lines({ data: [1 / 3, 123.456, 1.5e-7, -20000.5], maxEpochs: 1, validate, callbacks: [logger] }),
    ).toEqual([
      'step 1  epoch 1  accuracy 0.6667    loss 0.3333    learning_rate 0.001',
      'step 2  epoch 1  accuracy -122.5    loss 123.5     learning_rate 0.001',
      'step 3  epoch 1  accuracy 1         loss 1.5e-7    learning_rate 0.001',
      'step 4  epoch 1  accuracy 20002     loss -20000    learning_rate 0.001',
      'step 4  val_loss 0.375     val_accuracy 0.625',
      'epoch 1 done in 0.6 s',
      'done at step 4 (epoch 1): 4 steps in 0.6 s, 6.67 steps/s',
    ])
  })

  it('shows as many digits as asked for', async () => {
    const printed = await lines({
      data: [2 / 3],
      maxSteps: 1,
      callbacks: [new SimpleLogger({ digits: 7, logEpochs: false, logEnd: false })],
    })
    expect(printed).toEqual(['step 1  epoch 1  loss 0.6666667'])
  })

  it('shows numbers that are not finite', async () => {
    const logger = new SimpleLogger({ stepFreq: 1, logEpochs: false, logEnd: false })
    expect(
      await lines({ data: [NaN, Infinity], maxEpochs: 1, nonFinite: 'apply', callbacks: [logger] }),
    ).toEqual(['step 1  epoch 1  loss NaN', 'step 2  epoch 1  loss Infinity'])
  })

  it('keeps the columns of a run whose length nobody knows', async () => {
    const data = {
      *[Symbol.iterator]() {
        yield* losses(100)
      },
    }
    const logger = new SimpleLogger({ stepFreq: 50, logEpochs: false, logEnd: false })
    expect(await lines({ data, maxEpochs: 1, callbacks: [logger] })).toEqual([
      'step     50  epoch 1  loss 0.02',
      'step    100  epoch 1  loss 0.01',
    ])
  })

  it('prints a tensor under the name that the user gave it', async () => {
    const host = new ToyHost()
    const module = new ToyModule(host)
    const accuracy = module.tensor('accuracy').rename('acc')
    const logger = new SimpleLogger({ tensorsToLog: ['loss', accuracy], logEpochs: false })
    const trainer = new Trainer<number, ToyOutputs>({
      module,
      data: [0.25],
      maxEpochs: 1,
      callbacks: [logger],
      host,
      validate: { data: [0.5] },
    })
    await trainer.train()
    expect(host.lines).toEqual([
      'step 1  epoch 1  loss 0.25      acc 0.75',
      'step 1  val_loss 0.5       val_accuracy 0.5',
      'done at step 1 (epoch 1): 1 step in 0 ms',
    ])
  })

  it('says where a run was stopped', async () => {
    const stop = onStepEnd(every(6)((state) => state.requestStop('enough')))
    expect(await lines({ maxEpochs: 3, callbacks: [stop, new SimpleLogger()] })).toEqual([
      'epoch 1 done in 0.4 s',
      'stopped at step 6 (epoch 2): 6 steps in 0.6 s, 10 steps/s',
    ])
  })

  it('says where a run failed', async () => {
    const crash = onStepEnd(
      every(3)(() => {
        throw new Error('out of luck')
      }),
    )
    expect(await lines({ maxEpochs: 3, callbacks: [crash, new SimpleLogger()] })).toEqual([
      'failed at step 3 (epoch 1): 3 steps in 0.3 s, 10 steps/s',
    ])
  })

  it('counts after a resume only what this process did', async () => {
    const host = new ToyHost()
    const trainer = new Trainer<number, ToyOutputs>({
      module: new ToyModule(host, 500),
      data: losses(4),
      maxEpochs: 2,
      callbacks: [new SimpleLogger()],
      host,
    })
    await trainer.updateState({ trainer: { step: 6, epoch: 1, batch: 2 } })
    host.time = 70_000
    await trainer.train()
    expect(host.lines).toEqual([
      'step 8  epoch 2  loss 0.25',
      'epoch 2 done in 1.0 s',
      'done at step 8 (epoch 2): 2 steps in 1.0 s, 2 steps/s',
    ])
  })

  it('tells how long evaluate() and predict() took', async () => {
    const host = new ToyHost()
    const trainer = new Trainer<number, ToyOutputs>({
      module: new ToyModule(host, 60_000),
      callbacks: [new SimpleLogger()],
      host,
    })
    await trainer.evaluate([0.25, 0.5])
    await trainer.predict([0.25, 0.5, 0.75], 'loss')
    expect(host.lines).toEqual(['evaluated 2 batches in 2 min 0 s', 'predicted 3 batches in 3 min 0 s'])
  })

  it('is silent on ranks above zero', async () => {
    const rankOne: Strategy = { ...single(), localRank: 1, globalRank: 1, worldSize: 2 }
    const data = { epoch: () => losses(4), batches: 4 }
    expect(
      await lines({
        data,
        maxEpochs: 1,
        strategy: rankOne,
        validate: { data },
        callbacks: [new SimpleLogger({ stepFreq: 1 })],
      }),
    ).toEqual([])
  })

  it('refuses options that make no sense', () => {
    expect(() => new SimpleLogger({ stepFreq: 0 })).toThrow(
      '[core] `stepFreq` must be a whole number of at least 1, not 0',
    )
    expect(() => new SimpleLogger({ tensorsToLog: 'loss' as never })).toThrow(
      '[core] `tensorsToLog` must be a list',
    )
    expect(() => new SimpleLogger({ digits: 18 })).toThrow(
      '[simple-logger] `digits` must be a whole number from 1 to 17, not 18',
    )
  })

  it('does not compile with a name that the module does not have', async () => {
    const host = new ToyHost()
    const module = new ToyModule(host)
    const logger = new SimpleLogger({ tensorsToLog: ['lss'] })
    // @ts-expect-error the module has no output of that name
    const trainer = new Trainer({ module, data: losses(4), maxEpochs: 1, host, callbacks: [logger] })
    await expect(trainer.train()).rejects.toThrow('there is no tensor "lss"')
  })
})
