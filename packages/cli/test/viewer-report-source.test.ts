import { openRuns } from '@trainyard/run-folder'
import { expect, test } from 'vitest'
import { reportSource } from '../src/page/data/report-source.ts'
import type { Line, LinesRequest } from '../src/viewer/protocol.ts'
import { reportHtml } from '../src/viewer/report.ts'
import { newFolder, writeRun } from './folders.ts'
import { dataIn } from './report-data.ts'

test('a report gives the lines that the server gives, whatever dots the names of files and keys have', async () => {
  const logs = newFolder()
  writeRun(logs, 1, {
    metrics: {
      train: [{ step: 1, 'loss.a': 0.5 }],
      'train.late': [{ step: 2, 'loss.a': 0.25 }],
    },
  })
  const html = await reportHtml([...openRuns(logs)], logs, { script: '', style: '' })
  const source = await reportSource(dataIn(html))
  const valuesOf = async (metric: string): Promise<number[]> => {
    const request: LinesRequest = { runs: ['1', '2'], metric, axis: 'step' }
    const found: Line[] = []
    await source.lines(request, (lines) => found.push(...lines))
    return found.flatMap(({ y }) => [...y])
  }
  expect(await valuesOf('train.loss.a')).toEqual([0.5])
  expect(await valuesOf('train.late.loss.a')).toEqual([0.25])
  expect(await valuesOf('train.loss')).toEqual([])
  expect(await valuesOf('trainer.loss.a')).toEqual([])
})
