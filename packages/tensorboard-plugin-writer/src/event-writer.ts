import { type ArrayData, flatArray } from './array-data.ts'
import { audioContent } from './audio.ts'
import { layoutContent, layoutTag, type ScalarsLayout } from './custom-scalars.ts'
import { fail } from './errors.ts'
import { graphDef, summary } from './event.ts'
import { type GraphModel, graphOf } from './graph.ts'
import { type Bins, histogramContent, histogramOf, type RawHistogram } from './histogram.ts'
import { type HparamValue, type RunStatus, sessionEndValue, sessionStartValue } from './hparams.ts'
import { imageContent, type ImageFormat, imagesContent, type ImagesFormat, pixelsOf } from './image.ts'
import { prCurveContent, prCurveOf, type RawPrCurve } from './pr-curve.ts'
import type { RunDirectory } from './run-directory.ts'
import {
  type Plugin,
  plugins,
  prCurvesPlugin,
  scalarContent,
  summaryValue,
  type ValueContent,
} from './summary-value.ts'
import { type Text, textContent } from './text.ts'

/** What can be said about every value. */
export interface SummaryOptions {
  /** Seconds since 1970. Default: now. */
  wallTime?: number
  /** Markdown, shown with the tag; only that of a tag's first point counts. */
  description?: string
}

/**
 * Writes to one directory of a run: the run's own, or one of its sub-directories. Tags may be any text; those with slashes are grouped by what stands before
 * the first. Values are copied at the call.
 */
export class EventWriter {
  readonly #run: RunDirectory
  readonly #sub: string
  /** Tags that a warning was about. */
  readonly #emptyHistograms = new Set<string>()

  constructor(run: RunDirectory, sub: string) {
    this.#run = run
    this.#sub = sub
  }

  /** Adds a point to a curve. It is kept as a 32-bit float; NaN and infinities are, too. */
  addScalar(tag: string, value: number | ArrayData, step = 0, options?: SummaryOptions): void {
    checkStep(step)
    const number = typeof value === 'number' ? value : oneNumber(tag, value)
    if (options?.description) this.#add(tag, step, options, plugins.scalars, scalarContent(number))
    else this.#run.file(this.#sub).scalar(tag, number, step, options?.wallTime)
  }

  /**
   * Adds points to several curves, `<mainTag>/<name>` each. For one chart with all of them see `addCustomScalars`; or log them with sub-writers, under one tag.
   */
  addScalars(
    mainTag: string,
    values: Readonly<Record<string, number>>,
    step = 0,
    options?: SummaryOptions,
  ): void {
    for (const [name, value] of Object.entries(values))
      this.addScalar(`${mainTag}/${name}`, value, step, options)
  }

  /** Says which curves share a chart on the page CUSTOM SCALARS. Only the first layout of a run counts. */
  addCustomScalars(layout: ScalarsLayout): void {
    this.#add(layoutTag, 0, {}, plugins.customScalars, layoutContent(layout))
  }

  /** Adds the distribution of some numbers, whatever their shape. Those that are not finite do not count. */
  addHistogram(
    tag: string,
    values: ArrayData,
    step = 0,
    options: SummaryOptions & { bins?: Bins } = {},
  ): void {
    const { data } = flatArray(`histogram "${tag}"`, values)
    const histogram = histogramOf(data, options.bins ?? 'tensorflow')
    if (histogram) this.addHistogramRaw(tag, histogram, step, options)
    else this.#warnOfEmpty(tag, step)
  }

  /** Adds a distribution whose buckets were counted elsewhere. */
  addHistogramRaw(tag: string, histogram: RawHistogram, step = 0, options: SummaryOptions = {}): void {
    this.#add(tag, step, options, plugins.histograms, histogramContent(histogram))
  }

  /**
   * Adds an image with 1 to 4 channels: grey, grey and alpha, RGB, RGBA. Floats go from 0 to 1, integers from 0 to 255.
   * @param options.dataformats The order of the dimensions. Default: `HWC`, as tensors of TensorFlow.js have it; the channels may be missing.
   */
  addImage(
    tag: string,
    image: ArrayData,
    step = 0,
    options: SummaryOptions & { dataformats?: ImageFormat } = {},
  ): void {
    const [pixels] = pixelsOf(`image "${tag}"`, image, options.dataformats ?? 'HWC')
    this.#add(tag, step, options, plugins.images, imageContent(pixels!))
  }

  /** Adds a batch of images under one tag, with a slider. Default of `dataformats`: `NHWC`. */
  addImages(
    tag: string,
    images: ArrayData,
    step = 0,
    options: SummaryOptions & { dataformats?: ImagesFormat } = {},
  ): void {
    const batch = pixelsOf(`images "${tag}"`, images, options.dataformats ?? 'NHWC')
    this.#add(tag, step, options, plugins.images, imagesContent(batch))
  }

  /**
   * Adds sound, samples from -1 to 1, as 16-bit WAV.
   * @param sound [frames], [clips, frames] or [clips, frames, channels].
   * @param options.sampleRate Frames a second. Default: 44100.
   */
  addAudio(
    tag: string,
    sound: ArrayData,
    step = 0,
    options: SummaryOptions & { sampleRate?: number } = {},
  ): void {
    const content = audioContent(`audio "${tag}"`, sound, options.sampleRate ?? 44_100)
    this.#add(tag, step, options, plugins.audio, content)
  }

  /** Adds Markdown: a text, a list of them, or a table, whose first row is its head. */
  addText(tag: string, text: Text, step = 0, options: SummaryOptions = {}): void {
    this.#add(tag, step, options, plugins.text, textContent(text))
  }

  /**
   * Adds the precision-recall curve of a classifier of two classes.
   * @param labels True or not (0).
   * @param predictions From 0 to 1.
   * @param options.numThresholds Default: 127.
   */
  addPrCurve(
    tag: string,
    labels: ArrayData,
    predictions: ArrayData,
    step = 0,
    options: SummaryOptions & { numThresholds?: number; weights?: ArrayData } = {},
  ): void {
    const { numThresholds = 127, weights } = options
    this.addPrCurveRaw(tag, prCurveOf(labels, predictions, numThresholds, weights), step, options)
  }

  /** Adds a precision-recall curve that was computed elsewhere. */
  addPrCurveRaw(tag: string, curve: RawPrCurve, step = 0, options: SummaryOptions = {}): void {
    const plugin = prCurvesPlugin(curve.truePositives.length)
    this.#add(tag, step, options, plugin, prCurveContent(curve))
  }

  /**
   * Tells the hyperparameters of the run, for the page HPARAMS; it shows the last point of every curve beside them. Only the first of a run count.
   * @param metrics Points to add to curves, besides.
   */
  addHparams(
    hparams: Readonly<Record<string, HparamValue>>,
    metrics: Readonly<Record<string, number>> = {},
    step = 0,
  ): void {
    const file = this.#run.file(this.#sub)
    file.event(summary(sessionStartValue(hparams, this.#run.seconds())), 0)
    for (const [tag, value] of Object.entries(metrics)) this.addScalar(tag, value, step)
  }

  /** Tells how the run ended, for the page HPARAMS. Only the first such status counts, so a run that may go on should not have one. */
  addRunEnd(status: RunStatus): void {
    this.#run.file(this.#sub).event(summary(sessionEndValue(status, this.#run.seconds())), 0)
  }

  /** Adds the layers of a `tf.LayersModel`, for the page GRAPHS. A run has one graph. */
  addGraph(model: GraphModel): void {
    this.#run.file(this.#sub).event(graphDef(graphOf(model)), 0)
  }

  /** Hands everything to the operating system. */
  flush(): void {
    this.#run.file(this.#sub).flush()
  }

  #warnOfEmpty(tag: string, step: number): void {
    if (this.#emptyHistograms.has(tag)) return
    this.#emptyHistograms.add(tag)
    this.#run.warn(`histogram "${tag}" has no finite values at step ${step}; it is left out`)
  }

  #add(tag: string, step: number, options: SummaryOptions, plugin: Plugin, content: ValueContent): void {
    checkStep(step)
    this.#run
      .file(this.#sub)
      .tagged(tag, step, options.wallTime, ({ name, described }) =>
        summary(summaryValue(name, content, described ? undefined : plugin, options.description)),
      )
  }
}

function checkStep(step: number): void {
  if (!Number.isSafeInteger(step)) fail(`\`step\` must be a whole number, not ${String(step)}`)
}

function oneNumber(tag: string, value: ArrayData): number {
  const { data } = flatArray(`scalar "${tag}"`, value)
  if (data.length !== 1) fail(`scalar "${tag}" must be one number, but has ${data.length}`)
  return data[0]!
}
