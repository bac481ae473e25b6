import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { inflateSync } from 'node:zlib'
import { onSavePoint, type Strategy, single } from '@trainyard/core'
import { WandbStandIn } from '@trainyard/testing/wandb'
import { histogram, image, images, table, text, WandbLogger, type WandbLoggerOptions } from '@trainyard/wandb'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { atStep, environment, newFolder, timing, ToyHost, ToyModule, toyTrainer, train } from './toy.ts'

let server: WandbStandIn
beforeEach(async () => {
  server = await WandbStandIn.start()
})
afterEach(() => server.kill())

function loggerOf(options: Partial<WandbLoggerOptions<'loss'>> = {}): WandbLogger {
  return new WandbLogger({
    id: 'run',
    stepFreq: 5,
    dir: newFolder(),
    timing,
    env: environment(server.url),
    ...options,
  })
}

/** Takes a PNG apart. */
function pngOf(file: Uint8Array): { width: number; height: number; type: number; rows: number[][] } {
  const png = Buffer.from(file)
  const parts: Record<string, Buffer> = {}
  for (let at = 8; at < png.length;) {
    const size = png.readUInt32BE(at)
    parts[png.toString('latin1', at + 4, at + 8)] = png.subarray(at + 8, at + 8 + size)
    at += size + 12
  }
  const [width, height] = [parts['IHDR']!.readUInt32BE(0), parts['IHDR']!.readUInt32BE(4)]
  const bytes = inflateSync(parts['IDAT']!)
  const row = bytes.length / height
  const rows = Array.from({ length: height }, (_, y) => [...bytes.subarray(y * row, (y + 1) * row)])
  return { width, height, type: parts['IHDR']![9]!, rows }
}

const own = { _runtime: expect.any(Number), _timestamp: expect.any(Number) }

describe('WandbLogger, against a stand-in for the server', () => {
  it('sends loss, learning rate, epochs and validation, one row a step', async () => {
    const logger = loggerOf({ stepFreq: 4 })
    await train([logger], { validate: { data: [0.25, 0.75] } })
    const run = server.run('run')
    expect(run.history).toEqual([
      { loss: 0.25, learning_rate: 0.1, _step: 4, ...own },
      { loss: 0.125, learning_rate: 0.1, _step: 8, ...own },
      { val_loss: 0.5, val_accuracy: 0.5, epoch: 1, epoch_time: expect.any(Number), _step: 10, ...own },
    ])
    expect(run.summary).toMatchObject({ loss: 0.125, val_loss: 0.5, epoch: 1, _step: 10 })
    expect(run.exitCode).toBe(0)
  })

  it('logs the loss every 100 steps by default, and other tensors under the names that the user gave', async () => {
    const module = new ToyModule()
    const accuracy = module.tensor('accuracy').rename('acc')
    const logger = new WandbLogger({
      id: 'run',
      dir: newFolder(),
      timing,
      env: environment(server.url),
      tensorsToLog: ['loss', accuracy],
    })
    await train([logger], { module, data: Array.from({ length: 250 }, () => 0.25) })
    expect(server.run('run').history).toEqual([
      { loss: 0.25, acc: 0.75, learning_rate: 0.1, _step: 100, ...own },
      { loss: 0.25, acc: 0.75, learning_rate: 0.1, _step: 200, ...own },
      { epoch: 1, epoch_time: expect.any(Number), _step: 250, ...own },
    ])
  })

  it('tells the server what the options say about the run', async () => {
    const host = new ToyHost()
    const logger = loggerOf({
      wandbName: 'One',
      wandbProject: 'toys',
      entity: 'team',
      tags: ['a', 'b'],
      notes: 'first try',
      group: 'tries',
      jobType: 'train',
      config: { lr: 0.1, layers: [1, 2], deep: { a: null }, when: new Date(0), big: 2n ** 70n },
    })
    await train([atStep(3, () => logger.logConfig({ lr: 0.2, late: true })), logger], { host })
    const run = server.run('run')
    expect(run.told).toMatchObject({
      displayName: 'One',
      project: 'toys',
      entity: 'team',
      tags: ['a', 'b'],
      notes: 'first try',
      groupName: 'tries',
      jobType: 'train',
    })
    expect(run.config).toEqual({
      lr: 0.2,
      layers: [1, 2],
      deep: { a: null },
      when: '1970-01-01T00:00:00.000Z',
      big: '1180591620717411303424',
      late: true,
    })
    expect(logger.url).toBe(`${server.url}/team/toys/runs/run`)
    expect(host.lines).toEqual([`[wandb] run One: ${logger.url}`, `[wandb] 2 rows delivered: ${logger.url}`])
    expect(host.warnings).toEqual([])
  })

  it('takes whatever it is given, at the moment of the call, and puts it into the row of the step', async () => {
    const logger = loggerOf()
    const values: Record<string, unknown> = {
      a: 1,
      nan: NaN,
      list: [Infinity, 2],
      bytes: new Uint8Array([1, 2]),
    }
    values['self'] = values
    const log = atStep(5, () => {
      logger.log(values)
      values['a'] = 2
      logger.log({
        b: new Map([['x', new Set([1n])]]),
        none: undefined,
        f: () => {},
        __proto__key: 'ü "quoted"',
      })
    })
    await train([log, logger])
    expect(server.run('run').history[0]).toEqual({
      a: 1,
      nan: 'NaN',
      list: ['Infinity', 2],
      bytes: [1, 2],
      self: expect.objectContaining({ self: '[circular]' }),
      b: { x: [1] },
      f: '[function]',
      __proto__key: 'ü "quoted"',
      loss: 0.2,
      learning_rate: 0.1,
      _step: 5,
      ...own,
    })
  })

  it('puts what comes too late for its row, after a save, into the next one', async () => {
    const logger = loggerOf({ stepFreq: 4 })
    const save = onSavePoint(async (state, trainer) => {
      if (state.step === 4) logger.log({ early: state.step })
      if (state.step === 5 || state.step === 8) {
        await trainer.getState()
        logger.log({ late: state.step })
      }
    })
    const atFive = atStep(5, () => logger.log({ first: 1 }))
    await train([atFive, logger, save])
    const values = server
      .run('run')
      .history.map(({ _step, early, first, late }) => [_step, early, first, late])
    const none = undefined
    expect(values).toEqual([
      [4, 4, none, none],
      [5, none, 1, none],
      [6, none, none, 5],
      [8, none, none, none],
      [9, none, none, 8],
      [10, none, none, none],
    ])
  })

  it('sends images, histograms, tables and texts', async () => {
    const logger = loggerOf()
    const pixels = { data: [0, 255, 128, 64, 0, 0], width: 2, height: 1 }
    const log = atStep(5, () =>
      logger.log({
        picture: image({ ...pixels, caption: 'two' }),
        pictures: images([pixels, { ...pixels, caption: 'second' }]),
        weights: histogram([0, 0, 1, 2, 4, NaN], 4),
        answers: table(
          ['question', 'answer'],
          [
            ['6 * 7', 42],
            ['0 / 0', NaN],
          ],
        ),
        note: text('a < b'),
      }),
    )
    await train([log, logger])
    const { history, files } = server.run('run')
    const [row] = history as [Record<string, Record<string, unknown>>]
    const { path } = row['picture'] as { path: string }
    expect(row['picture']).toEqual({
      _type: 'image-file',
      path: expect.stringMatching(/^media\/images\/picture_5_[0-9a-f]{20}\.png$/),
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      size: files.get(path)!.length,
      format: 'png',
      width: 2,
      height: 1,
      caption: 'two',
    })
    expect(pngOf(files.get(path)!)).toEqual({
      width: 2,
      height: 1,
      type: 2,
      rows: [[0, 0, 255, 128, 64, 0, 0]],
    })
    expect(row['pictures']).toMatchObject({ _type: 'images/separated', count: 2, captions: ['', 'second'] })
    for (const name of row['pictures']!['filenames'] as string[]) expect(files.has(name)).toBe(true)
    expect(row['weights']).toEqual({ _type: 'histogram', values: [2, 1, 1, 1], bins: [0, 1, 2, 3, 4] })
    const { path: tablePath, ...tableRow } = row['answers'] as { path: string }
    expect(tableRow).toMatchObject({ _type: 'table-file', ncols: 2, nrows: 2 })
    expect(JSON.parse(Buffer.from(files.get(tablePath)!).toString())).toEqual({
      columns: ['question', 'answer'],
      data: [
        ['6 * 7', 42],
        ['0 / 0', 'NaN'],
      ],
    })
    const { path: html } = row['note'] as { path: string }
    expect(Buffer.from(files.get(html)!).toString()).toContain('a &lt; b')
  })

  it.each([
    ['grey', 0, [0, 255], [0, 255]],
    ['grey and alpha', 4, [1, 2, 3, 4], [1, 2, 3, 4]],
    ['RGB of floats', 2, Float32Array.of(0, 0.5, 1, 2, -1, NaN), [0, 128, 255, 255, 0, 0]],
    ['RGBA', 6, Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8), [1, 2, 3, 4, 5, 6, 7, 8]],
  ])('sends images as they are: %s', async (_, type, data, pixels) => {
    const logger = loggerOf()
    await train([atStep(5, () => logger.log({ picture: image({ data, width: 1, height: 2 }) })), logger])
    const [file] = server.run('run').files.values()
    const half = pixels.length / 2
    // In front of each row stands its filter: none.
    const rows = [
      [0, ...pixels.slice(0, half)],
      [0, ...pixels.slice(half)],
    ]
    expect(pngOf(file!)).toEqual({ width: 1, height: 2, type, rows })
  })

  it('says where it cannot begin', async () => {
    const dir = join(newFolder(), 'file')
    writeFileSync(dir, '')
    await expect(train([loggerOf({ dir })])).rejects.toThrow(
      /\[wandb\] cannot make .*run-run\.wandb: (ENOTDIR|EEXIST).*; set `dir` to a place that can be written to/,
    )
  })

  it('keeps names of media inside the folder of the run', async () => {
    const logger = loggerOf()
    const log = atStep(5, () => logger.log({ '../../../x/y': text('z') }))
    await train([log, logger])
    expect([...server.run('run').files.keys()]).toEqual([
      expect.stringMatching(/^media\/html\/\.\._\.\._\.\._x_y_5_/),
    ])
  })

  it('says what it cannot log, and goes on', async () => {
    const host = new ToyHost()
    const logger = loggerOf()
    const broken = {
      toJSON: () => {
        throw new Error('no')
      },
    }
    await train([atStep(5, () => logger.log({ broken, _step: 3, fine: 1 })), logger], { host })
    expect(host.warnings).toEqual([
      '[wandb] cannot log `broken`: no',
      "[wandb] `_step` is a field of W&B's own and cannot be logged",
    ])
    expect(server.run('run').history[0]).toMatchObject({ fine: 1, _step: 5 })
  })

  it('sets the summary', async () => {
    const logger = loggerOf()
    await train([atStep(7, () => logger.logSummary({ best: 0.1, loss: 'see best' })), logger])
    expect(server.run('run').summary).toMatchObject({ best: 0.1, loss: 0.1, epoch: 1 })
  })

  it('copies the console and measures the machine if asked to', async () => {
    const logger = loggerOf({ console: true, systemMetrics: true })
    const print = atStep(2, () => {
      process.stdout.write('half a ')
      process.stdout.write('line\n10 %\r20 %\n')
      process.stderr.write('trouble\n')
    })
    await train([print, logger])
    const run = server.run('run')
    const lines = run.lines('output.log').map((line) => line!.replace(/\d{4}-\S+ /, ''))
    expect(lines).toEqual(['half a line', '20 %', 'ERROR trouble'])
    expect(JSON.parse(run.lines('wandb-events.jsonl')[0]!)).toMatchObject({
      'system.cpu': expect.any(Number),
      'system.proc.memory.rssMB': expect.any(Number),
      _wandb: true,
      ...own,
    })
  })

  it.each([
    [true, [['latest', 'step-10']]],
    [
      'all',
      [
        ['latest', 'step-5'],
        ['latest', 'step-10'],
      ],
    ],
    [false, []],
  ] as const)(
    'sends checkpoints as artifacts if `logModel` is %s, also those that are deleted meanwhile',
    async (logModel, expected) => {
      const folder = newFolder()
      const logger = loggerOf({ logModel })
      const save = onSavePoint(async (state, trainer) => {
        if (state.step % 5 !== 0 || state.batch === 0) return
        await saveAt(state.step, trainer)
      })
      const saveAt = async (
        step: number,
        trainer: { emit: (event: 'onCheckpoint', saved: { path: string; step: number }) => Promise<void> },
      ): Promise<void> => {
        const path = join(folder, `step=${step}`)
        mkdirSync(join(path, 'deep'), { recursive: true })
        writeFileSync(join(path, 'deep/model.safetensors'), `weights ${step}`)
        writeFileSync(join(path, 'manifest.json'), '{}')
        await trainer.emit('onCheckpoint', { path, step })
      }
      const last = { onEpochEnd: (_state: unknown, trainer: never) => saveAt(10, trainer) }
      await train([save, last, logger])
      const { artifacts } = server
      expect(artifacts.map(({ aliases }) => aliases)).toEqual(expected)
      for (const artifact of artifacts) {
        expect(artifact).toMatchObject({ name: 'model-run', type: 'model', isCommitted: true })
        expect([...artifact.files.keys()]).toEqual([
          'deep/model.safetensors',
          'manifest.json',
          'wandb_manifest.json',
        ])
      }
      const weights = artifacts.map(({ files }) =>
        Buffer.from(files.get('deep/model.safetensors')!).toString(),
      )
      expect(weights).toEqual(expected.map(([, alias]) => `weights ${alias.slice(5)}`))
    },
  )

  it('tells how the run ended', async () => {
    await expect(
      train([
        atStep(3, () => {
          throw new Error('out of luck')
        }),
        loggerOf(),
      ]),
    ).rejects.toThrow('out of luck')
    expect(server.run('run').exitCode).toBe(1)
    const host = new ToyHost()
    await train([atStep(3, () => host.signal('SIGTERM', 143)), loggerOf({ id: 'stopped' })], { host })
    expect(server.run('stopped').exitCode).toBe(143)
  })

  it('does nothing when it is disabled, and on ranks above zero', async () => {
    const dir = newFolder()
    const disabled = loggerOf({ mode: 'disabled', dir })
    await train([atStep(2, () => disabled.log({ a: 1 })), disabled])
    const rankOne: Strategy = { ...single(), localRank: 1, globalRank: 1, worldSize: 2 }
    const logger = loggerOf({ dir })
    const data = { epoch: () => [1, 2, 3], batches: 3 }
    await train([atStep(2, () => logger.log({ a: 1 })), logger], { strategy: rankOne, data })
    expect(await logger.finish()).toBeUndefined()
    expect(server.requests).toEqual([])
    expect(() => readFileSync(join(dir, 'wandb'))).toThrow('ENOENT')
  })

  it('puts its files where the run folder says, unless told otherwise', async () => {
    const logDirectory = newFolder()
    const logger = new WandbLogger({ mode: 'offline', env: {} })
    const trainer = toyTrainer([logger])
    trainer.logDirectory = logDirectory
    await trainer.train()
    expect(logger.file!.startsWith(join(logDirectory, 'wandb', 'offline-run-'))).toBe(true)
  })

  it('does not take values before there is a run', () => {
    expect(() => loggerOf().log({ a: 1 })).toThrow('[wandb] log() works from the start of training on')
  })

  it('does not compile with a name that the module does not have', async () => {
    const logger = new WandbLogger({ tensorsToLog: ['lss'], mode: 'offline', dir: newFolder(), env: {} })
    // @ts-expect-error the module has no output of that name
    await expect(train([logger])).rejects.toThrow('there is no tensor "lss"')
  })
})
