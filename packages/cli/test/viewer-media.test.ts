import { appendFileSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openRuns } from '@trainyard/run-folder'
import { SummaryWriter } from '@trainyard/tensorboard-plugin-writer'
import { describe, expect, test } from 'vitest'
import type { Histogram, Media } from '../src/viewer/protocol.ts'
import { reportHtml } from '../src/viewer/report.ts'
import { newFolder, writeRun } from './folders.ts'
import { reportIn } from './report-data.ts'
import { open } from './viewer.ts'

/** Starts a viewer, and gives what asks it for media. */
async function openMedia(folder: string) {
  const { viewer } = await open(folder)
  const get = (path: string): Promise<Response> => fetch(new URL(path, viewer.url))
  const media = async (run: string): Promise<Media> =>
    (await (await get(`/api/media?run=${run}`)).json()) as Media
  const of = (kind: string, run: string, id: string): Promise<Response> =>
    get(`/api/${kind}?run=${run}&id=${encodeURIComponent(id)}`)
  return { media, of }
}

/** Writes images of one colour each, and histograms of the numbers from 0 to the step. */
function writeEvents(folder: string, steps: readonly number[]): void {
  const writer = new SummaryWriter(folder)
  for (const step of steps) {
    writer.addScalar('loss', 1 / (1 + step), step)
    writer.addImage('digit', [[step / 100]], step, { dataformats: 'HW' })
    writer.addHistogram(
      'weights',
      Array.from({ length: step + 1 }, (_, i) => i),
      step,
    )
  }
  writer.close()
}

const png = Buffer.from([0x89, 0x50, 0x4e, 0x47])

describe('images and histograms of event files', () => {
  test('are listed by tag and step, and given one by one', async () => {
    const logs = newFolder()
    writeEvents(join(writeRun(logs, 1), 'tensorboard'), [1, 5, 9])
    const { media, of } = await openMedia(logs)
    const { images, histograms } = await media('1')
    expect(images.map(({ tag, points }) => [tag, points.map(({ step }) => step)])).toEqual([
      ['digit', [1, 5, 9]],
    ])
    expect(histograms.map(({ tag, points }) => [tag, points.map(({ step }) => step)])).toEqual([
      ['weights', [1, 5, 9]],
    ])
    const answer = await of('image', '1', images[0]!.points[1]!.id)
    expect(answer.headers.get('content-type')).toBe('image/png')
    expect(Buffer.from(await answer.arrayBuffer()).subarray(0, 4)).toEqual(png)
    const { from, to, counts } = (await (
      await of('histogram', '1', histograms[0]!.points[2]!.id)
    ).json()) as Histogram
    expect([from[0], to.at(-1)]).toEqual([0, 9])
    expect(counts.map(Number).reduce((sum, count) => sum + count)).toBe(10)
  })

  test('come in batches, too', async () => {
    const logs = newFolder()
    const writer = new SummaryWriter(join(writeRun(logs, 1), 'tensorboard'))
    for (const step of [1, 2]) writer.addImages('batch', [[[0]], [[1]]], step, { dataformats: 'NHW' })
    writer.close()
    const { media, of } = await openMedia(logs)
    const { images } = await media('1')
    expect(images[0]!.points.map(({ step }) => step)).toEqual([1, 1, 2, 2])
    const sent = await Promise.all(images[0]!.points.map(({ id }) => of('image', '1', id)))
    expect(sent.map(({ status }) => status)).toEqual([200, 200, 200, 200])
  })

  test('of a run that goes on are there as they come; after it went back, only what counts', async () => {
    const logs = newFolder()
    const folder = join(writeRun(logs, 1, { status: 'RUNNING' }), 'tensorboard')
    const { media } = await openMedia(logs)
    const steps = async (): Promise<number[] | undefined> =>
      (await media('1')).images[0]?.points.map(({ step }) => step)
    expect(await steps()).toBe(undefined)
    writeEvents(folder, [10, 20, 30])
    expect(await steps()).toEqual([10, 20, 30])
    writeEvents(folder, [20, 40])
    expect(await steps()).toEqual([10, 20, 40])
  })

  test('stay as far as a file is good; what is made up, a link, or no image is not given', async () => {
    const [logs, outside] = [newFolder(), newFolder()]
    writeEvents(outside, [7])
    const folder = join(writeRun(logs, 1), 'tensorboard')
    writeEvents(folder, [1, 2])
    const [name] = readdirSync(folder)
    appendFileSync(join(folder, name!), 'this is no record of an event, and no checksum fits')
    const [secret] = readdirSync(outside)
    symlinkSync(join(outside, secret!), join(folder, 'events.out.tfevents.9.link'))
    symlinkSync(outside, join(folder, 'linked'))
    writeFileSync(join(folder, 'events.out.tfevents.8.empty'), '')
    const { media, of } = await openMedia(logs)
    const { images } = await media('1')
    expect(images[0]!.points.map(({ step }) => step)).toEqual([1, 2])
    const { id } = images[0]!.points[0]!
    const histogram = (await media('1')).histograms[0]!.points[0]!.id
    for (const wrong of [
      '',
      id.replace(/:\d+:/, ':1:'),
      `../../${secret}:0:0:0`,
      join(outside, secret!),
      histogram,
    ])
      expect((await of('image', '1', wrong)).status, wrong).toBe(404)
    expect((await of('histogram', '1', id)).status).toBe(404)
    expect((await of('image', '2', id)).status).toBe(404)
  })

  test('are in a report, some of each tag', async () => {
    const logs = newFolder()
    writeEvents(
      join(writeRun(logs, 1), 'tensorboard'),
      Array.from({ length: 40 }, (_, i) => i),
    )
    const { header } = reportIn(await reportHtml([...openRuns(logs)], logs, { script: '', style: '' }))
    const { images, histograms } = header.media['1']!
    const steps = images[0]!.points.map(({ step }) => step)
    expect([steps.length, steps[0], steps.at(-1)]).toEqual([12, 0, 39])
    for (const { id } of images[0]!.points)
      expect(header.files['1']![`image ${id}`]).toMatch(/^data:image\/png;base64,/)
    for (const { id } of histograms[0]!.points)
      expect(JSON.parse(header.files['1']![`histogram ${id}`]!)).toHaveProperty('counts')
  })
})
