import type { HparamValue } from '@trainyard/tensorboard-plugin-writer'

/**
 * Makes hyperparameters of a config: `{ optimizer: { lr: 0.1 } }` becomes `optimizer.lr`. Lists and what is neither text, number nor boolean are written as
 * JSON, what JSON does not have is left out.
 */
export function flatConfig(config: object, prefix = ''): Record<string, HparamValue> {
  const flat: Record<string, HparamValue> = {}
  for (const [key, value] of Object.entries(config) as [string, unknown][]) {
    const name = prefix + key
    if (isPlain(value)) flat[name] = value
    else if (isRecord(value)) Object.assign(flat, flatConfig(value, `${name}.`))
    else {
      const text = JSON.stringify(value) as string | undefined
      if (text !== undefined) flat[name] = text
    }
  }
  return flat
}

function isPlain(value: unknown): value is HparamValue {
  return ['string', 'number', 'boolean'].includes(typeof value)
}

function isRecord(value: unknown): value is object {
  return (
    typeof value === 'object' &&
    value !== null &&
    [Object.prototype, null].includes(Object.getPrototypeOf(value))
  )
}
