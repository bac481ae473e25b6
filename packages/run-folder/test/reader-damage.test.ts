import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { openRuns } from '@trainyard/run-folder'
import { describe, expect, test } from 'vitest'
import { newFolder } from './folders.ts'
import { writeMlxpyRun } from './mlxpy-folders.ts'
import { ids } from './runs.ts'

describe('what is damaged', () => {
  test('is left out and reported; the rest is read', () => {
    const folder = newFolder()
    for (const id of [1, 2, 3, 4, 5, 6]) writeMlxpyRun(folder, id)
    const at = (path: string): string => join(folder, path)
    writeFileSync(
      at('1/metrics/train.json'),
      '{"loss": 1, "epoch": 0}\n{"loss": 2, "ep\n\n[1]\n{"loss": 3}{"loss": 4}\n{"loss": 5, "epoch": 1}\n{"loss"',
    )
    writeFileSync(at('2/metadata/info.yaml'), '')
    writeFileSync(at('3/metadata/config.yaml'), `bomb: &a [${'1,'.repeat(99)}1]\n${bomb()}`)
    writeFileSync(at('4/metadata/config.yaml'), 'x'.repeat(10 << 20))
    writeFileSync(at('5/metadata/config.yaml'), 'a: !!python/object:os.system [1]\nb: {')
    rmSync(at('6/metadata'), { recursive: true })
    mkdirSync(at('7'))
    writeFileSync(at('8'), 'a file')
    const runs = openRuns(folder)
    expect(ids(runs)).toEqual(['1', '2', '3', '4', '5'])
    expect(runs.at(0)!.values('train.loss')).toEqual([1, 5])
    expect(runs.select('id', 'status', 'config.num_epoch', 'train.loss.count').rows).toEqual([
      [1, 'COMPLETE', 4, 2],
      [2, undefined, 4, 4],
      [3, 'COMPLETE', undefined, 4],
      [4, 'COMPLETE', undefined, 4],
      [5, 'COMPLETE', undefined, 4],
    ])
    const reasons = new Map(runs.problems.map(({ path, reason }) => [path.slice(folder.length + 1), reason]))
    expect(reasons.get('2/metadata/info.yaml')).toContain('holds no keys and values')
    expect(reasons.get('3/metadata/config.yaml')).toContain('has more than 100000 values')
    expect(reasons.get('4/metadata/config.yaml')).toContain(
      'has 10485760 bytes; a YAML file about a run may have 1048576',
    )
    expect(reasons.get('5/metadata/config.yaml')).toContain('is not YAML')
    expect(reasons.get('1/metrics/train.json')).toBe('line 2, 4, 5, 7: no row of metrics')
  })

  test('what is not asked for is not read', () => {
    const folder = newFolder()
    for (const id of [1, 2]) writeMlxpyRun(folder, id)
    writeFileSync(join(folder, '1/metadata/config.yaml'), '{')
    writeFileSync(join(folder, '1/metrics/train.json'), 'no row\n')
    const runs = openRuns(folder).filter("info.status == 'COMPLETE'")
    expect([runs.length, runs.problems]).toEqual([2, []])
    expect(runs.filter('config.seed == 0').length).toBe(1)
    expect(runs.problems.map(({ path }) => path)).toEqual([join(folder, '1/metadata/config.yaml')])
    expect(runs.filter('train.loss < 1').length).toBe(1)
    expect(runs.problems).toHaveLength(2)
  })

  test('folders in the place of files, and files in that of folders, too', () => {
    const folder = newFolder()
    for (const id of [1, 2, 3]) writeMlxpyRun(folder, id)
    const at = (path: string): string => join(folder, path)
    rmSync(at('1/metadata'), { recursive: true })
    writeFileSync(at('1/metadata'), 'no folder')
    rmSync(at('2/metrics'), { recursive: true })
    writeFileSync(at('2/metrics'), 'no folder')
    rmSync(at('3/metrics/train.json'))
    mkdirSync(at('3/metrics/train.json'))
    const runs = openRuns(folder)
    expect(runs.select('id', 'status', 'config.seed', 'train.loss').rows).toEqual([
      [1, undefined, undefined, runs.at(0)!.get('train.loss')],
      [2, 'COMPLETE', 0, undefined],
      [3, 'COMPLETE', 0, undefined],
    ])
    expect(runs.at(2)!.rows('train')).toEqual([])
    expect(new Set(runs.problems.map(({ path }) => path.slice(folder.length + 1)))).toEqual(
      new Set(['1/metadata/info.yaml', '1/metadata/config.yaml', '2/metrics', '3/metrics/train.json']),
    )
    expect(() => openRuns(at('2/metrics'))).toThrow('[run-folder] there is no folder')
  })

  test('a last line that was on its way is no problem any more when it has come', async () => {
    const folder = newFolder()
    writeMlxpyRun(folder, 1)
    const path = join(folder, '1/metrics/train.json')
    writeFileSync(path, '{"loss": 1}\n{"loss"')
    const first = openRuns(folder)
    expect(first.at(0)!.get('train.loss.count')).toBe(1)
    expect(first.problems).toMatchObject([{ path, reason: 'line 2: no row of metrics' }])
    await setImmediate()
    writeFileSync(path, '{"loss": 1}\n{"loss": 2}\n{"loss": 3}')
    const second = openRuns(folder)
    expect(second.at(0)!.get('train.loss.count')).toBe(3)
    expect(second.problems).toEqual([])
  })

  test('keys that mean something to JavaScript are keys like others', () => {
    const folder = newFolder()
    writeMlxpyRun(folder, 1)
    writeFileSync(join(folder, '1/metadata/config.yaml'), '__proto__: {polluted: 1}\nconstructor: 2\n')
    writeFileSync(join(folder, '1/metrics/train.json'), '{"__proto__": 3, "constructor": 4, "loss": 1}\n')
    const run = openRuns(folder).at(0)!
    expect(run.get('config.constructor')).toBe(2)
    expect(run.get('config.toString')).toBeUndefined()
    expect(run.get('train.constructor')).toBe(4)
    expect(({} as { polluted?: number }).polluted).toBeUndefined()
  })
})

/** Nine lists of nine times the one before: a few hundred bytes that stand for billions of values. */
function bomb(): string {
  const names = 'abcdefghij'
  return Array.from(
    { length: 9 },
    (_, i) => `${names[i + 1]}: &${names[i + 1]} [${`*${names[i]},`.repeat(9)}]`,
  ).join('\n')
}
