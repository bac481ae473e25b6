import { openRuns } from '@trainyard/run-folder'
import { describe, expect, test } from 'vitest'
import { newFolder } from './folders.ts'
import { writeMlxpRun, writeMlxpyRun } from './mlxpy-folders.ts'
import { ids } from './runs.ts'

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
