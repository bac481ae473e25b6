import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { readYaml, RunLogger } from '@trainyard/run-folder'
import { readSafetensors } from '@trainyard/checkpointer'
import { describe, expect, test } from 'vitest'
import { filesIn, info, linesOf, newFolder, read } from './folders.ts'

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
      executable_arguments: process.execArgv,
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
