import { single, type Strategy } from '@trainyard/core'

/** Makes the strategies of ranks that run in one process, by turns; what each of them would sum is the same on all. */
export function ranks(worldSize: number, onAbort: (reason: string) => void = () => {}): Strategy[] {
  const messages: { bytes: Promise<Uint8Array>; tell: (bytes: Uint8Array) => void }[] = []
  const message = (i: number): (typeof messages)[number] => {
    if (!messages[i]) {
      let tell: (bytes: Uint8Array) => void = () => {}
      const bytes = new Promise<Uint8Array>((done) => (tell = done))
      messages[i] = { bytes, tell }
    }
    return messages[i]
  }
  return Array.from({ length: worldSize }, (_, rank) => {
    let sent = 0
    return {
      ...single(),
      worldSize,
      globalRank: rank,
      localRank: rank,
      broadcast(bytes: Uint8Array) {
        const { bytes: told, tell } = message(sent++)
        if (rank === 0) tell(bytes)
        return told
      },
      abort: (_exitCode: number, reason: string) => onAbort(reason),
    }
  })
}
