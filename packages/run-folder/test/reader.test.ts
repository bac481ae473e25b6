import { chmodSync, cpSync, existsSync, mkdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { count, last, max, mean, min, openRuns, QueryError, RunLogger, std } from '@trainyard/run-folder'
import { describe, expect, test } from 'vitest'
import { filesIn, newFolder, read } from './folders.ts'
import { writeMlxpRun, writeMlxpyRun } from './mlxpy-folders.ts'

interface Config {
  readonly optimizer: { readonly lr: number; readonly name: string }
  readonly seed: number
}

const index = '.trainyard-index.json'

/** Writes runs over two rates and two seeds, and one that failed. */
function writeRuns(parentLogDir = newFolder()): string {
  for (const lr of [0.1, 0.001])
    for (const seed of [0, 1]) {
      const run = new RunLogger({ parentLogDir, config: { optimizer: { lr, name: 'adam' }, seed } })
      for (let step = 1; step <= 4; step++)
        run.logMetrics({ step, loss: lr / step + seed, acc: step === 2 ? undefined : step / 4 }, 'train')
      run.logMetrics({ step: 4, val_loss: lr + seed }, 'val')
      run.finish()
    }
  const failed = new RunLogger({
    parentLogDir,
    config: { optimizer: { lr: 0.1, name: 'sgd' }, seed: 0 },
    tags: ['odd'],
  })
  failed.logMetrics({ step: 1, loss: NaN }, 'train')
  failed.finish('FAILED', new Error('NaN'))
  return parentLogDir
}

const ids = (runs: Iterable<{ id: string }>): string[] => Array.from(runs, ({ id }) => id)

describe('finding runs', () => {
  test('by config, info, metrics, tags and artifacts', () => {
    const runs = openRuns<Config>(writeRuns())
    const found = (query: string): string[] => ids(runs.filter(query))
    expect(runs.length).toBe(5)
    expect(found('')).toHaveLength(5)
    expect(found("info.status == 'COMPLETE' & config.optimizer.lr <= 1e-2")).toEqual(['3', '4'])
    expect(found('train.loss.min < 0.02 and config.seed = 0')).toEqual(['3'])
    expect(found('metrics.train.loss.first == 0.1')).toEqual(['1'])
    expect(found('train.loss.argmin == 4 & train.acc.count == 3 & train.acc.max == 1')).toEqual([
      '1',
      '2',
      '3',
      '4',
    ])
    expect(found('val.val_loss > 1')).toEqual(['2', '4'])
    expect(found("tags contains 'odd'")).toEqual(['5'])
    expect(found('info.duration < 1h and id > 4')).toEqual(['5'])
    expect(found("status == 'FAILED' and info.error =~ 'NaN'")).toEqual(['5'])
    expect(found('exists(artifact.Checkpoint)')).toEqual([])
    expect(found('info.alive == false')).toHaveLength(5)
  })

  test('the same with conditions that are built, whose fields are typed', () => {
    const runs = openRuns<Config>(writeRuns())
    expect(
      ids(runs.where((run) => run.info['status']!.eq('COMPLETE').and(run.config.optimizer.lr.lte(1e-2)))),
    ).toEqual(['3', '4'])
    expect(
      ids(runs.where((run) => run.config.optimizer.name.in(['sgd', 'rmsprop']).or(run.id.eq(2)))),
    ).toEqual(['2', '5'])
    expect(ids(runs.where(({ metrics }) => metrics['train']!['loss']!['min']!.lt(0.02)))).toEqual(['3'])
    expect(ids(runs.where(({ tags }) => tags.contains('odd').not()))).toHaveLength(4)
    expect(ids(runs.where(({ config }) => config.optimizer.name.matches(/^s/)))).toEqual(['5'])
    expect(ids(runs.where(({ config }) => config.optimizer.name.matches(/^ADAM/gi)))).toHaveLength(4)
    expect(ids(runs.where(({ info }) => info['started_at']!.lt(new Date())))).toHaveLength(5)
    expect(ids(runs.where(({ config }) => config.seed.exists().and(config.seed.notIn([1]))))).toEqual([
      '1',
      '3',
      '5',
    ])
    // @ts-expect-error: there is no such field
    expect(() => runs.where((run) => run.config.optimiser.lr.lte(1e-2)).length).not.toThrow()
    // @ts-expect-error: a rate is no text
    runs.where((run) => run.config.optimizer.lr.eq('x'))
  })

  test('a field that no run can have is an error, and so is a folder that is not there', () => {
    const runs = openRuns(writeRuns())
    expect(() => runs.filter('trian.loss < 1').length).toThrow(
      'no run has a field "trian.loss": it begins with config, info, train, val, or is id, status, tags, at column 1',
    )
    expect(() => runs.filter('confg.lr < 1 & info.status').length).toThrow(QueryError)
    expect(() => openRuns('./nowhere')).toThrow('[run-folder] there is no folder')
    expect(openRuns(newFolder()).filter('train.loss < 1').length).toBe(0)
  })

  test('named runs and earlier ones below them are found, too', () => {
    const folder = newFolder()
    for (const path of ['mnist/first', 'mnist/first/run_0', 'mnist', 'cifar/2026-11-22_10-00-00'])
      writeMlxpyRun(join(folder, path, '..'), path.split('/').at(-1) as never)
    mkdirSync(join(folder, 'mnist/first/checkpoints/step=3/metadata'), { recursive: true })
    mkdirSync(join(folder, 'notes'))
    expect(ids(openRuns(folder))).toEqual([
      'cifar/2026-11-22_10-00-00',
      'mnist',
      'mnist/first',
      'mnist/first/run_0',
    ])
    expect(openRuns(folder).at(-1)?.get('config.model.num_units')).toBe(100)
  })
})

describe('what runs have in common, and in what they differ', () => {
  test('groups with aggregates, one of them our own', () => {
    const runs = openRuns<Config>(writeRuns()).filter("info.status == 'COMPLETE'")
    const groups = runs.groupBy('config.optimizer.lr')
    expect(groups.length).toBe(2)
    expect(Array.from(groups, ({ key, runs: own }) => [key, ids(own)])).toEqual([
      [{ 'config.optimizer.lr': 0.1 }, ['1', '2']],
      [{ 'config.optimizer.lr': 0.001 }, ['3', '4']],
    ])
    const table = groups.aggregate({
      n: count(),
      best: min('train.loss.min'),
      worst: max('train.loss.max'),
      mean: mean('val.val_loss'),
      std: std('val.val_loss'),
      last: last('config.seed'),
      names: (own) => own.map((run) => run.config.optimizer.name).join(),
    })
    expect(table.toJSON()).toEqual([
      {
        'config.optimizer.lr': 0.1,
        n: 2,
        best: 0.025,
        worst: 1.1,
        mean: expect.closeTo(0.6, 10) as unknown,
        std: 0.5,
        last: 1,
        names: 'adam,adam',
      },
      {
        'config.optimizer.lr': 0.001,
        n: 2,
        best: 0.00025,
        worst: 1.001,
        mean: expect.closeTo(0.501, 10) as unknown,
        std: expect.closeTo(0.5, 10) as unknown,
        last: 1,
        names: 'adam,adam',
      },
    ])
    expect(runs.aggregate({ best: min('train.loss.min'), n: count('val.val_loss') })).toEqual({
      best: 0.00025,
      n: 4,
    })
    expect(openRuns(writeRuns()).aggregate({ none: mean('train.nothing') })).toEqual({ none: undefined })
  })

  test('NaN and Infinity are groups of their own', () => {
    const parentLogDir = newFolder()
    for (const loss of [NaN, Infinity, -Infinity, NaN, 1]) {
      const run = new RunLogger({ parentLogDir })
      run.logMetrics({ loss }, 'train')
      run.finish()
    }
    expect(Array.from(openRuns(parentLogDir).groupBy('train.loss'), ({ runs }) => ids(runs))).toEqual([
      ['1', '4'],
      ['2'],
      ['3'],
      ['5'],
    ])
  })

  test('the fields that differ, and all that there are', () => {
    const runs = openRuns(writeRuns())
    expect(runs.diff()).toEqual(['config.optimizer.lr', 'config.optimizer.name', 'config.seed'])
    expect(runs.filter('id in [1, 2]').diff()).toEqual(['config.seed'])
    expect(runs.fields()).toEqual(
      expect.arrayContaining(['config.seed', 'info.status', 'train.loss', 'val.val_loss']),
    )
  })

  test('sorted, what has no value last', () => {
    const runs = openRuns(writeRuns())
    expect(ids(runs.sort('train.loss.min'))).toEqual(['3', '1', '4', '2', '5'])
    expect(ids(runs.sort('train.loss.min', 'desc').limit(2))).toEqual(['2', '4'])
    expect(ids(runs.sort('val.val_loss', 'desc'))).toEqual(['2', '4', '1', '3', '5'])
    expect(runs.sort('train.loss.min').at(0)?.get('config.optimizer.lr')).toBe(0.001)
  })

  test('as tables, CSV and JSON', () => {
    const runs = openRuns(writeRuns()).filter('id >= 4')
    expect(runs.toTable()).toBe(
      [
        'id  status    config.optimizer.lr  config.optimizer.name  config.seed',
        ' 4  COMPLETE                0.001  adam                             1',
        ' 5  FAILED                    0.1  sgd                              0',
      ].join('\n'),
    )
    const table = runs.select('id', 'tags', 'train.loss', 'val.val_loss', 'config.optimizer.name')
    expect(table.toCSV()).toBe(
      'id,tags,train.loss,val.val_loss,config.optimizer.name\r\n4,,1.00025,1.001,adam\r\n5,"[""odd""]",NaN,,sgd\r\n',
    )
    expect(table.toJSON()).toEqual([
      { id: 4, 'train.loss': 1.00025, 'val.val_loss': 1.001, 'config.optimizer.name': 'adam' },
      { id: 5, tags: ['odd'], 'train.loss': NaN, 'config.optimizer.name': 'sgd' },
    ])
    expect(JSON.parse(JSON.stringify({ runs }))).toEqual({ runs: runs.toJSON() })
  })
})

describe('metrics', () => {
  test('as columns aligned by step, over files too', () => {
    const run = openRuns(writeRuns()).at(0)!
    expect(run.columns(['train.loss', 'train.acc', 'val.val_loss'])).toEqual({
      step: [1, 2, 3, 4],
      'train.loss': [0.1, 0.05, 0.1 / 3, 0.025],
      'train.acc': [0.25, null, 0.75, 1],
      'val.val_loss': [null, null, null, 0.1],
    })
    expect(run.columns(['train.acc'], 'row')).toEqual({
      row: [0, 1, 2, 3],
      'train.acc': [0.25, null, 0.75, 1],
    })
    expect(run.values('train.acc')).toEqual([0.25, 0.75, 1])
    expect(run.rows('train')[0]).toEqual({ step: 1, loss: 0.1, acc: 0.25 })
    expect(() => run.columns(['train.los', 'x.y'])).toThrow(
      'run 1 has no metric "x.y"; it has: train.step, train.loss',
    )
  })

  test('of a resumed run of MLXPy count once where they are aligned: the last one', () => {
    const folder = newFolder()
    writeMlxpRun(
      folder,
      1,
      '{"step": 1, "loss": 3}\n{"step": 2, "loss": 2}\n{"step": 2, "loss": 20}\n{"step": 3, "loss": 10}\n',
    )
    const run = openRuns(folder).at(0)!
    expect(run.columns(['train.loss'])).toEqual({ step: [1, 2, 3], 'train.loss': [3, 20, 10] })
    expect(run.rows('train')).toHaveLength(4)
  })

  test('as a curve over runs', () => {
    const runs = openRuns(writeRuns()).filter('config.optimizer.lr == 0.1')
    expect(runs.curve('train.acc')).toEqual({
      at: [1, 3, 4],
      mean: [0.25, 0.75, 1],
      std: [0, 0, 0],
      min: [0.25, 0.75, 1],
      max: [0.25, 0.75, 1],
      count: [2, 2, 2],
    })
    expect(runs.curve('train.loss')).toMatchObject({ at: [1, 2, 3, 4], count: [3, 2, 2, 2] })
  })

  test('of long files, over the parts in which they are read', () => {
    const parentLogDir = newFolder()
    const run = new RunLogger({ parentLogDir })
    const text = 'ä'.repeat(700_000)
    for (let step = 0; step < 5; step++)
      run.logMetrics({ step, text: step % 2 ? text : '', loss: step }, 'train')
    run.finish()
    const stored = openRuns(parentLogDir).at(0)!
    expect(stored.get('train.loss.count')).toBe(5)
    expect(stored.rows('train').map((row) => (row['text'] as string).length)).toEqual([
      0, 700_000, 0, 700_000, 0,
    ])
  })
})

describe('folders of MLXPy', () => {
  test('of both layouts are read, wherever they have been moved', () => {
    const folder = newFolder()
    writeMlxpyRun(folder, 1)
    writeMlxpyRun(folder, 2, { lr: '1.0e-03', units: 200 })
    writeMlxpyRun(folder, 10, { status: 'FAILED' })
    writeMlxpRun(
      folder,
      3,
      '{"step": 1, "loss": 0.5}\n{"step": 2, "loss": NaN}\n{"step": 3, "loss": -Infinity}\n',
    )
    const runs = openRuns(folder)
    expect(ids(runs)).toEqual(['1', '2', '3', '10'])
    expect(
      runs.select('info.log_id', 'info.log_dir', 'config.optimizer.lr', 'mlxpy.logger.name').rows,
    ).toEqual([
      [1, '/home/marbel/tutorial/logs/1', 10, 'DefaultLogger'],
      [2, '/home/marbel/tutorial/logs/2', 0.001, 'DefaultLogger'],
      [3, '/scratch/logs/3', 0.01, undefined],
      [10, '/home/marbel/tutorial/logs/10', 10, 'DefaultLogger'],
    ])
    expect(ids(runs.filter("info.status == 'COMPLETE' & config.optimizer.lr <= 1e-2"))).toEqual(['2'])
    expect(runs.at(0)!.values('train.loss')).toEqual([0.0302, 0.0289, 0.0266, 0.0234])
    expect(runs.at(2)!.values('train.loss')).toEqual([0.5, NaN, -Infinity])
    expect(runs.at(2)!.get('train.loss.min')).toBe(-Infinity)
    expect(runs.at(2)!.get('train.loss.max')).toBe(0.5)
    expect(runs.at(0)!.get('info.duration')).toBe(90)
    expect(runs.at(0)!.artifacts).toEqual(['Checkpoint/last_ckpt.pkl'])
    expect(runs.at(2)!.get('artifact.pickle.last')).toEqual(['pickle/last.pkl'])
    // On another machine, without a heartbeat: there is no telling.
    expect([runs.at(2)!.status, runs.at(2)!.isAlive]).toEqual(['RUNNING', null])
    expect(runs.problems).toEqual([])
  })
})

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

describe('the index', () => {
  test('is made beside the runs, follows their changes, and can be deleted', async () => {
    const folder = writeRuns()
    const all = (): unknown =>
      openRuns(folder).select('id', 'status', 'config.seed', 'train.loss.mean', 'train.loss.count').rows
    const first = all()
    await setImmediate()
    expect(existsSync(join(folder, index))).toBe(true)
    expect(all()).toEqual(first)
    const again = new RunLogger({ parentLogDir: folder, forcedLogId: 5 })
    again.logMetrics({ step: 2, loss: 7 }, 'train')
    expect(openRuns(folder).at(4)!.get('train.loss')).toBe(7)
    expect(openRuns(folder).at(4)!.status).toBe('RUNNING')
    await setImmediate()
    // Cut back and grown again, to more than it had.
    again.rewindToStep(['train'], 0)
    for (const loss of [100, 200, 300])
      again.logMetrics({ step: 1, loss, more: 'text that makes it longer' }, 'train')
    again.finish()
    expect(openRuns(folder).at(4)!.get('train.loss.mean')).toBe(200)
    rmSync(join(folder, '2'), { recursive: true })
    expect(ids(openRuns(folder))).toEqual(['1', '3', '4', '5'])
    await setImmediate()
    const known = all()
    rmSync(join(folder, index))
    expect(all()).toEqual(known)
    for (const text of ['', '{"version": 1, "runs": 3}', '[', '{"version": 99, "runs": {}}']) {
      writeFileSync(join(folder, index), text)
      expect(all()).toEqual(known)
    }
  })

  test('reads what was appended, and only that', async () => {
    const folder = newFolder()
    const run = new RunLogger({ parentLogDir: folder })
    for (let step = 1; step <= 9; step++) run.logMetrics({ step, loss: step }, 'train')
    expect(openRuns(folder).at(0)!.get('train.loss.mean')).toBe(5)
    await setImmediate()
    // Not what a logger would do: whoever reads the beginning again sees another number.
    const path = join(run.logDir, 'metrics/train.json')
    writeFileSync(path, read(path).replace('"loss": 1}', '"loss": 7}'))
    run.logMetrics({ step: 10, loss: 15 }, 'train')
    run.finish()
    expect(openRuns(folder).at(0)!.get('train.loss.mean')).toBe(6)
  })

  test('a folder that cannot be written is read all the same, and nothing is left in it', async () => {
    const folder = writeRuns()
    chmodSync(folder, 0o555)
    expect(openRuns(folder).filter('train.loss.min < 0.1').length).toBe(2)
    await setImmediate()
    chmodSync(folder, 0o755)
    expect(filesIn(folder).filter((file) => file.startsWith('.') && file !== index)).toEqual([])
  })

  test('a copy with its own times and places says the same', async () => {
    const folder = writeRuns()
    openRuns(folder).toTable()
    await setImmediate()
    const copy = join(newFolder(), 'copied')
    cpSync(folder, copy, { recursive: true })
    utimesSync(join(copy, '1/metadata/config.yaml'), 0, 0)
    expect(openRuns(copy).toTable()).toEqual(openRuns(folder).toTable())
  })
})

describe('dead and alive', () => {
  test('a run is looked at again with refresh(), and annotated without touching what it wrote', () => {
    const folder = newFolder()
    const run = new RunLogger({ parentLogDir: folder })
    const runs = openRuns(folder)
    expect([runs.at(0)!.status, runs.at(0)!.isAlive]).toEqual(['RUNNING', true])
    run.finish()
    expect(runs.at(0)!.status).toBe('RUNNING')
    expect(runs.refresh().at(0)!.status).toBe('COMPLETE')
    const before = read(run.logDir, 'metadata/info.yaml')
    runs.at(0)!.annotate({ tags: ['best'], notes: 'keep' })
    runs.at(0)!.annotate({ archived: true })
    expect(runs.refresh().at(0)!.annotations).toEqual({ tags: ['best'], notes: 'keep', archived: true })
    expect(ids(runs.refresh().filter("archived & tags contains 'best' & notes == 'keep'"))).toEqual(['1'])
    expect(read(run.logDir, 'metadata/info.yaml')).toBe(before)
  })
})
