import { inflateSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { SummaryWriter } from '../src/index.ts'
import { decode, eventFiles, readEvents, readRows, type ReadValue, readValues } from './independent-reader.ts'
import { scratch } from './scratch.ts'

/** Writes with a function, and gives the values that an independent reader finds. */
function written(write: (writer: SummaryWriter) => void): (ReadValue & { step: number })[] {
  const logDir = scratch()
  const writer = new SummaryWriter(logDir, { onError: 'throw' })
  write(writer)
  writer.close()
  return readValues(logDir)
}

/** Takes a PNG without filters apart. */
function pngOf(file: Uint8Array): { width: number; height: number; type: number; pixels: number[][] } {
  const png = Buffer.from(file)
  const parts: Record<string, Buffer> = {}
  for (let at = 8; at < png.length;) {
    const size = png.readUInt32BE(at)
    parts[png.toString('latin1', at + 4, at + 8)] = png.subarray(at + 8, at + 8 + size)
    at += size + 12
  }
  const [width, height] = [parts['IHDR']!.readUInt32BE(0), parts['IHDR']!.readUInt32BE(4)]
  const rows = inflateSync(parts['IDAT']!)
  const row = rows.length / height
  const pixels = Array.from({ length: height }, (_, y) => [...rows.subarray(y * row + 1, (y + 1) * row)])
  return { width, height, type: parts['IHDR']![9]!, pixels }
}

const plugin = (value: ReadValue | undefined) => value?.metadata?.pluginData.name

test('scalars: numbers, tensors of one number, NaN and infinities', () => {
  const values = written((writer) => {
    writer.addScalar('loss', 0.1, 1)
    writer.addScalar('loss', { shape: [], dataSync: () => Float32Array.of(0.5) }, 2)
    for (const [i, value] of [Number.NaN, Infinity, -Infinity, 1e300].entries())
      writer.addScalar('loss', value, 3 + i)
    writer.addScalar('loss', 1, 2 ** 40)
  })
  expect(values.map(({ step, simpleValue }) => [step, simpleValue])).toEqual([
    [1, Math.fround(0.1)],
    [2, 0.5],
    [3, Number.NaN],
    [4, Infinity],
    [5, -Infinity],
    [6, Infinity],
    [2 ** 40, 1],
  ])
})

test('a description goes with the first point of its tag alone', () => {
  const values = written((writer) => {
    for (const step of [1, 2]) writer.addScalar('acc', step, step, { description: '# of *all*' })
  })
  expect(values[0]).toMatchObject({
    metadata: { pluginData: { name: 'scalars' }, description: '# of *all*', dataClass: 1 },
  })
  expect(values[1]!.metadata).toBeNull()
})

test('grouped scalars are tags of one file, and a layout puts them into one chart', () => {
  const values = written((writer) => {
    writer.addCustomScalars({ Losses: { both: ['loss/train', 'loss/val (top-1)'] } })
    writer.addScalars('loss', { train: 1, 'val (top-1)': 2 }, 7)
  })
  expect(values.slice(1)).toMatchObject([
    { tag: 'loss/train', simpleValue: 1, step: 7 },
    { tag: 'loss/val (top-1)', simpleValue: 2, step: 7 },
  ])
  expect(plugin(values[0])).toBe('custom_scalars')
  expect(values[0]!.tag).toBe('custom_scalars__config__')
  expect(decode('Layout', values[0]!.tensor!.strings[0]!)).toMatchObject({
    category: [
      {
        title: 'Losses',
        chart: [{ title: 'both', multiline: { tag: ['loss/train$', String.raw`loss/val \(top-1\)$`] } }],
      },
    ],
  })
})

test('histograms: buckets that grow, of equal width, with limits of one’s own, and raw', () => {
  const values = written((writer) => {
    writer.addHistogram('grow', [-2, 0, 0.5, 0.5, Number.NaN, Infinity], 1)
    writer.addHistogram('equal', Float32Array.of(0, 1, 2, 3, 4), 1, { bins: 2 })
    writer.addHistogram(
      'own',
      [
        [1, 2],
        [3, 9],
      ],
      1,
      { bins: [0, 2, 4] },
    )
    writer.addHistogramRaw('raw', {
      min: 1,
      max: 3,
      num: 5,
      sum: 10,
      sumSquares: 22,
      bucketLimits: [0, 1, 2, 3, 4],
      bucketCounts: [0, 0, 4, 1, 0],
    })
  })
  const [grow, equal, own, raw] = values.map(({ histo }) => histo!)
  expect(values.map(plugin)).toEqual(['histograms', 'histograms', 'histograms', 'histograms'])
  expect(grow).toMatchObject({ min: -2, max: 0.5, num: 4, sum: -1, sumSquares: 4.5 })
  expect(grow!.bucket).toEqual([1, 0, 1, 0, 2])
  // Each value lies in its bucket: from the limit before, included, to its own.
  expect(grow!.bucketLimit[0]).toBeGreaterThan(-2)
  expect(grow!.bucketLimit.slice(1, 3)).toEqual([0, 1e-12])
  expect(grow!.bucketLimit[3]).toBeLessThanOrEqual(0.5)
  expect(grow!.bucketLimit[4]! / grow!.bucketLimit[3]!).toBeCloseTo(1.1, 10)
  expect(equal).toMatchObject({ bucketLimit: [2, 4], bucket: [2, 3] })
  expect(own).toMatchObject({ bucketLimit: [2, 4, 9], bucket: [1, 2, 1] })
  // Empty buckets at the ends are left out.
  expect(raw).toMatchObject({ num: 5, bucketLimit: [2, 3], bucket: [4, 1] })
})

test('images: floats and integers, grey to RGBA, channels last or first', () => {
  const values = written((writer) => {
    writer.addImage('grey', [
      [0, 0.5],
      [1, 2],
      [-1, Number.NaN],
    ])
    writer.addImage('rgb', { shape: [1, 2, 3], data: Uint8Array.of(1, 2, 3, 4, 5, 6) })
    writer.addImage('first', { shape: [3, 1, 2], data: Uint8Array.of(1, 2, 3, 4, 5, 6) }, 0, {
      dataformats: 'CHW',
    })
    writer.addImage('rgba', { shape: [1, 1, 4], dtype: 'int32', dataSync: () => Int32Array.of(1, 2, 300, 4) })
  })
  expect(values.map(plugin)).toEqual(['images', 'images', 'images', 'images'])
  const images = values.map(({ image }) => ({ ...image!, png: pngOf(image!.encoded) }))
  expect(images[0]).toMatchObject({
    width: 2,
    height: 3,
    colorspace: 1,
    png: {
      width: 2,
      height: 3,
      type: 0,
      pixels: [
        [0, 128],
        [255, 255],
        [0, 0],
      ],
    },
  })
  expect(images[1]!.png).toEqual({ width: 2, height: 1, type: 2, pixels: [[1, 2, 3, 4, 5, 6]] })
  expect(images[2]!.png).toEqual({ width: 2, height: 1, type: 2, pixels: [[1, 3, 5, 2, 4, 6]] })
  expect(images[3]!.png).toEqual({ width: 1, height: 1, type: 6, pixels: [[1, 2, 255, 4]] })
})

test('a batch of images is one value', () => {
  const [batch] = written((writer) => writer.addImages('batch', [[[[0]]], [[[1]]], [[[0.2]]]], 4))
  expect(plugin(batch)).toBe('images')
  expect(batch!.metadata!.dataClass).toBe(3)
  const strings = batch!.tensor!.strings
  expect(strings.slice(0, 2).map(String)).toEqual(['1', '1'])
  expect(strings.slice(2).map((file) => pngOf(file).pixels)).toEqual([[[0]], [[255]], [[51]]])
  expect(batch!.tensor!.shape.dim).toEqual([{ size: 5 }])
})

test('audio is a WAV file, with one clip or several, one channel or several', () => {
  const values = written((writer) => {
    writer.addAudio('one', [0, 1, -1, 2], 1, { sampleRate: 8000 })
    writer.addAudio('two', { shape: [2, 2, 2], data: Float32Array.of(0, 1, 0, 1, 0.5, -0.5, 0, 0) })
  })
  expect(values.map(plugin)).toEqual(['audio', 'audio'])
  expect([...values[0]!.metadata!.pluginData.content!]).toEqual([0x10, 11])
  const { encoded, ...audio } = values[0]!.audio!
  expect(audio).toEqual({ sampleRate: 8000, channels: 1, frames: 4, contentType: 'audio/wav' })
  const wav = Buffer.from(encoded)
  expect(wav.toString('latin1', 0, 4) + wav.toString('latin1', 8, 16)).toBe('RIFFWAVEfmt ')
  expect([wav.readUInt32LE(4), wav.readUInt32LE(40)]).toEqual([wav.length - 8, 8])
  expect([0, 1, 2, 3].map((i) => wav.readInt16LE(44 + 2 * i))).toEqual([0, 32_767, -32_767, 32_767])
  const [first, second] = values[1]!.tensor!.strings.map((file) => Buffer.from(file))
  expect(first!.readUInt16LE(22)).toBe(2)
  expect(first!.readUInt32LE(24)).toBe(44_100)
  expect([0, 1, 2, 3].map((i) => second!.readInt16LE(44 + 2 * i))).toEqual([16_384, -16_383, 0, 0])
})

test('text: Markdown, lists, and tables', () => {
  const values = written((writer) => {
    writer.addText('note', '**bold** Grüße 🚂')
    writer.addText('list', ['a', 'b'])
    writer.addText('table', [
      ['name', 'value'],
      ['lr', '0.1'],
    ])
  })
  expect(values.map(plugin)).toEqual(['text', 'text', 'text'])
  expect(
    values.map(({ tensor }) => [tensor!.shape.dim.map(({ size }) => size), tensor!.strings.map(String)]),
  ).toEqual([
    [[], ['**bold** Grüße 🚂']],
    [[2], ['a', 'b']],
    [
      [2, 2],
      ['name', 'value', 'lr', '0.1'],
    ],
  ])
})

test('a PR curve counts what is at or above each threshold', () => {
  const values = written((writer) => {
    writer.addPrCurve('pr', [1, 1, 0, 0], [0.9, 0.4, 0.6, 0], 3, { numThresholds: 3 })
    writer.addPrCurve('weighted', [1, 0], [1, 1], 3, { numThresholds: 2, weights: [3, 1] })
  })
  const [curve, weighted] = values
  expect(curve!.metadata!.pluginData).toEqual({ name: 'pr_curves', content: Buffer.from([0x10, 3]) })
  expect(curve!.tensor!.shape.dim).toEqual([{ size: 6 }, { size: 3 }])
  const rows = Array.from({ length: 6 }, (_, row) => curve!.tensor!.floats.slice(3 * row, 3 * row + 3))
  expect(rows).toEqual([
    [2, 1, 0], // true positives, at thresholds 0, 0.5 and 1
    [2, 1, 0],
    [0, 1, 2],
    [0, 1, 2],
    [0.5, 0.5, 0],
    [1, 0.5, 0],
  ])
  expect(weighted!.tensor!.floats.slice(-4)).toEqual([0.75, 0.75, 1, 1])
})

test('hyperparameters keep their types, and the end of the run is told', () => {
  const values = written((writer) => {
    writer.addHparams({ lr: 0.1, optimizer: 'adam', nesterov: false, layers: 3 }, { 'val/acc': 0.9 }, 50)
    writer.addRunEnd('success')
  })
  expect(values.map(({ tag }) => tag)).toEqual([
    '_hparams_/session_start_info',
    'val/acc',
    '_hparams_/session_end_info',
  ])
  const content = (value: ReadValue) => decode('Hparams', value.metadata!.pluginData.content!)
  expect(content(values[0]!)).toMatchObject({
    sessionStart: {
      hparams: {
        lr: { number: 0.1 },
        optimizer: { string: 'adam' },
        nesterov: { bool: false },
        layers: { number: 3 },
      },
      startTime: expect.closeTo(Date.now() / 1000, -2),
    },
  })
  expect(content(values[2]!)).toMatchObject({ sessionEnd: { status: 1 } })
  expect(values[0]).toMatchObject({ tensor: { dtype: 1, shape: { dim: [{ size: 0 }] } } })
})

test('sub-writers write to directories in that of the run, and are closed with it', () => {
  const logDir = scratch()
  const writer = new SummaryWriter(logDir)
  expect(writer.sub('val')).toBe(writer.sub('val'))
  writer.addScalar('loss', 1, 1)
  writer.sub('val').addScalar('loss', 2, 1)
  writer.sub('rank/1').addScalar('loss', 3, 1)
  writer.close()
  expect(readRows(logDir)).toHaveLength(3)
  expect(eventFiles(logDir)).toHaveLength(3)
  expect(readRows(`${logDir}/val`)).toEqual([['loss', 1, 2]])
  expect(readRows(`${logDir}/rank/1`)).toEqual([['loss', 1, 3]])
  for (const name of ['../other', '/tmp/other', 'a/../../b', '', '.'])
    expect(() => writer.sub(name), name).toThrow('must be a relative path that stays inside')
})

test('what is added after a close goes to a new file', () => {
  const logDir = scratch()
  const writer = new SummaryWriter(logDir, { host: { now: () => 1e12 } })
  writer.addText('note', 'one', 1)
  writer.close()
  writer.addText('note', 'two', 2)
  writer.close()
  writer.close()
  expect(eventFiles(logDir)).toHaveLength(2)
  const values = readValues(logDir)
  expect(values.map(({ step }) => step)).toEqual([1, 2])
  // Readers take the metadata from the first point of each file.
  expect(values.map(plugin)).toEqual(['text', 'text'])
})

test('every file begins with its version, and the first of a directory with a session start', () => {
  const logDir = scratch()
  for (const step of [1, 2]) {
    const writer = new SummaryWriter(logDir, { host: { now: () => 1e12 } })
    writer.addScalar('loss', 1, step)
    writer.close()
  }
  const [first, second] = eventFiles(logDir).map(readEvents)
  expect(first!.slice(0, 2)).toMatchObject([{ fileVersion: 'brain.Event:2' }, { sessionLog: { status: 1 } }])
  expect(second).toMatchObject([{ fileVersion: 'brain.Event:2' }, { step: 2, summary: {} }])
})

test('what makes no sense is refused, with what would', () => {
  const writer = new SummaryWriter(scratch())
  const refusals: [action: () => void, message: string][] = [
    [() => writer.addScalar('a', 1, 0.5), '`step` must be a whole number, not 0.5'],
    [() => writer.addScalar('a', [1, 2]), 'scalar "a" must be one number, but has 2'],
    [() => writer.addScalar('a', 1, 1, { wallTime: Number.NaN }), '`wallTime` must be a number of seconds'],
    [
      () => writer.addImage('a', { shape: [3, 8, 8], data: new Float32Array(192) }),
      'image "a" has the shape [3, 8, 8], as HWC, so 8 channels: there must be 1 to 4; set `dataformats`',
    ],
    [
      () => writer.addImage('a', { shape: [0, 4], data: [] }),
      'image "a" has the shape [0, 4]: an image must have at least one pixel',
    ],
    [() => writer.addImage('a', [1]), 'image "a" has the shape [1], which is not HWC'],
    [() => writer.addImage('a', [[1, 2], [3]]), 'has 3 values, but its shape [2, 2] wants 4'],
    [() => writer.addAudio('a', [1], 0, { sampleRate: 0 }), '`sampleRate` must be a whole number'],
    [() => writer.addHistogram('a', [1], 0, { bins: 0 }), "`bins` must be 'tensorflow', a list"],
    [() => writer.addHistogram('a', [1], 0, { bins: [2, 1] }), '`bins` must be rising limits'],
    [() => writer.addHistogram('a', [1], 0, { bins: 'auto' as never }), 'at least 1, not auto'],
    [
      () => writer.addHparams({ lr: undefined as never }),
      'hyperparameter "lr" must be a text, a number or a boolean, not undefined',
    ],
    [() => writer.addText('a', [['a', 'b'], ['c']]), 'the same number of cells in each row'],
    [() => writer.addPrCurve('a', [1], [1, 0]), 'there are 1 `labels`, 2 `predictions` and no `weights`'],
    [() => writer.addHistogram('a', 3 as never), 'histogram "a" must be a list of numbers'],
    [() => new SummaryWriter('', {}), '`logDir` must not be empty'],
    [() => new SummaryWriter('a', { flushSecs: 0 }), '`flushSecs` must be a number above 0, not 0'],
    [() => new SummaryWriter('a', { purgeStep: 1.5 }), '`purgeStep` must be a whole number, not 1.5'],
    [() => new SummaryWriter('a', { filenameSuffix: '/x' }), '`filenameSuffix` must be part of a name'],
    [() => new SummaryWriter('a', { onError: 'ignore' as never }), "`onError` must be 'warn' or 'throw'"],
  ]
  for (const [action, message] of refusals) expect(action, message).toThrow(`[tensorboard-plugin-writer] `)
  for (const [action, message] of refusals) expect(action).toThrow(message)
})
