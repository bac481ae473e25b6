import { randomBytes } from 'node:crypto'
import { basename, dirname, join } from 'node:path'
import { checksumOf } from './checksum.ts'
import { processMark } from './process-mark.ts'

/**
 * What is hidden, and for how long: a checkpoint that is being written (`new`), one that is being replaced (`old`), one that is being deleted
 * (`gone`), and a link that is about to be put in place (`link`).
 */
export type HiddenKind = 'new' | 'old' | 'gone' | 'link'

export interface HiddenName {
  /** The name that it had, or was to have. */
  readonly name: string
  readonly kind: HiddenKind
  /** Stands for the run. */
  readonly owner: string
  /** The mark of the process that hid it. */
  readonly process: string
}

/** Gives a path beside another one that no listing shows, that is free, and that tells whose it is. */
export function hiddenPath(path: string, kind: HiddenKind, runId: string | null): string {
  const marks = [kind, ownerOf(runId), processMark(), randomBytes(4).toString('hex')].join('-')
  return join(dirname(path), `.${basename(path)}.${marks}`)
}

/** Takes the name of a hidden file apart; undefined if it is not one of ours. */
export function parseHiddenName(name: string): HiddenName | undefined {
  const match =
    /^\.(.+)\.(new|old|gone|link)-([0-9a-f]{8})-([0-9a-f]{8}(?:-[0-9a-f]{8}){2})-[0-9a-f]{8}$/.exec(name)
  return match
    ? { name: match[1]!, kind: match[2] as HiddenKind, owner: match[3]!, process: match[4]! }
    : undefined
}

/** Shortens a run's id to what fits in a file name, whatever is in it. */
export function ownerOf(runId: string | null): string {
  return checksumOf(runId ?? '')
}
