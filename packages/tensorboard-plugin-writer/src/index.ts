/**
 * Writes and reads TensorBoard's event files, without TensorFlow.
 *
 * ```ts
 * import { SummaryWriter } from '@trainyard/tensorboard-plugin-writer'
 *
 * const writer = new SummaryWriter('runs/a')
 * for (let step = 1; step <= 100; step++) writer.addScalar('loss', 1 / step, step)
 * writer.close()
 * ```
 *
 * @module
 */
export { SummaryWriter, type SummaryWriterOptions } from './summary-writer.ts'
export type { EventWriter, SummaryOptions } from './event-writer.ts'
export type { WriterState } from './run-directory.ts'
export type { ErrorPolicy } from './event-file.ts'
export type { FileSystem, WriterHost } from './writer-host.ts'

// What can be added
export type { ArrayData, HostArray, NestedNumbers, ReadableTensor } from './array-data.ts'
export type { Bins, RawHistogram } from './histogram.ts'
export type { ImageFormat, ImagesFormat } from './image.ts'
export type { Text } from './text.ts'
export type { RawPrCurve } from './pr-curve.ts'
export type { HparamValue, RunStatus } from './hparams.ts'
export type { ScalarsLayout } from './custom-scalars.ts'
export type { GraphModel } from './graph.ts'

// Reading
export { EventFileReader } from './event-file-reader.ts'
export type { LoggedData, LoggedEvent, LoggedValue } from './logged-event.ts'
