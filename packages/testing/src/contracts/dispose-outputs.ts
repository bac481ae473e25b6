/** Frees the tensors among outputs, as the loop does. A module may give one tensor under two names. */
export function disposeOutputs(outputs: object): void {
  for (const value of new Set<unknown>(Object.values(outputs)))
    if (typeof value === 'object' && value !== null) (value as { dispose?: () => void }).dispose?.()
}
