import type { Duration, ScalarLoggerOptions, TensorRef } from '@trainyard/core'
import { fail } from './errors.ts'
import type { Environment } from './netrc.ts'
import { longestWait } from './within.ts'

/** `online` sends while the run goes on, `offline` writes the file only, `disabled` does nothing. */
export type WandbMode = 'online' | 'offline' | 'disabled'

/** `must`: the run has to be there; `never`: it must not; `allow`: either. */
export type WandbResume = 'must' | 'allow' | 'never'

/** How patient delivery is, in milliseconds. */
export interface DeliveryTiming {
  /** Between two requests with rows, if there are fewer than fill one. Default: 5000. */
  readonly interval: number
  /** Without anything to send, after which the server hears that the run lives. Default: 30000. */
  readonly heartbeat: number
  /** For one request. Default: 30000. */
  readonly requestTimeout: number
  /** Before the first repetition; each further one waits twice as long. Default: 500. */
  readonly firstRetry: number
  /** At most between repetitions. Default: 60000. */
  readonly longestRetry: number
  /** That the start of a run waits for the server. Default: 10000. */
  readonly start: number
}

export const defaultTiming: DeliveryTiming = {
  interval: 5_000,
  heartbeat: 30_000,
  requestTimeout: 30_000,
  firstRetry: 500,
  longestRetry: 60_000,
  start: 10_000,
}

export interface WandbLoggerOptions<Read extends string | TensorRef> extends ScalarLoggerOptions<Read> {
  /** What the page calls the run. Default: `WANDB_NAME`, or W&B finds a name. */
  wandbName?: string
  /** Default: `WANDB_PROJECT`, or `uncategorized`. */
  wandbProject?: string
  /** User or team. Default: `WANDB_ENTITY`, or that of the API key. */
  entity?: string
  /** The run's own, within the project. Default: `WANDB_RUN_ID`, or eight random characters. */
  id?: string
  /** What to do where a run of this `id` is there. Default: `WANDB_RESUME`, or `allow`. */
  resume?: WandbResume
  /** Default: `WANDB_TAGS`, separated by commas. */
  tags?: readonly string[]
  /** Default: `WANDB_NOTES`. */
  notes?: string
  /** Runs of a group are shown together. Default: `WANDB_RUN_GROUP`. */
  group?: string
  /** Default: `WANDB_JOB_TYPE`. */
  jobType?: string
  /** Hyperparameters and the like. */
  config?: Readonly<Record<string, unknown>>
  /** Default: `WANDB_MODE`, or `online`. */
  mode?: WandbMode
  /** The run's files go to `<dir>/wandb`. Default: `WANDB_DIR`, the run folder, or the working directory. */
  dir?: string
  /** Sends checkpoints as artifacts: the last one at the end, or `all`. Default: false. */
  logModel?: boolean | 'all'
  /** Copies what the program prints. Default: false. */
  console?: boolean
  /** CPU and memory, every 15 seconds. Default: false. */
  systemMetrics?: boolean
  /** `spool`: delivery that follows the file. `sdk`: through `@wandb/sdk`. Default: `spool`. */
  client?: 'spool' | 'sdk'
  /** How long the end of a run waits for the server. Default: 30 seconds. */
  finishTimeout?: Duration
  timing?: Partial<DeliveryTiming>
  /** Where variables are looked up. Default: `process.env`. */
  env?: Environment
}

/** Checks the options that can be wrong. */
export function checkOptions(options: WandbLoggerOptions<never>): void {
  oneOf('mode', options.mode, ['online', 'offline', 'disabled'])
  oneOf('resume', options.resume, ['must', 'allow', 'never'])
  oneOf('client', options.client, ['spool', 'sdk'])
  oneOf('logModel', options.logModel, [true, false, 'all'])
  for (const option of [
    'wandbName',
    'wandbProject',
    'entity',
    'id',
    'notes',
    'group',
    'jobType',
    'dir',
  ] as const)
    text(option, options[option])
  const { tags, config, timing = {} } = options
  if (tags && !(Array.isArray(tags) && tags.every((tag) => typeof tag === 'string')))
    fail(`\`tags\` must be a list of texts, not ${String(tags)}`)
  if (config !== undefined && (typeof config !== 'object' || config === null))
    fail(`\`config\` must be an object, not ${String(config)}`)
  for (const [name, ms] of Object.entries(timing))
    if (!(ms >= 0 && ms <= longestWait))
      fail(`\`timing.${name}\` must be a number of milliseconds, up to 24 days, not ${ms}`)
  seconds('finishTimeout', options.finishTimeout)
}

/** Gives a span of time in milliseconds, as long as a timer can wait. */
export function seconds(option: string, duration: Duration = { seconds: 30 }): number {
  const { hours = 0, minutes = 0, seconds: rest = 0 } = duration
  const total = (hours * 60 + minutes) * 60 + rest
  if (!(total >= 0)) fail(`\`${option}\` must be a time such as { seconds: 30 }, not ${total} s`)
  return Math.min(total * 1000, longestWait)
}

export function oneOf(option: string, value: unknown, words: readonly unknown[]): void {
  if (value !== undefined && !words.includes(value))
    fail(`\`${option}\` must be one of ${words.join(', ')}, not ${String(value)}`)
}

function text(option: string, value: unknown): void {
  if (value !== undefined && (typeof value !== 'string' || value.trim() === ''))
    fail(`\`${option}\` must be a text, not ${JSON.stringify(value)}`)
}
