import { scalarPrefix } from './record-buffer.ts'

/** What a file knows of a tag. */
export interface Tag {
  /** As it is written: an empty one gets a name. */
  readonly name: string
  readonly prefix: Uint8Array
  lastStep: number
  /** Whether a point with metadata was written: readers want it at the first point only. */
  described: boolean
}

const untitled = 'untitled'

/** The tags of one file. */
export class TagTable {
  readonly #tags = new Map<string, Tag>()
  readonly #warn: (line: string) => void
  #warnedOfStep = false

  constructor(warn: (line: string) => void) {
    this.#warn = warn
  }

  /** The highest step of all tags; -1 if there is none. */
  get lastStep(): number {
    let last = -1
    for (const { lastStep } of this.#tags.values()) last = Math.max(last, lastStep)
    return last
  }

  /** Gives a tag that is about to get a point at a step. Says so once if it is an earlier step than the last. */
  at(name: string, step: number): Tag {
    const tag = this.#tags.get(name) ?? this.#add(name)
    if (step < tag.lastStep) {
      if (!this.#warnedOfStep)
        this.#warn(
          `"${name}" goes back from step ${tag.lastStep} to ${step}: TensorBoard may show only what comes after`,
        )
      this.#warnedOfStep = true
    } else tag.lastStep = step
    return tag
  }

  #add(given: string): Tag {
    if (given === '') this.#warn(`a tag is empty; it is written as "${untitled}"`)
    const name = given || untitled
    const tag = { name, prefix: scalarPrefix(name), lastStep: -Infinity, described: false }
    this.#tags.set(given, tag)
    return tag
  }
}
