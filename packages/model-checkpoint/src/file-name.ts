import { fail } from './errors.ts'

/** What a placeholder may stand for: counters and metrics. */
export type NameValues = Readonly<Record<string, number | undefined>>

// `{val_loss:.4f}`, with the separator before it, which goes with it when there is no value.
const placeholder = /([-_.]*)\{([^{}:]+)(?::([^{}]*))?\}/g

/**
 * Fills in a template such as `{epoch}-{step}-{val_loss:.4f}`, in the way of Lightning: `epoch=1-step=300-val_loss=0.0812`, or `1-300-0.0812` without
 * `insertNames`. Formats: `d`, `03d`, `.4f`, `.2e`, `.3g`, none for the number as it is. A metric that has no value is left out, with the separator
 * before it: a made-up 0 would look like a score.
 * @throws if the template has a format that does not exist.
 */
export function fillName(template: string, values: NameValues, insertNames = true): string {
  const name = template.replaceAll(placeholder, (_, separator: string, key: string, format = '') => {
    const value = values[key]
    if (value === undefined) return ''
    const text = formatNumber(value, format, `{${key}:${format}}`)
    return `${separator}${insertNames ? `${key.replaceAll(/[/\\]/g, '_')}=` : ''}${text}`
  })
  return name.replace(/^[-_.]+/, '')
}

/**
 * Checks a template for names inside a folder.
 * @throws if it is empty, is a path, begins with a dot, or has a format or braces that mean nothing.
 */
export function checkTemplate(option: string, template: string): void {
  const wrong = (why: string): never =>
    fail(
      `\`${option}\` ${why}: ${JSON.stringify(template)}; use a name such as '{epoch}-{step}-{val_loss:.4f}'`,
    )
  if (typeof template !== 'string' || template === '') wrong('must be a name that is not empty')
  if (/[/\\\0]/.test(template)) wrong('must be a name, not a path')
  if (template.startsWith('.')) wrong('must not begin with a dot, which hides it')
  if (/[{}]/.test(template.replaceAll(placeholder, ''))) wrong('has a brace without its other')
  fillName(template, new Proxy({}, { get: () => 1 }))
}

function formatNumber(value: number, format: string, where: string): string {
  const [, zero, width, digits, kind] =
    /^(0?)(\d*)(?:\.(\d+))?([dfeg]?)$/.exec(format) ??
    fail(`the format in ${where} does not exist; use one like .4f, .2e, .3g or 03d`)
  const precision = digits === undefined ? 6 : Number(digits)
  const text =
    kind === 'd'
      ? Math.round(value).toString()
      : kind === 'e'
        ? value.toExponential(precision)
        : kind === 'g'
          ? String(Number(value.toPrecision(Math.max(1, precision))))
          : kind === 'f' || digits !== undefined
            ? value.toFixed(precision)
            : String(value)
  return width ? text.padStart(Number(width), zero ? '0' : ' ') : text
}
