const marks: Readonly<Record<string, string>> = {
  COMPLETE: 'good',
  RUNNING: 'live',
  STARTING: 'live',
  INTERRUPTED: 'warn',
  FAILED: 'bad',
  DEAD: 'bad',
}

/** What became of a run, in a word with a dot. */
export function Status({ status }: { status: string | null }) {
  return (
    <span class={`status ${marks[status ?? ''] ?? ''}`}>
      <span class="dot" aria-hidden="true" />
      {(status ?? 'unknown').toLowerCase()}
    </span>
  )
}
