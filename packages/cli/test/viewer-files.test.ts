import { mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { FilterAnswer, RunDetails, RunsMessage } from '../src/viewer/protocol.ts'
import { newFolder, writeFile, writeRun } from './folders.ts'
import { type Answer, open } from './viewer.ts'

describe('files', () => {
  test('outside of the artifacts cannot be read, whatever the path', async () => {
    const logs = newFolder()
    const folder = writeRun(logs, 1)
    writeFile('secret', logs, 'secret.txt')
    writeFile('fine', folder, 'artifacts/Text/fine.txt')
    writeRun(logs, 2)
    writeFile('fine, too', logs, '2/artifacts/Text/other.txt')
    const { ask } = await open(logs)
    const get = (run: string, path: string): Promise<Answer> =>
      ask(`/api/artifacts?run=${encodeURIComponent(run)}&path=${encodeURIComponent(path)}`)
    expect((await get('1', 'artifacts/Text/fine.txt')).body.toString()).toBe('fine')
    const paths = [
      '../secret.txt',
      'artifacts/../../secret.txt',
      'artifacts/Text/../../../secret.txt',
      'artifacts/Text/..%2f..%2f..%2fsecret.txt',
      String.raw`artifacts\..\..\secret.txt`,
      join(logs, 'secret.txt'),
      '/etc/passwd',
      'artifacts/Text/fine.txt\0.png',
      'metadata/config.yaml',
      'artifacts/Text',
      'artifacts',
      '',
    ]
    for (const path of paths) expect((await get('1', path)).status, path).toBe(404)
    for (const run of ['../1', '.', '', '1/../2', '/etc', '__proto__'])
      expect((await get(run, 'artifacts/Text/other.txt')).status, run).toBe(404)
    for (const path of ['/../../../etc/passwd', '/api/../secret.txt', '/%2e%2e/secret.txt', '//secret.txt'])
      expect((await ask(path)).status, path).toBe(404)
  })

  test('that are links out of the run cannot be read', async () => {
    const [logs, outside] = [newFolder(), newFolder()]
    writeFile('secret', outside, 'secret.txt')
    const folder = writeRun(logs, 1)
    writeFile('fine', folder, 'artifacts/Text/fine.txt')
    symlinkSync(join(outside, 'secret.txt'), join(folder, 'artifacts/Text/link.txt'))
    symlinkSync(outside, join(folder, 'artifacts/Linked'))
    symlinkSync(join(folder, 'artifacts/Text/fine.txt'), join(folder, 'artifacts/Text/inside.txt'))
    symlinkSync(join(outside, 'secret.txt'), join(folder, 'log.stdout'))
    const { ask, json } = await open(logs)
    const status = async (path: string): Promise<number> =>
      (await ask(`/api/artifacts?run=1&path=${encodeURIComponent(path)}`)).status
    expect(await status('artifacts/Text/link.txt')).toBe(404)
    expect(await status('artifacts/Linked/secret.txt')).toBe(404)
    expect(await status('artifacts/Text/inside.txt')).toBe(200)
    expect((await ask('/api/text?run=1&path=log.stdout')).status).toBe(404)
    const { artifacts, console } = await json<RunDetails>('/api/run?run=1')
    expect(artifacts.map(({ path }) => path)).toEqual([
      'artifacts/Text/fine.txt',
      'artifacts/Text/inside.txt',
    ])
    expect(console).toEqual([])
  })

  test('of runs that lead out of the folder are left out, and named', async () => {
    const [logs, outside] = [newFolder(), newFolder()]
    writeRun(logs, 1)
    writeRun(outside, 9, { config: { password: 'secret' } })
    symlinkSync(join(outside, '9'), join(logs, '2'))
    const inside = writeRun(logs, 3, { metrics: {} })
    mkdirSync(join(inside, 'metrics'))
    writeFile('{"pin": 1234}\n', outside, 'numbers.json')
    symlinkSync(join(outside, 'numbers.json'), join(inside, 'metrics/train.json'))
    mkdirSync(join(logs, '4'))
    symlinkSync(join(outside, '9/metadata'), join(logs, '4/metadata'))
    const { ask, json, lines } = await open(logs)
    const { body } = await ask('/api/runs')
    expect(body.toString()).not.toMatch(/secret|pin/)
    const { rows, problems } = await json<RunsMessage>('/api/runs')
    expect(rows.map(({ id }) => id)).toEqual(['1'])
    expect(problems.map(({ path }) => path)).toEqual([
      join(logs, '2'),
      join(inside, 'metrics/train.json'),
      join(logs, '4/metadata'),
    ])
    expect((await ask('/api/run?run=2')).status).toBe(404)
    expect(await lines({ runs: ['3'], metric: 'train.pin' })).toEqual([])
    expect(
      await json<FilterAnswer>(`/api/filter?query=${encodeURIComponent("config.password =~ '^s'")}`),
    ).toEqual({
      ids: [],
    })
  })

  test('are never run: what a browser could run is saved, the rest is shown as what it is', async () => {
    const logs = newFolder()
    const folder = writeRun(logs, 1)
    const names = [
      'page.html',
      'drawing.svg',
      'program.js',
      'model.bin',
      'picture.png',
      'text.txt',
      'data.json',
    ]
    for (const name of names) writeFile('<script>alert(1)</script>', folder, 'artifacts/Any', name)
    const { ask } = await open(logs)
    const types: Record<string, unknown> = {}
    for (const name of names) {
      const { headers } = await ask(`/api/artifacts?run=1&path=artifacts%2FAny%2F${name}`)
      expect(headers['x-content-type-options']).toBe('nosniff')
      expect(headers['content-security-policy']).toMatch(/default-src 'none'.*sandbox$/)
      types[name] = [headers['content-type'], headers['content-disposition']?.split(';')[0]]
    }
    const saved = ['application/octet-stream', 'attachment']
    const text = ['text/plain; charset=utf-8', undefined]
    expect(types).toEqual({
      'page.html': saved,
      'drawing.svg': saved,
      'program.js': saved,
      'model.bin': saved,
      'picture.png': ['image/png', undefined],
      'text.txt': text,
      'data.json': text,
    })
  })
})
