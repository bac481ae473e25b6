/** The moment for which a status is asked: what is shown of it depends on the display. */
export interface StatusText {
  /** What goes before the bar, for example `epoch 1/3`. */
  readonly head: string
  /** The part done, from 0 to 1, where it is known. */
  readonly fraction: number | undefined
  readonly tail: string
}

/** Shows how far a run is: on a terminal in one line that changes, elsewhere in a line now and then. */
export interface Display {
  /** Starts to show an action. Times are in milliseconds. */
  open(now: number): void
  /** Whether it is time for another status; asked after every step, so it is cheap. */
  isDue(now: number): boolean
  showStatus(status: StatusText, now: number): void
  /** Shows a word about something longer under way, where there is a place for it. */
  showNote(note: string, now: number): void
  /** Writes a line that stays. */
  print(line: string, now: number): void
  /** Takes everything away that is not to stay. */
  close(): void
}
