import { openRuns } from '@trainyard/run-folder'
import { beforeAll, describe, expect, test } from 'vitest'
import { reportHtml } from '../src/viewer/report.ts'
import { LogColumns } from '../src/viewer/series/log-columns.ts'
import { newFolder, writeFile, writeRun, writeRuns } from './folders.ts'
import { bundlePage } from './page.ts'
import { reportIn } from './report-data.ts'

let page: { script: string; style: string }

beforeAll(async () => {
  page = await bundlePage()
})

describe('the page', () => {
  test('is small, and asks nobody but its own server', () => {
    expect(page.script.length + page.style.length).toBeLessThan(140_000)
    const addresses = (page.script + page.style).match(/https?:\/\/[\w./-]+/g) ?? []
    // Names of XML, which are not asked for.
    expect(addresses.filter((address) => !address.startsWith('http://www.w3.org/'))).toEqual([])
  })
})

describe('a report', () => {
  test('has the runs and their numbers, every one of them', async () => {
    const logs = writeRuns()
    const html = await reportHtml([...openRuns(logs)], 'my runs', page)
    const { header, arrays } = reportIn(html)
    expect(header.folder).toBe('my runs')
    expect(header.rows.map(({ id }) => id)).toEqual(['1', '2', '3', '4', '5'])
    expect(header.details['5']!.info).toMatchObject({ status: 'FAILED' })
    let next = 0
    const columns = new Map(
      header.logs.map(({ run, name, keys }) => [
        `${run} ${name}`,
        LogColumns.from(keys.map((key) => [key, arrays[next++]!, arrays[next++]!] as const)),
      ]),
    )
    expect([...columns.get('2 train')!.get('loss')!.values]).toEqual([1.1, 1.05, 0.1 / 3 + 1, 1.025])
    expect([...columns.get('5 train')!.get('loss')!.values]).toEqual([0.5, NaN])
  })

  test('keeps what a chart shows of a long file, its spikes among it', async () => {
    const logs = newFolder()
    const rows = Array.from({ length: 100_000 }, (_, step) => ({
      step,
      loss: step === 77_777 ? 9 : 1 / (1 + step),
    }))
    writeRun(logs, 1, { metrics: { train: rows } })
    const { header, arrays } = reportIn(await reportHtml([...openRuns(logs)], logs, page))
    const [, values] = arrays.slice(2 * header.logs[0]!.keys.indexOf('loss'))
    expect(values!.length).toBeLessThan(50_000)
    expect([values!.includes(9), values!.includes(1 / 100_000)]).toEqual([true, true])
  })

  test('is one file: its images and texts are in it, and nothing in it ends its script or data', async () => {
    const logs = newFolder()
    const folder = writeRun(logs, 1, { config: { name: '</script></template><script>alert(1)</script>' } })
    writeFile('not really a picture', folder, 'artifacts/Image/a.png')
    writeFile('printed', folder, 'log.stdout')
    const html = await reportHtml([...openRuns(logs)], logs, page)
    const { header } = reportIn(html)
    expect(header.files['1']).toEqual({
      'artifacts/Image/a.png': `data:image/png;base64,${Buffer.from('not really a picture').toString('base64')}`,
      'log.stdout': 'printed',
    })
    expect(html).not.toContain('alert(1)')
    expect(html.match(/<\/script>/g)).toHaveLength(1)
    expect(html).not.toMatch(/<(?:script|img|link)[^>]* (?:src|href)="?https?:/)
    expect(html).toContain(`content="default-src 'none'; script-src 'unsafe-inline'`)
  })
})
