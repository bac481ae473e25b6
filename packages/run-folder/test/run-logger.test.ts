import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import {
  Artifact,
  ImageArtifact,
  JSONArtifact,
  readYaml,
  RunLogger,
  TensorsArtifact,
  TextArtifact,
} from '@trainyard/run-folder'
import { readSafetensors } from '@trainyard/checkpointer'
import * as fc from 'fast-check'
import { decode } from 'fast-png'
import { describe, expect, test } from 'vitest'
import { filesIn, linesOf, newFolder, read } from './folders.ts'

function info(run: { logDir: string }): Record<string, unknown> {
  return readYaml(join(run.logDir, 'metadata', 'info.yaml')) as Record<string, unknown>
}

describe('the folder of a run', () => {
  test('has the layout and the files of the seed', async () => {
    const parentLogDir = newFolder()
    const config = {
      seed: 0,
      num_epoch: 10,
      model: { num_units: 100, pad_token: '<pad>', password: null },
      optimizer: { lr: 10 },
    }
    const run = new RunLogger({ parentLogDir, config })
    run.logMetrics({ loss: 0.030253788456320763, epoch: 0 }, 'train')
    run.logMetrics({ loss: 0.02899891696870327, epoch: 1 }, 'train')
    await run.logCheckpoint({ epoch: 1 }, 'last_ckpt')
    run.finish()
    expect(filesIn(parentLogDir)).toEqual([
      '1/artifacts/Checkpoint/last_ckpt.safetensors',
      '1/metadata/config.yaml',
      '1/metadata/info.yaml',
      '1/metadata/mlxpy.yaml',
      '1/metrics/.keys/metrics.yaml',
      '1/metrics/train.json',
    ])
    expect(read(run.logDir, 'metrics/train.json')).toBe(
      '{"loss": 0.030253788456320763, "epoch": 0}\n{"loss": 0.02899891696870327, "epoch": 1}\n',
    )
    expect(readYaml(join(run.logDir, 'metadata/config.yaml'))).toEqual(config)
    expect(read(run.logDir, 'metrics/.keys/metrics.yaml')).toBe("train.loss: ''\ntrain.epoch: ''\n")
    expect(info(run)).toMatchObject({
      cmd: '',
      end_date: expect.stringMatching(/^\d\d\/\d\d\/\d{4}$/) as unknown,
      end_time: expect.stringMatching(/^\d\d:\d\d:\d\d$/) as unknown,
      executable: process.execPath,
      log_dir: run.logDir,
      log_id: 1,
      logger: { log_id: 1, metrics_dir: join(run.logDir, 'metrics') },
      process_id: process.pid,
      start_date: expect.stringMatching(/^\d\d\/\d\d\/\d{4}$/) as unknown,
      status: 'COMPLETE',
      work_dir: process.cwd(),
      hostname: hostname(),
    })
    expect(readYaml(join(run.logDir, 'metadata/mlxpy.yaml'))).toMatchObject({
      logger: {
        forced_log_id: -1,
        log_streams_to_file: false,
        name: 'DefaultLogger',
        parent_log_dir: parentLogDir,
      },
      scheduler: { name: 'NoScheduler', shell_path: '/bin/bash' },
      use_logger: true,
      interactive_mode: true,
    })
  })

  test('is RUNNING while it is written, and numbered from 1 on, past whatever is there', () => {
    const parentLogDir = newFolder()
    const first = new RunLogger({ parentLogDir })
    expect(info(first)).toMatchObject({ status: 'RUNNING', end_time: '' })
    expect(existsSync(join(first.logDir, '.writer-1'))).toBe(true)
    mkdirSync(join(parentLogDir, '7'))
    writeFileSync(join(parentLogDir, '8'), 'a file is in the way')
    mkdirSync(join(parentLogDir, 'notes'))
    const second = new RunLogger({ parentLogDir })
    expect([first.logId, second.logId]).toEqual([1, 9])
    first.finish()
    second.finish('FAILED', new Error('out of luck'))
    expect(info(second)).toMatchObject({
      status: 'FAILED',
      error: expect.stringContaining('out of luck') as unknown,
    })
    for (const loss of [1, 2])
      expect(() => first.logMetrics({ loss }, 'train')).toThrow('is finished; nothing more can be written')
    expect(first.position()).toEqual({})
  })

  test('writes numbers that JSON does not have as Python does, and what YAML 1.1 would misread in quotes', () => {
    const config = { lr: 1e-7, on: 'on', time: '16:01:13', id: '012', big: 1e21 }
    const run = new RunLogger({ parentLogDir: newFolder(), config })
    run.logMetrics(
      { a: NaN, b: Infinity, c: -Infinity, d: -0, e: 1e-7, f: null, g: true, h: 'x"y\n', i: undefined },
      'train',
    )
    run.logMetrics({ nested: { list: [1, NaN] }, 'odd "key"': 1 }, 'train')
    expect(() => run.logMetrics({ a: 1n } as never, 'train')).toThrow(
      '[run-folder] a row of metrics cannot hold a bigint',
    )
    run.finish()
    expect(linesOf(run.logDir, 'train')).toEqual([
      '{"a": NaN, "b": Infinity, "c": -Infinity, "d": -0.0, "e": 1e-7, "f": null, "g": true, "h": "x\\"y\\n"}',
      '{"nested": {"list": [1, NaN]}, "odd \\"key\\"": 1}',
    ])
    expect(read(run.logDir, 'metadata/config.yaml')).toBe(
      "lr: 1.e-7\n'on': 'on'\ntime: '16:01:13'\nid: '012'\nbig: 1.e+21\n",
    )
  })
})

test('what is printed is kept as it is read: a line that is drawn over and over once, no colours', () => {
  const run = new RunLogger({ parentLogDir: newFolder(), logStreamsToFile: true })
  process.stdout.write('\r10%\r20%')
  process.stdout.write('\r30%\n\u001b[31mred\u001b[0m\nhalf')
  process.stdout.write(new Uint8Array([0x20, 0xc3]))
  process.stdout.write(new Uint8Array([0xa4]))
  run.finish()
  process.stdout.write('\n')
  expect(read(run.logDir, 'log.stdout')).toBe('30%\nred\nhalf ä\n')
})

describe('going back to a run', () => {
  test('an id that does not exist is an error, unless it is to be made', () => {
    const parentLogDir = newFolder()
    new RunLogger({ parentLogDir }).finish()
    expect(() => new RunLogger({ parentLogDir, forcedLogId: 11 })).toThrow(
      `[run-folder] there is no run 11 in "${parentLogDir}" (there are 1, up to 1); correct \`forcedLogId\`, or set \`createIfMissing: true\``,
    )
    const made = new RunLogger({ parentLogDir, forcedLogId: 11, createIfMissing: true })
    expect(made.logId).toBe(11)
    made.finish()
    expect(() => new RunLogger({ parentLogDir, forcedLogId: 1.5 })).toThrow(
      "`forcedLogId` must be a run's number",
    )
  })

  test('keeps the first start and config, and records the resume', () => {
    const parentLogDir = newFolder()
    const first = new RunLogger({ parentLogDir, config: { lr: 0.1 } })
    first.finish('FAILED', new Error('the first time'))
    const before = info(first)
    const again = new RunLogger({ parentLogDir, forcedLogId: 1, config: { lr: 0.5 } })
    expect(again.isResumed).toBe(true)
    expect(again.config).toEqual({ lr: 0.1 })
    expect(info(again)).toMatchObject({ status: 'RUNNING', end_date: '' })
    again.finish()
    const { error: _, ended_at: __, ...kept } = before
    expect(info(again)).toMatchObject({
      ...kept,
      status: 'COMPLETE',
      end_time: expect.any(String) as unknown,
      resumes: [{ process_id: process.pid, config: { lr: 0.5 } }],
    })
    expect(info(again)).not.toHaveProperty('error')
    expect(readYaml(join(first.logDir, 'metadata/config.yaml'))).toEqual({ lr: 0.1 })
  })

  test('takes metrics back to where the checkpoint was saved, so that no row is there twice', async () => {
    const parentLogDir = newFolder()
    const first = new RunLogger({ parentLogDir })
    for (let epoch = 0; epoch < 3; epoch++) {
      first.logMetrics({ epoch }, 'train')
      await first.logCheckpoint({ epoch, weights: Float32Array.of(epoch, 0.5) })
    }
    first.logMetrics({ epoch: 3 }, 'train')
    first.logMetrics({ late: 1 }, 'test')
    first.finish()
    const again = new RunLogger({ parentLogDir, forcedLogId: 1 })
    expect(await again.loadCheckpoint()).toEqual({ epoch: 2, weights: Float32Array.of(2, 0.5) })
    expect(linesOf(first.logDir, 'train')).toHaveLength(4)
    again.logMetrics({ epoch: 3, second: true }, 'train')
    // A look at a checkpoint later on changes nothing.
    await again.loadCheckpoint()
    again.logMetrics({ epoch: 4 }, 'train')
    again.finish()
    expect(linesOf(first.logDir, 'train')).toEqual([
      '{"epoch": 0}',
      '{"epoch": 1}',
      '{"epoch": 2}',
      '{"epoch": 3, "second": true}',
      '{"epoch": 4}',
    ])
    expect(read(first.logDir, 'metrics/test.json')).toBe('')
    const third = new RunLogger({ parentLogDir, forcedLogId: 1 })
    await third.loadCheckpoint('last_ckpt', { rewind: false })
    third.logMetrics({ epoch: 5 }, 'train')
    third.finish()
    expect(linesOf(first.logDir, 'train')).toHaveLength(6)
  })

  test('mends a last line that was torn: a row gets its line break, the rest of one goes', () => {
    const parentLogDir = newFolder()
    const first = new RunLogger({ parentLogDir })
    first.logMetrics({ a: 1 }, 'whole')
    first.logMetrics({ a: 1 }, 'torn')
    first.finish()
    appendFileSync(join(first.logDir, 'metrics/whole.json'), '{"a": NaN}')
    appendFileSync(join(first.logDir, 'metrics/torn.json'), `{"a": 2, "b": "${'x'.repeat(3 << 20)}`)
    const again = new RunLogger({ parentLogDir, forcedLogId: 1 })
    for (const log of ['whole', 'torn']) again.logMetrics({ a: 3 }, log)
    again.finish()
    expect(linesOf(first.logDir, 'whole')).toEqual(['{"a": 1}', '{"a": NaN}', '{"a": 3}'])
    expect(linesOf(first.logDir, 'torn')).toEqual(['{"a": 1}', '{"a": 3}'])
  })

  test('a run that is being written is refused, unless it is to be taken over; then the first writer stops', () => {
    const parentLogDir = newFolder()
    const first = new RunLogger({ parentLogDir })
    first.logMetrics({ a: 1 }, 'train')
    expect(() => new RunLogger({ parentLogDir, forcedLogId: 1 })).toThrow(
      `process ${process.pid} on ${hostname()} is writing the run`,
    )
    const second = new RunLogger({ parentLogDir, forcedLogId: 1, takeOver: true })
    second.logMetrics({ a: 2 }, 'train')
    first.finish()
    expect(info(second)).toMatchObject({ status: 'RUNNING' })
    expect(() => new RunLogger({ parentLogDir, forcedLogId: 1 })).toThrow('is writing the run')
    second.finish()
    expect(linesOf(first.logDir, 'train')).toEqual(['{"a": 1}', '{"a": 2}'])
    expect(filesIn(first.logDir).filter((file) => file.startsWith('.writer'))).toEqual([])
  })

  test('a writer on another machine that has been silent for more than a minute is dead', () => {
    const parentLogDir = newFolder()
    const first = new RunLogger({ parentLogDir })
    first.finish()
    const claim = (heartbeat: number): void =>
      writeFileSync(
        join(first.logDir, '.writer-4'),
        JSON.stringify({
          process_id: 1,
          hostname: 'elsewhere',
          heartbeat: new Date(heartbeat).toISOString(),
        }),
      )
    claim(Date.now() - 20_000)
    expect(() => new RunLogger({ parentLogDir, forcedLogId: 1 })).toThrow('process 1 on elsewhere')
    claim(Date.now() - 70_000)
    const again = new RunLogger({ parentLogDir, forcedLogId: 1 })
    expect(filesIn(first.logDir)[0]).toBe('.writer-5')
    again.finish()
  })
})

describe('checkpoints', () => {
  test('come back as they were: JSON, numbers that JSON lacks, typed arrays with their shapes', async () => {
    const run = new RunLogger({ parentLogDir: newFolder() })
    const tree = {
      epoch: 3,
      best: NaN,
      list: [1, 'two', null],
      model: {
        kernel: { shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) },
        'a/b': Int32Array.of(5),
        a: { b: Int32Array.of(6) },
      },
      pixels: Uint8ClampedArray.of(1, 255),
      empty: new Float64Array(0),
    }
    expect(await run.loadCheckpoint()).toBeUndefined()
    const path = await run.logCheckpoint(tree)
    expect(path).toBe(join(run.logDir, 'artifacts/Checkpoint/last_ckpt.safetensors'))
    expect(await run.loadCheckpoint()).toEqual(tree)
    expect((await readSafetensors(path)).tensors.get('model/kernel')?.shape).toEqual([2, 2])
    // One after the other, the last one stays.
    await Promise.all([0, 1, 2].map((epoch) => run.logCheckpoint({ epoch }, 'many')))
    expect(await run.loadCheckpoint('many')).toEqual({ epoch: 2 })
    run.finish()
  })

  test('a damaged one, and one under another name, are errors and no new start', async () => {
    const parentLogDir = newFolder()
    const run = new RunLogger({ parentLogDir })
    const path = await run.logCheckpoint({ weights: Float32Array.of(1, 2) }, 'best')
    await expect(run.loadCheckpoint()).rejects.toThrow('there is no checkpoint "last_ckpt"')
    expect(await run.loadCheckpoint('other')).toBeUndefined()
    writeFileSync(path, 'no safetensors')
    await expect(run.loadCheckpoint('best')).rejects.toThrow(path)
    run.finish()
  })

  test('a flipped bit in the weights is found', async () => {
    const run = new RunLogger({ parentLogDir: newFolder() })
    const path = await run.logCheckpoint({ weights: Float32Array.of(1, 2) })
    const bytes = readFileSync(path)
    bytes[bytes.length - 3]! ^= 4
    writeFileSync(path, bytes)
    await expect(run.loadCheckpoint()).rejects.toThrow(`the checkpoint "${path}" is damaged`)
    run.finish()
  })
})

describe('artifacts', () => {
  test('go into a folder of their type', async () => {
    const run = new RunLogger({ parentLogDir: newFolder() })
    await run.logArtifact(new JSONArtifact({ classes: ['cat', 'dog'] }), 'labels')
    await run.logArtifact(new TextArtifact('# Notes\n', '.md'), 'notes')
    const tensors = await run.logArtifact(
      new TensorsArtifact({ a: Float32Array.of(1, 2), b: { shape: [1, 2], data: Int32Array.of(3, 4) } }),
      'embedding',
    )
    const image = await run.logArtifact(
      new ImageArtifact({ width: 2, height: 1, data: Uint8Array.of(255, 0, 0, 0, 255, 0) }),
      'two-pixels',
    )
    class Csv extends Artifact {
      readonly type = 'Csv'
      readonly extension = '.csv'
      override write(path: string): void {
        writeFileSync(path, 'a,b\n1,2\n')
      }
    }
    await run.logArtifact(new Csv(), 'table')
    run.finish()
    expect(filesIn(join(run.logDir, 'artifacts'))).toEqual([
      'Csv/table.csv',
      'Image/two-pixels.png',
      'JSON/labels.json',
      'Tensors/embedding.safetensors',
      'Text/notes.md',
    ])
    expect(JSON.parse(read(run.logDir, 'artifacts/JSON/labels.json'))).toEqual({ classes: ['cat', 'dog'] })
    expect((await readSafetensors(tensors)).tensors.get('b')).toEqual({
      dtype: 'I32',
      shape: [1, 2],
      data: Int32Array.of(3, 4),
    })
    expect(decode(readFileSync(image), { checkCrc: true })).toMatchObject({
      width: 2,
      height: 1,
      channels: 3,
      depth: 8,
      data: Uint8Array.of(255, 0, 0, 0, 255, 0),
    })
  })

  test('one that fails leaves nothing, and one that is none is refused', async () => {
    const run = new RunLogger({ parentLogDir: newFolder() })
    class Broken extends Artifact {
      readonly type = 'Broken'
      readonly extension = '.bin'
      override write(path: string): void {
        writeFileSync(path, 'half')
        throw new Error('no more room')
      }
    }
    await expect(run.logArtifact(new Broken(), 'x')).rejects.toThrow('no more room')
    expect(filesIn(join(run.logDir, 'artifacts'))).toEqual([])
    await expect(run.logArtifact({} as Artifact, 'x')).rejects.toThrow('logArtifact() takes an Artifact')
    expect(() => new ImageArtifact({ width: 2, height: 2, data: new Uint8Array(5) })).toThrow(
      '2 x 2 needs 1, 3 or 4 bytes',
    )
    expect(() => new ImageArtifact({ width: 0, height: 2, data: new Uint8Array(0) })).toThrow(
      '[run-folder] `width` must be a whole number from 1, not 0',
    )
    run.finish()
  })
})

describe('names and sizes', () => {
  test.each([
    '..',
    '.',
    '',
    'a/b',
    'a\\b',
    'a\0b',
    'CON',
    'nul.txt',
    'com1',
    '.hidden',
    'a.',
    'a ',
    'a:b',
    'é'.repeat(101),
  ])('the name %j cannot leave its folder, whatever it is for', async (name) => {
    const folder = newFolder()
    const run = new RunLogger({ parentLogDir: join(folder, 'logs') })
    const before = filesIn(folder)
    expect(() => run.logMetrics({ a: 1 }, name)).toThrow('[run-folder] the log name')
    await expect(run.logArtifact(new TextArtifact('x'), name)).rejects.toThrow(
      '[run-folder] the artifact name',
    )
    await expect(run.logCheckpoint({}, name)).rejects.toThrow('[run-folder] the checkpoint name')
    await expect(run.loadCheckpoint(name)).rejects.toThrow('[run-folder] the checkpoint name')
    expect(filesIn(folder)).toEqual(before)
    run.finish()
  })

  test('any text as a log name is refused, or makes one file in metrics', () => {
    const folder = newFolder()
    const run = new RunLogger({ parentLogDir: join(folder, 'logs') })
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 12 }), (name) => {
        const before = new Set(filesIn(folder))
        try {
          run.logMetrics({ a: 1 }, name)
        } catch (error) {
          expect((error as Error).message).toContain('[run-folder]')
        }
        const added = filesIn(folder).filter((file) => !before.has(file) && !file.includes('.keys'))
        expect(added.every((file) => /^logs\/1\/metrics\/[^/]+\.json$/.test(file)) && added.length <= 1).toBe(
          true,
        )
      }),
      { numRuns: 60 },
    )
    run.finish()
  })

  test('log names that queries use for something else are refused', () => {
    const run = new RunLogger({ parentLogDir: newFolder() })
    for (const name of ['info', 'config', 'mlxpy', 'Artifacts'])
      expect(() => run.logMetrics({ a: 1 }, name)).toThrow('means something else in queries')
    run.finish()
  })

  test('a config that is no config, or is too large, is refused, and leaves no run that looks alive', () => {
    const parentLogDir = newFolder()
    const open = (config: object): RunLogger => new RunLogger({ parentLogDir, config: config as never })
    expect(() => open({ model: { init: () => 0 } })).toThrow(
      'the `config` has a function at "model.init"; it may hold numbers, texts, booleans, null, lists and plain objects',
    )
    expect(() => open({ when: new Date() })).toThrow('a Date at "when"')
    expect(() => open({ large: Array.from({ length: 200_000 }, () => 0) })).toThrow('more than 100000 values')
    expect(() => open({ text: 'x'.repeat(10 << 20) })).toThrow(
      'the `config` has texts of more than 1048576 characters',
    )
    expect(() => open({ text: 'ä'.repeat(1 << 20) })).toThrow('the `config` has 2097159 bytes as YAML')
    expect(() => open(['lr'])).toThrow('the `config` must hold keys and values')
    expect(() => new RunLogger({ parentLogDir, tags: 'best' as never })).toThrow(
      '[run-folder] `tags` must be a list of texts, not "best"',
    )
    expect(() => open({ wandb: { apiKey: 'hush' } })).toThrow(
      'the `config` has a "wandb.apiKey", which would be written to every run; keep it in the environment',
    )
    const loop: Record<string, unknown> = {}
    loop['self'] = loop
    expect(() => open(loop)).toThrow('contains itself')
    expect(readdirSync(parentLogDir)).toEqual([])
  })

  test('an error of any length can be written down', () => {
    const run = new RunLogger({ parentLogDir: newFolder() })
    run.finish('FAILED', new Error('x'.repeat(10 << 20)))
    expect(info(run)).toMatchObject({
      status: 'FAILED',
      error: expect.stringMatching(/^Error: x+$/) as unknown,
    })
  })
})
