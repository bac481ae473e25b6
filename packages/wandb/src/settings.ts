import { randomInt } from 'node:crypto'
import { hostname } from 'node:os'
import { resolve } from 'node:path'
import { ApiKey } from './api-key.ts'
import { fail } from './errors.ts'
import { type Environment, netrcPassword } from './netrc.ts'
import { oneOf, type WandbLoggerOptions, type WandbMode, type WandbResume } from './options.ts'

/** What identifies and describes a run, from options and environment. */
export interface RunSettings {
  readonly id: string
  /** Whether somebody chose the id. */
  readonly isIdGiven: boolean
  readonly project: string
  readonly entity: string | undefined
  readonly name: string | undefined
  readonly resume: WandbResume
  readonly tags: readonly string[]
  readonly notes: string | undefined
  readonly group: string | undefined
  readonly jobType: string | undefined
  readonly mode: WandbMode
  /** Undefined where the run folder may say it. */
  readonly dir: string | undefined
  readonly isSilent: boolean
  readonly host: string
}

/** The server, and who asks. */
export interface ServerSettings {
  /** Without a slash at the end. */
  readonly baseUrl: string
  readonly key: ApiKey
}

/** Puts options and the variables of W&B's own client together; options come first. */
export function runSettings(options: WandbLoggerOptions<never>, env: Environment): RunSettings {
  const given = <T extends string>(option: T | undefined, variable: string): T | undefined =>
    option ?? ((env[variable]?.trim() || undefined) as T | undefined)
  const id = given(options.id, 'WANDB_RUN_ID')
  // The id becomes the name of a file and a part of addresses.
  if (id !== undefined && !/^[\w-][\w.-]{0,127}$/.test(id))
    fail(`\`id\` must be up to 128 letters, digits, dashes, dots and underscores, not ${JSON.stringify(id)}`)
  const project = given(options.wandbProject, 'WANDB_PROJECT') ?? 'uncategorized'
  if (/[/\\#?%:]/.test(project) || project.length > 128)
    fail(
      `\`wandbProject\` must have no / \\ # ? % : and up to 128 characters, not ${JSON.stringify(project)}`,
    )
  const mode = given(options.mode, 'WANDB_MODE') ?? 'online'
  oneOf('WANDB_MODE', mode, ['online', 'offline', 'disabled'])
  const resume = given(options.resume, 'WANDB_RESUME') ?? 'allow'
  oneOf('WANDB_RESUME', resume, ['must', 'allow', 'never'])
  if (resume === 'must' && id === undefined)
    fail("`resume: 'must'` needs the `id` of the run, or WANDB_RUN_ID")
  return {
    id: id ?? randomId(),
    isIdGiven: id !== undefined,
    project,
    entity: given(options.entity, 'WANDB_ENTITY'),
    name: given(options.wandbName, 'WANDB_NAME'),
    resume,
    tags:
      options.tags ??
      env['WANDB_TAGS']
        ?.split(',')
        .map((tag) => tag.trim())
        .filter(Boolean) ??
      [],
    notes: given(options.notes, 'WANDB_NOTES'),
    group: given(options.group, 'WANDB_RUN_GROUP'),
    jobType: given(options.jobType, 'WANDB_JOB_TYPE'),
    mode,
    dir: given(options.dir, 'WANDB_DIR'),
    isSilent: env['WANDB_SILENT'] === 'true',
    host: hostname(),
  }
}

/**
 * Finds the server and the API key.
 * @throws if there is no key.
 */
export function serverSettings(env: Environment): ServerSettings {
  const baseUrl = (env['WANDB_BASE_URL']?.trim() || 'https://api.wandb.ai').replace(/\/+$/, '')
  if (!URL.canParse(baseUrl) || !/^https?:/.test(baseUrl))
    fail(`WANDB_BASE_URL must be an address such as https://api.wandb.ai, not ${JSON.stringify(baseUrl)}`)
  const { host } = new URL(baseUrl)
  const key = env['WANDB_API_KEY']?.trim() || netrcPassword(host, env)
  if (!key)
    fail(
      `there is no API key for ${host}: set WANDB_API_KEY, run \`wandb login\`, or use { mode: 'offline' }`,
    )
  // Other characters would end up in an error of the HTTP client, with the key.
  if (!/^[\x21-\x7e]+$/.test(key)) fail(`the API key for ${host} has characters that no key has`)
  return { baseUrl, key: new ApiKey(key) }
}

/** Gives the address of a run's page. */
export function runUrl(baseUrl: string, entity: string, project: string, id: string): string {
  const app = baseUrl.replace(/^(https?:\/\/)api\./, '$1')
  return [app, entity, project, 'runs', id].map((part, i) => (i ? encodeURIComponent(part) : part)).join('/')
}

/** Gives the folder of a new run, `<dir>/wandb/run-<date>_<time>-<id>`, as W&B's own client names it. */
export function runFolder(dir: string, { id, mode }: RunSettings, now: Date): string {
  const two = (number: number): string => String(number).padStart(2, '0')
  const date = `${now.getFullYear()}${two(now.getMonth() + 1)}${two(now.getDate())}`
  const time = `${two(now.getHours())}${two(now.getMinutes())}${two(now.getSeconds())}`
  return resolve(dir, 'wandb', `${mode === 'offline' ? 'offline-run' : 'run'}-${date}_${time}-${id}`)
}

function randomId(): string {
  return Array.from({ length: 8 }, () => randomInt(36).toString(36)).join('')
}
