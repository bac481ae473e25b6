/** Gives the values in a tree with their names: `optimizer.lr`. Lists, and groups of nothing, are values. */
export function flatten(tree: unknown, name = '', into = new Map<string, unknown>()): Map<string, unknown> {
  const isGroup = typeof tree === 'object' && tree !== null && !Array.isArray(tree)
  if (!isGroup || Object.keys(tree).length === 0) return name === '' ? into : into.set(name, tree)
  for (const [key, value] of Object.entries(tree)) flatten(value, name === '' ? key : `${name}.${key}`, into)
  return into
}
