const secret = /(api[-_]?key|secret|password|passwd|(access|auth|api)[-_]?token|credentials?)$/i

/** Hides what a command line has of keys and passwords: `--api-key=…`, `--api-key …`, `wandb.api_key=…`. */
export function redactArguments(args: readonly string[]): string[] {
  return args.map((arg, i) => {
    const [, name, rest] = /^([^=]*)=(.*)$/s.exec(arg) ?? []
    if (name !== undefined && rest !== '' && secret.test(name)) return `${name}=***`
    const previous = args[i - 1] ?? ''
    return previous.startsWith('-') && secret.test(previous) ? '***' : arg
  })
}
