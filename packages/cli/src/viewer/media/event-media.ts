import { closeSync, openSync, readSync, statSync } from 'node:fs'
import { relative } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { EventFileReader, type LoggedEvent, type LoggedValue } from '@trainyard/tensorboard-plugin-writer'
import type { Histogram, Media, MediaPoint } from '../protocol.ts'
import { findEventFiles } from './find-event-files.ts'
import { histogramOf, imagesOf } from './logged-media.ts'

/** Where an image or a histogram stands. */
interface Place {
  readonly file: string
  /** Where the record of its event begins, in bytes. */
  readonly start: number
  /** Which of the values of the event it is, and which of the images of that. */
  readonly value: number
  readonly image: number
  readonly plugin: string
}

/** How long other work waits, in milliseconds. */
const longestTurn = 20

/** The images and histograms in the event files of a run's folder. Keeps where they are; what they hold is read when it is looked at. */
export class EventMedia {
  readonly #directory: string
  readonly #readers = new Map<string, EventFileReader>()
  readonly #places = new Map<string, Place>()
  /** By kind and tag. */
  readonly #tags = new Map<
    string,
    { readonly kind: keyof Media; readonly tag: string; points: MediaPoint[] }
  >()
  /** For which page of TensorBoard a tag is stands with its first value only. */
  readonly #plugins = new Map<string, string>()
  #reading: Promise<void> | undefined

  constructor(directory: string) {
    this.#directory = directory
  }

  /** Lists what there is now. A file is read as far as it is good. */
  async list(): Promise<Media> {
    this.#reading ??= this.#readNew().finally(() => (this.#reading = undefined))
    await this.#reading
    const of = (kind: keyof Media): Media[keyof Media] =>
      Array.from(this.#tags.values())
        .filter((one) => one.kind === kind)
        .map(({ tag, points }) => ({ tag, points }))
    return { images: of('images'), histograms: of('histograms') }
  }

  /** Gives an image as it is in the file: PNG, JPEG or GIF; undefined if there is none of that name. */
  async image(id: string): Promise<Uint8Array | undefined> {
    const found = await this.#find(id)
    return found && imagesOf(found.value.data, found.place.plugin)[found.place.image]
  }

  /** Gives a histogram; undefined if there is none of that name. */
  async histogram(id: string): Promise<Histogram | undefined> {
    const found = await this.#find(id)
    return found && histogramOf(found.value.data, found.place.plugin)
  }

  async #find(id: string): Promise<{ place: Place; value: LoggedValue } | undefined> {
    // Only what is listed: no place that somebody makes up.
    if (!this.#places.has(id)) await this.list()
    const place = this.#places.get(id)
    const value = place && valueAt(place)
    return value && { place, value }
  }

  async #readNew(): Promise<void> {
    let turn = performance.now()
    for (const file of await findEventFiles(this.#directory)) {
      const reader = this.#readers.get(file) ?? new EventFileReader(file)
      this.#readers.set(file, reader)
      try {
        if (statSync(file).size < reader.offset) {
          this.#forget()
          return this.#readNew()
        }
        for (const event of reader.read()) {
          this.#take(file, event)
          if (performance.now() - turn < longestTurn) continue
          await setImmediate()
          turn = performance.now()
        }
      } catch {
        // Damaged, or gone; what was read before stays.
      }
    }
  }

  #take(file: string, { step, start, values }: LoggedEvent): void {
    for (const [i, { tag, plugin: given, data }] of values.entries()) {
      const name = `${file}\n${tag}`
      if (given !== undefined) this.#plugins.set(name, given)
      const plugin = this.#plugins.get(name) ?? ''
      const place = { file, start, value: i, plugin }
      for (const image of imagesOf(data, plugin).keys()) this.#add('images', tag, step, { ...place, image })
      if (histogramOf(data, plugin)) this.#add('histograms', tag, step, { ...place, image: 0 })
    }
  }

  #add(kind: keyof Media, tag: string, step: number, place: Place): void {
    const found = this.#tags.get(`${kind}\n${tag}`) ?? { kind, tag, points: [] }
    this.#tags.set(`${kind}\n${tag}`, found)
    // A run that went back has left images behind that no longer count.
    const last = found.points.at(-1)
    if (last && last.step > step) found.points = found.points.filter((point) => point.step < step)
    const id = [relative(this.#directory, place.file), place.start, place.value, place.image].join(':')
    this.#places.set(id, place)
    found.points.push({ step, id })
  }

  /** Begins anew: a file is another one than it was. */
  #forget(): void {
    for (const known of [this.#readers, this.#places, this.#tags, this.#plugins]) known.clear()
  }
}

/** Reads the event at a place again. */
function valueAt({ file, start, value }: Place): LoggedValue | undefined {
  const from = (
    fd: number,
    buffer: NodeJS.ArrayBufferView,
    offset: number,
    length: number,
    position: number,
  ): number => readSync(fd, buffer, offset, length, position + start)
  const fs = { openSync, closeSync, readSync: from as typeof readSync }
  try {
    for (const event of new EventFileReader(file, { fs }).read()) return event.values[value]
  } catch {
    // Gone, or another file by now.
  }
  return undefined
}
