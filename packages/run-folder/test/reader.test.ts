import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { count, last, max, mean, min, openRuns, QueryError, RunLogger, std } from '@trainyard/run-folder'
import { describe, expect, test } from 'vitest'
import { newFolder, read } from './folders.ts'
import { writeMlxpRun, writeMlxpyRun } from './mlxpy-folders.ts'
import { ids, writeRuns, type Config } from './runs.ts'

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
