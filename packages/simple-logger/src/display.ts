import type { StatusText } from './status-text.ts'

/** Shows how far a run is: on a terminal in one line that changes, elsewhere in a line now and then. */
export interface Display {
  /** Starts to show an action. Times are in milliseconds. */
  open(now: number): void
  /** Whether it is time for another status; asked after each step. At the end of an epoch a line follows. */
  isDue(now: number, isEpochOver: boolean): boolean
  showStatus(status: StatusText, now: number): void
  /** Shows a word about something longer under way, where there is a place for it. */
  showNote(note: string, now: number): void
  /** Writes a line that stays. */
  print(line: string, now: number): void
  /** Takes everything away that is not to stay. */
  close(): void
}
