import { describe, expect, test } from 'vitest'
import type { ChartContent } from '../src/page/charts/chart-content.ts'
import { chartSvg } from '../src/page/charts/chart-svg.ts'
import { groupStyles, runStyles } from '../src/page/charts/line-style.ts'
import { linearTicks } from '../src/page/charts/linear-ticks.ts'
import { tickTexts } from '../src/page/charts/tick-texts.ts'
import type { Line, LinesRequest } from '../src/viewer/protocol.ts'
import { plansOf } from '../src/viewer/series/line.ts'
import type { Points } from '../src/viewer/series/points.ts'
import { all, parseXml, piecesOf, type XmlElement } from './svg.ts'

function points(x: readonly number[], y: readonly number[]): Points {
  return { axis: 'step', x: Float64Array.from(x), y: Float64Array.from(y) }
}

function lineOf(run: string, x: readonly number[], y: readonly number[], smoothing = 0): Line {
  const request: LinesRequest = { runs: [run], metric: 'train.loss', axis: 'step', smoothing }
  return plansOf(request)[0]!.make([points(x, y)])
}

/** Draws lines 474 pixels wide, so that the plot has 400, and 178 up. */
function draw(lines: readonly Line[], how: Partial<ChartContent> = {}, title = 'train.loss'): XmlElement {
  const names = lines.map(({ run }) => run)
  const content: ChartContent = {
    lines,
    styles: runStyles(names, 'light'),
    logX: false,
    logY: false,
    zoom: null,
    theme: 'light',
    axisName: 'step',
    ...how,
  }
  return parseXml(chartSvg(content, title, 474))
}

/** Gives what is drawn of each line: its bands and paths. */
function drawnIn(svg: XmlElement): XmlElement[][] {
  const plot = all(svg, 'g').find(({ attributes }) => attributes['clip-path'])!
  return plot.children.map((group) => group.children.filter(({ name }) => name === 'path'))
}

function textsIn(svg: XmlElement): string[] {
  return all(svg, 'text').map(({ text }) => text)
}

describe('the drawing of a chart', () => {
  test('has the points where they belong, the title, the axes with their labels, and the names as text', () => {
    const svg = draw([lineOf('7', [0, 50, 100], [1, 0, 0.5])])
    const [[path]] = drawnIn(svg) as [[XmlElement]]
    // Above and below the values there is a twentieth of their range.
    const y = (value: number): number => Number((32 + (178 * (1.05 - value)) / 1.1).toFixed(2))
    expect(piecesOf(path)).toEqual([
      [
        [62, y(1)],
        [262, y(0)],
        [462, y(0.5)],
      ],
    ])
    expect(path.attributes).toMatchObject({ fill: 'none', stroke: '#57606a', 'stroke-width': '1.4' })
    expect(svg.attributes).toMatchObject({ width: '474', height: '262', viewBox: '0 0 474 262' })
    expect(textsIn(svg)).toEqual(
      [
        'train.loss',
        '0, 20, 40, 60, 80, 100'.split(', '),
        '0, 0.2, 0.4, 0.6, 0.8, 1'.split(', '),
        'step',
        '7',
      ].flat(),
    )
    const label = all(svg, 'text').find(({ text }) => text === '0.6')!
    expect(Number(label.attributes['y'])).toBeCloseTo(y(0.6) + 4, 9)
  })

  test('has a gap where a value is not finite, and a dot for one that is alone', () => {
    const [[path]] = drawnIn(draw([lineOf('1', [0, 1, 2, 3, 4, 5], [1, 2, NaN, 3, Infinity, 1])])) as [
      [XmlElement],
    ]
    expect(piecesOf(path).map((piece) => piece.length)).toEqual([2, 1, 1])
    expect(path.attributes['d']!.match(/a2 2/g)).toHaveLength(4)
  })

  test('shows what was smoothed, and faintly what was logged', () => {
    const [[raw, smooth]] = drawnIn(draw([lineOf('1', [0, 1, 2], [1, 2, 3], 0.5)])) as [
      [XmlElement, XmlElement],
    ]
    expect([raw.attributes['stroke-opacity'], smooth.attributes['stroke-opacity']]).toEqual([
      '0.25',
      undefined,
    ])
    expect(piecesOf(smooth)[0]).not.toEqual(piecesOf(raw)[0])
  })

  test('fills the band of a group between its sides', () => {
    const groups = [{ name: 'adam', runs: ['1', '2'] }]
    const request: LinesRequest = { runs: [], groups, metric: 'train.loss', axis: 'step', buckets: 10 }
    const group = plansOf(request)[0]!.make([points([0, 10], [0, 0]), points([0, 10], [2, 4])])
    const svg = draw([group], { styles: groupStyles(['adam'], 'dark'), theme: 'dark' })
    const [[band, mean]] = drawnIn(svg) as [[XmlElement, XmlElement]]
    const [low, , highRight, highLeft] = piecesOf(band)[0]!
    expect(piecesOf(mean)[0]![0]![1]).toBeCloseTo((low![1] + highLeft![1]) / 2, 1)
    expect(highRight![1]).toBeLessThan(highLeft![1])
    expect(band.attributes).toMatchObject({ fill: '#58a6ff', 'fill-opacity': '0.2' })
    expect(mean.attributes['stroke']).toBe('#58a6ff')
    expect(all(svg, 'rect')[1]!.attributes['fill']).toBe('#0d1117')
  })

  test('marks where a run was resumed', () => {
    const [[, mark]] = drawnIn(draw([{ ...lineOf('1', [0, 10, 20], [1, 2, 3]), resumes: [5, 15] }])) as [
      [XmlElement, XmlElement],
    ]
    expect(piecesOf(mark)).toEqual([
      [
        [162, 32],
        [162, 210],
      ],
      [
        [362, 32],
        [362, 210],
      ],
    ])
    expect(mark.attributes['stroke-dasharray']).toBe('1 4')
  })

  test('has logarithmic axes, and leaves out what they cannot show', () => {
    const line = lineOf('1', [0, 1, 10, 100], [5, 1, 0, 100])
    const svg = draw([line], { logX: true, logY: true })
    const [[path]] = drawnIn(svg) as [[XmlElement]]
    // Without x = 0 and y = 0.
    expect(piecesOf(path).map((piece) => piece.map(([x]) => x))).toEqual([[62], [462]])
    expect(textsIn(svg)).toEqual(expect.arrayContaining(['1', '2', '5', '10', '20', '50', '100']))
  })

  test('draws values as one level that only rounding tells apart', () => {
    const [[path]] = drawnIn(draw([lineOf('1', [0, 1], [0.1 + 0.2, 0.3])])) as [[XmlElement]]
    const [[[, first], [, second]]] = piecesOf(path) as [[[number, number], [number, number]]]
    expect([first, second]).toEqual([32 + 89, 32 + 89])
  })

  test('shows the range of a zoom, and cuts off what leaves it', () => {
    const svg = draw([lineOf('1', [0, 10, 20, 30], [0, 1, 2, 30])], { zoom: [10, 20] })
    const [[path]] = drawnIn(svg) as [[XmlElement]]
    expect(piecesOf(path)[0]!.map(([x]) => x)).toEqual([-338, 62, 462, 862])
    expect(all(svg, 'clipPath')[0]!.children[0]!.attributes).toEqual({
      x: '62',
      y: '32',
      width: '400',
      height: '178',
    })
  })

  test('shows a line that goes through the range of a zoom without a point in it', () => {
    const [[path]] = drawnIn(draw([lineOf('1', [0, 100], [5, 7])], { zoom: [40, 60] })) as [[XmlElement]]
    const [[[x0, y0], [x1, y1]]] = piecesOf(path) as [[[number, number], [number, number]]]
    const middle = y0 + ((y1 - y0) * (262 - x0)) / (x1 - x0)
    expect(middle).toBeGreaterThan(32)
    expect(middle).toBeLessThan(32 + 178)
  })

  test('writes any name so that it comes out as it is', () => {
    const run = `<a href="x">&amp;'\u{1F600}`
    const svg = draw([lineOf(run, [0, 1], [0, 1])], {}, 'loss < 1 & "more"')
    expect(textsIn(svg)[0]).toBe('loss < 1 & "more"')
    expect(textsIn(svg).at(-1)).toBe(run)
    expect(textsIn(draw([lineOf('a\0b\u001B[1m', [0], [0])])).at(-1)).toBe('a b [1m')
  })

  test('tells lines of the same colour by their dashes, and names them as long as they are few', () => {
    const runs = (count: number): Line[] =>
      Array.from({ length: count }, (_, i) => lineOf(String(8 * i), [0, 1], [i, i]))
    const few = draw(runs(4))
    expect(drawnIn(few).map(([path]) => path!.attributes['stroke-dasharray'])).toEqual([
      undefined,
      '8 3',
      '2 3',
      '8 3 2 3',
    ])
    expect(textsIn(few).slice(-4)).toEqual(['0', '8', '16', '24'])
    const many = draw(runs(40))
    expect(drawnIn(many)).toHaveLength(40)
    expect(textsIn(many).at(-1)).toBe('step')
    for (const { attributes } of all(draw(runs(30)), 'text')) {
      expect(Number(attributes['x'])).toBeLessThan(474)
      expect(Number(attributes['y'])).toBeLessThan(Number(draw(runs(30)).attributes['height']))
    }
  })

  test('holds a smoothed line that a zoom shows beside what was logged', () => {
    // The mean comes down more slowly than the values, so in the range it is above all of them.
    const svg = draw([lineOf('1', [0, 1, 2, 3], [100, 0, 0, 0], 0.9)], { zoom: [2, 3] })
    const [[, smooth]] = drawnIn(svg) as [[XmlElement, XmlElement]]
    for (const [x, y] of piecesOf(smooth)[0]!.filter(([at]) => at >= 62)) {
      expect(x).toBeLessThanOrEqual(462)
      expect(y).toBeGreaterThanOrEqual(32)
      expect(y).toBeLessThanOrEqual(32 + 178)
    }
  })

  test('is there without a line, too', () => {
    expect(drawnIn(draw([]))).toEqual([])
    expect(drawnIn(draw([lineOf('1', [0, 1], [NaN, NaN])]))[0]![0]!.attributes['d']).toBe('')
  })
})

test('a logarithmic axis shows the largest and the smallest numbers that there are', () => {
  const svg = draw([lineOf('1', [0, 1], [1e300, Number.MAX_VALUE])], { logY: true })
  expect(piecesOf(drawnIn(svg)[0]![0]!)[0]).toHaveLength(2)
  const small = draw([lineOf('1', [0, 1], [Number.MIN_VALUE, Number.MIN_VALUE])], { logY: true })
  expect(piecesOf(drawnIn(small)[0]![0]!)[0]).toHaveLength(2)
})

test('labels have as many digits as tell them apart', () => {
  expect(tickTexts([0, 0.1, 1 / 3])).toEqual(['0', '0.1', '0.33333'])
  expect(tickTexts([0.123456, 0.123457])).toEqual(['0.123456', '0.123457'])
})

test('labels stand at round numbers, also of ranges that are tiny, far from zero or around it', () => {
  expect(linearTicks(-1, 1, 4)).toEqual([-1, -0.5, 0, 0.5, 1])
  expect(linearTicks(0, 0.7, 7)).toEqual([0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7])
  expect(linearTicks(1e6 + 0.1, 1e6 + 0.5, 3)).toEqual([1000000.2, 1000000.4])
  expect(linearTicks(3e-12, 9e-12, 3)).toEqual([4e-12, 6e-12, 8e-12])
  expect(linearTicks(0, 250_000, 5)).toEqual([0, 50_000, 100_000, 150_000, 200_000, 250_000])
})
