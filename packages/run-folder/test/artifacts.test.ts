import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  Artifact,
  ImageArtifact,
  JSONArtifact,
  RunLogger,
  TensorsArtifact,
  TextArtifact,
} from '@trainyard/run-folder'
import { readSafetensors } from '@trainyard/checkpointer'
import * as fc from 'fast-check'
import { decode } from 'fast-png'
import { describe, expect, test } from 'vitest'
import { filesIn, info, newFolder, read } from './folders.ts'

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
