/** What the stand-in for W&B keeps of a run. */
export class RunRecord {
  readonly id: string
  readonly entity: string
  readonly project: string
  /** The logs, line by line, by the names of their files. */
  readonly logs: Map<string, (string | undefined)[]> = new Map()
  /** Files that were put, by name. */
  readonly files: Map<string, Uint8Array> = new Map()
  /** What `UpsertBucket` told, the latest of each. */
  readonly told: Record<string, unknown> = {}
  /** Lines that were sent again with other content: a client must not do that. */
  conflicts = 0
  /** Lines that were sent again as they were. */
  repeats = 0
  /** Requests with lines, and those without. */
  posts = 0
  heartbeats = 0
  exitCode: number | undefined
  /** Whether the run's page was asked to stop it. */
  isStopped = false

  constructor(id: string, entity: string, project: string) {
    this.id = id
    this.entity = entity
    this.project = project
  }

  /** The rows, as objects. */
  get history(): Record<string, unknown>[] {
    return this.lines('wandb-history.jsonl').map(
      (line) => JSON.parse(line ?? 'null') as Record<string, unknown>,
    )
  }

  get summary(): Record<string, unknown> {
    return JSON.parse(this.lines('wandb-summary.json').at(-1) ?? '{}') as Record<string, unknown>
  }

  /** The configuration, without what clients say about themselves. */
  get config(): Record<string, unknown> {
    const told = JSON.parse(String(this.told['config'] ?? '{}')) as Record<string, { value?: unknown }>
    const entries = Object.entries(told).filter(([key]) => key !== '_wandb')
    return Object.fromEntries(entries.map(([key, entry]) => [key, entry?.value ?? entry]))
  }

  lines(file: string): readonly (string | undefined)[] {
    return this.logs.get(file) ?? []
  }

  /** Takes what a file stream says. */
  stream(body: FileStreamBody): void {
    for (const [file, { offset, content }] of Object.entries(body.files ?? {})) {
      const log = this.logs.get(file) ?? []
      this.logs.set(file, log)
      for (const [i, line] of content.entries()) {
        const known = log[offset + i]
        // The summary is one line, which is replaced.
        if (known !== undefined && file !== 'wandb-summary.json') {
          if (known === line) this.repeats++
          else this.conflicts++
        }
        log[offset + i] = line
      }
    }
    if (body.files) this.posts++
    else if (!body.complete) this.heartbeats++
    if (body.complete) this.exitCode = body.exitcode ?? 0
  }

  /** What `RunResumeStatus` answers. */
  bucket(): Record<string, unknown> {
    const count = (file: string): number => this.lines(file).length
    const tail = (file: string): string => JSON.stringify(this.lines(file).slice(-1))
    return {
      id: `bucket-${this.id}`,
      name: this.id,
      displayName: this.told['displayName'] ?? this.id,
      summaryMetrics: this.lines('wandb-summary.json').at(-1) ?? '{}',
      logLineCount: count('output.log'),
      historyLineCount: count('wandb-history.jsonl'),
      eventsLineCount: count('wandb-events.jsonl'),
      historyTail: tail('wandb-history.jsonl'),
      eventsTail: tail('wandb-events.jsonl'),
      config: this.told['config'] ?? '{}',
      tags: this.told['tags'] ?? [],
      notes: this.told['notes'] ?? null,
      wandbConfig: '{"t":{}}',
    }
  }
}

/** What a client posts to a file stream. */
export interface FileStreamBody {
  readonly files?: Readonly<Record<string, { readonly offset: number; readonly content: readonly string[] }>>
  readonly complete?: boolean
  readonly exitcode?: number
}
