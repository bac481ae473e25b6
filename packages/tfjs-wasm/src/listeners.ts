const events = ['uncaughtException', 'unhandledRejection']

interface NodeProcess {
  listeners(event: string): unknown[]
  removeListener(event: string, listener: unknown): void
}

/**
 * Starts something and then takes away the listeners for uncaught errors that it has put on the Node process.
 * The WASM backend leaves two, which rethrow what they get: the process then ends with code 7 and hides where the
 * error came from.
 */
export async function withoutListeners<T>(start: () => Promise<T>): Promise<T> {
  const { process } = globalThis as { process?: Partial<NodeProcess> }
  if (!process?.listeners || !process.removeListener) return start()
  const node = process as NodeProcess
  const before = new Map(events.map((event) => [event, new Set(node.listeners(event))]))
  try {
    return await start()
  } finally {
    for (const [event, kept] of before)
      for (const listener of node.listeners(event))
        if (!kept.has(listener)) node.removeListener(event, listener)
  }
}
