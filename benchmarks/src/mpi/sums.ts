import { mpi } from '@trainyard/mpi'

/** What a rank does to time reductions: sums buffers over all ranks; the arguments are pairs of bytes and rounds, as those of all-reduce.c. Rank zero prints seconds by bytes. */
export async function sumBuffers(pairs: readonly string[]): Promise<void> {
  const strategy = await mpi()
  const figures: Record<string, number[]> = {}
  for (let i = 0; i + 1 < pairs.length; i += 2) {
    const [bytes, rounds] = [Number(pairs[i]), Number(pairs[i + 1])]
    const buffer = new Float32Array(bytes / 4)
    const times: number[] = []
    for (let round = -2; round < rounds; round++) {
      await strategy.barrier()
      const began = performance.now()
      await strategy.allReduce(buffer)
      if (round >= 0) times.push((performance.now() - began) / 1000)
    }
    figures[bytes] = times
  }
  if (!strategy.globalRank) console.log(JSON.stringify(figures))
}
