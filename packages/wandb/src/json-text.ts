/**
 * Gives a value as JSON text, whatever it is: the moment's copy of it. Numbers that JSON lacks become the texts `NaN`, `Infinity` and `-Infinity`, as W&B
 * wants them; maps become objects; sets and typed arrays become lists; big integers become numbers where these are exact, else texts; what points back to itself
 * is cut. Gives undefined for undefined.
 */
export function jsonText(value: unknown): string | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? String(value) : `"${value}"`
  if (typeof value === 'string' || typeof value === 'boolean') return JSON.stringify(value)
  return value === undefined ? undefined : (JSON.stringify(plain(value, [])) ?? 'null')
}

/** Puts values that are JSON texts together to the text of an object. */
export function objectText(fields: Iterable<readonly [key: string, json: string]>): string {
  let text = ''
  for (const [key, json] of fields) text += `${text && ','}${JSON.stringify(key)}:${json}`
  return `{${text}}`
}

function plain(value: unknown, within: readonly unknown[]): unknown {
  switch (typeof value) {
    case 'number':
      return Number.isFinite(value) ? value : String(value)
    case 'bigint':
      return Number.isSafeInteger(Number(value)) ? Number(value) : String(value)
    case 'symbol':
    case 'function':
      return `[${typeof value}]`
    case 'object':
      return value && plainObject(value, within)
    default:
      return value
  }
}

function plainObject(value: object, within: readonly unknown[]): unknown {
  if (within.includes(value)) return '[circular]'
  const inside = [...within, value]
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'NaN' : value.toISOString()
  if (value instanceof Error) return String(value)
  if (ArrayBuffer.isView(value) && !(value instanceof DataView))
    return Array.from(value as unknown as ArrayLike<unknown>, (item) => plain(item, inside))
  if (Array.isArray(value) || value instanceof Set)
    return Array.from(value as Iterable<unknown>, (item) => plain(item ?? null, inside))
  if ('toJSON' in value && typeof value.toJSON === 'function') return plain(value.toJSON(), inside)
  const entries = value instanceof Map ? [...value] : Object.entries(value)
  // Without a prototype, so that a key like `__proto__` is one like any other.
  const copy = Object.create(null) as Record<string, unknown>
  for (const [key, item] of entries) copy[String(key)] = plain(item, inside)
  return copy
}
