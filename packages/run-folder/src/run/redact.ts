import { isRecord } from '../plain-tree.ts'

const secret = /(api[-_]?key|secret|password|passwd|token|credentials?)$/i

/** Hides what a command line has of keys and passwords: `--api-key=…`, `--api-key …`, `wandb.api_key=…`, `HF_TOKEN=…`. */
export function redactArguments(args: readonly string[]): string[] {
  return args.map((arg, i) => {
    const [, name, rest] = /^([^=]*)=(.*)$/s.exec(arg) ?? []
    if (name !== undefined && rest !== '' && secret.test(name)) return `${name}=***`
    const previous = args[i - 1] ?? ''
    return previous.startsWith('-') && secret.test(previous) ? '***' : arg
  })
}

/** Finds a value in a config that must not be written down, and gives its name. A `token` may be one of a language, such as `pad_token`. */
export function findSecret(tree: unknown, name = ''): string | undefined {
  if (typeof tree === 'string' && tree !== '')
    return secret.test(name) && !/token$/i.test(name) ? name : undefined
  if (!isRecord(tree)) return undefined
  for (const [key, value] of Object.entries(tree)) {
    const found = findSecret(value, name === '' ? key : `${name}.${key}`)
    if (found !== undefined) return found
  }
  return undefined
}
