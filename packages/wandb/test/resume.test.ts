import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { type Checkpoint, onSavePoint, type TrainerState } from '@trainyard/core'
import { WandbStandIn } from '@trainyard/testing/wandb'
import { syncRun, WandbLogger, type WandbLoggerOptions } from '@trainyard/wandb'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { atStep, environment, losses, newFolder, timing, ToyHost, toyTrainer, train } from './toy.ts'

let server: WandbStandIn
let dir: string
beforeEach(async () => {
  server = await WandbStandIn.start()
  dir = newFolder()
})
afterEach(() => server.kill())

function loggerOf(options: Partial<WandbLoggerOptions<'loss'>> = {}): WandbLogger {
  return new WandbLogger({
    stepFreq: 1,
    logEpochs: false,
    dir,
    timing,
    env: environment(server.url),
    ...options,
  })
}

/** Trains up to a step, with a checkpoint after an earlier one; then the run ends as if it was killed: nothing behind the checkpoint was saved. */
async function cutShort(logger: WandbLogger, saveAt: number, stopAt: number): Promise<Checkpoint> {
  let checkpoint: Checkpoint | undefined
  const save = onSavePoint(async (state: TrainerState) => {
    if (state.step === saveAt) checkpoint = structuredClone(await trainer.getState())
  })
  const trainer = toyTrainer([save, atStep(stopAt, (state) => state.requestStop('test')), logger])
  await trainer.train()
  return checkpoint!
}

async function goOn(
  logger: WandbLogger,
  checkpoint: Checkpoint,
  host: ToyHost = new ToyHost(),
): Promise<ToyHost> {
  const trainer = toyTrainer([logger], { host })
  await trainer.updateState(checkpoint)
  await trainer.train()
  return host
}

function rows(id: string): unknown[][] {
  return server.run(id).history.map(({ _step, loss }) => [_step, loss])
}

const straight = losses(10).map((loss, i) => [i + 1, loss])

describe('resume, against a stand-in for the server', () => {
  it('sends no step twice that the server has when it comes again after a checkpoint', async () => {
    const first = loggerOf()
    const checkpoint = await cutShort(first, 4, 7)
    expect(rows(first.id)).toEqual(straight.slice(0, 7))
    const second = loggerOf()
    await goOn(second, checkpoint)
    expect(second.id).toBe(first.id)
    expect(second.file).toBe(first.file)
    expect(rows(first.id)).toEqual(straight)
    expect(server.run(first.id)).toMatchObject({ conflicts: 0, repeats: 0, exitCode: 0 })
  })

  it('syncs an offline run that was resumed twice as one', async () => {
    const first = loggerOf({ mode: 'offline' })
    const early = await cutShort(first, 3, 5)
    const trainer = toyTrainer([
      atStep(8, (state) => state.requestStop('test')),
      loggerOf({ mode: 'offline' }),
    ])
    await trainer.updateState(early)
    await trainer.train()
    await goOn(loggerOf({ mode: 'offline' }), structuredClone(await trainer.getState()))
    const reports = await syncRun(dir, { timing, env: environment(server.url) })
    expect(reports).toMatchObject([{ rows: 10, delivered: 10, waiting: 0 }])
    expect(rows(first.id)).toEqual(straight)
  })

  it('goes on in a new file where the old one is not there, and sends what the server lacks', async () => {
    const first = loggerOf()
    const checkpoint = await cutShort(first, 4, 7)
    const elsewhere = newFolder()
    const second = loggerOf({ dir: elsewhere })
    await goOn(second, checkpoint)
    expect(second.file!.startsWith(elsewhere)).toBe(true)
    expect(rows(first.id)).toEqual(straight)
    expect(server.run(first.id)).toMatchObject({ conflicts: 0, repeats: 0 })
  })

  it('does not take a file for the one of the checkpoint that has another history', async () => {
    const checkpoint = await cutShort(loggerOf({ id: 'one', mode: 'offline' }), 4, 7)
    const { folder } = checkpoint.callbacks!['WandbLogger'] as { folder: string }
    const other = loggerOf({ id: 'one', mode: 'offline', dir: newFolder() })
    await train([other], { data: [0.1] })
    const place = join(dir, 'wandb', folder)
    renameSync(place, join(newFolder(), 'away'))
    mkdirSync(dirname(place), { recursive: true })
    renameSync(dirname(other.file!), place)
    const host = await goOn(loggerOf({ id: 'one', mode: 'offline' }), checkpoint)
    expect(host.warnings.join()).toContain('or is another than the checkpoint knows')
  })

  it('keeps what was printed between a checkpoint and the end, which does not come again', async () => {
    const first = loggerOf({ console: true, mode: 'offline' })
    const say = onSavePoint((state: TrainerState) => process.stdout.write(`at ${state.step}\n`))
    let checkpoint: Checkpoint | undefined
    const trainer = toyTrainer([
      say,
      atStep(6, (state) => state.requestStop('test')),
      onSavePoint(async (state: TrainerState) => {
        if (state.step === 4) checkpoint = structuredClone(await trainer.getState())
      }),
      first,
    ])
    await trainer.train()
    await goOn(loggerOf({ mode: 'offline' }), checkpoint!)
    await syncRun(dir, { timing, env: environment(server.url) })
    expect(rows(first.id)).toEqual(straight)
    const said = server
      .run(first.id)
      .lines('output.log')
      .map((line) => line!.split(' ').slice(1).join(' '))
    expect(said).toEqual([1, 2, 3, 4, 5, 6, 6].map((step) => `at ${step}`))
  })

  it('goes on with `resume: "must"` where the server stands', async () => {
    await train([loggerOf({ id: 'known' })])
    // The same steps from the start, in another place: without a checkpoint they are new ones.
    await train([loggerOf({ id: 'known', resume: 'must', dir: newFolder() })])
    expect(rows('known')).toEqual([...straight, ...straight.map(([step, loss]) => [10 + step!, loss])])
    expect(server.run('known')).toMatchObject({ conflicts: 0, repeats: 0 })
  })

  it('goes on behind what the server has where the file of the same id is damaged', async () => {
    const first = loggerOf({ id: 'known' })
    await train([first])
    writeFileSync(first.file!, 'no longer a file of W&B')
    const host = new ToyHost()
    const second = loggerOf({ id: 'known' })
    await train([second], { host })
    expect(host.warnings.join()).toContain(`${first.file} cannot be gone on with`)
    expect(second.file).not.toBe(first.file)
    expect(rows('known')).toEqual([...straight, ...straight.map(([step, loss]) => [10 + step!, loss])])
    expect(server.run('known')).toMatchObject({ conflicts: 0, repeats: 0 })
  })

  it('goes on with the file of an earlier run of the same id', async () => {
    const first = loggerOf({ id: 'known', mode: 'offline' })
    await train([first])
    const second = loggerOf({ id: 'known', mode: 'offline' })
    await train([second])
    expect(second.file).toBe(first.file)
    await syncRun(dir, { timing, env: environment(server.url) })
    expect(rows('known').map(([step]) => step)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1))
  })

  it('refuses to start if the run must be there and is not, or must not and is', async () => {
    await expect(train([loggerOf({ id: 'none', resume: 'must' })])).rejects.toThrow(
      '[wandb] there is no run "none" in project "uncategorized", but `resume` is \'must\'',
    )
    await train([loggerOf({ id: 'known' })])
    await expect(train([loggerOf({ id: 'known', resume: 'never' })])).rejects.toThrow(
      '[wandb] there is a run "known" in project "uncategorized" already, but `resume` is \'never\'',
    )
  })

  it('is not misled by an answer that got lost', async () => {
    server.faults = [{ on: 'UpsertBucket', times: 1, drop: 'after' }]
    await train([loggerOf({ id: 'new', resume: 'never' })])
    expect(rows('new')).toEqual(straight)
  })

  it('makes a run of its own where the checkpoint is of another id', async () => {
    const checkpoint = await cutShort(loggerOf({ id: 'parent' }), 4, 7)
    await goOn(loggerOf({ id: 'fork' }), checkpoint)
    expect(rows('parent')).toEqual(straight.slice(0, 7))
    expect(rows('fork')).toEqual(straight.slice(4))
  })

  it('goes on when the same trainer trains further', async () => {
    const logger = loggerOf()
    const trainer = toyTrainer([atStep(4, (state) => state.requestStop('test')), logger])
    await trainer.train()
    expect(server.run(logger.id).exitCode).toBe(0)
    await trainer.train()
    expect(rows(logger.id)).toEqual(straight)
    expect(basename(logger.file!)).toBe(`run-${logger.id}.wandb`)
  })

  it('takes what is logged after the end, until finish() is called again', async () => {
    const logger = loggerOf()
    await train([logger])
    logger.log({ test_loss: 0.5 })
    expect(await logger.finish()).toMatchObject({ rows: 11, delivered: 11, waiting: 0 })
    expect(server.run(logger.id).history.at(-1)).toMatchObject({ test_loss: 0.5, _step: 11 })
  })
})
