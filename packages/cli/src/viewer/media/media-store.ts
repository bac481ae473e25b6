import type { StoredRun } from '@trainyard/run-folder'
import { EventMedia } from './event-media.ts'

/** The media of so many runs are kept, those that were looked at last. */
const most = 20

/** The images and histograms of the runs that somebody looks at. */
export class MediaStore {
  readonly #kept = new Map<string, EventMedia>()

  of(run: StoredRun): EventMedia {
    const media = this.#kept.get(run.directory) ?? new EventMedia(run.directory)
    this.#kept.delete(run.directory)
    this.#kept.set(run.directory, media)
    if (this.#kept.size > most) this.#kept.delete(this.#kept.keys().next().value!)
    return media
  }
}
