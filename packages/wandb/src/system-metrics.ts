import { availableParallelism, freemem, totalmem } from 'node:os'

const period = 15_000

/** Measures the machine every 15 seconds, and at once, until the returned function is called; under the names that W&B's page knows. */
export function watchSystem(report: (stats: Readonly<Record<string, number>>) => void): () => void {
  let cpu = process.cpuUsage()
  let time = performance.now()
  const measure = (): void => {
    const { user, system } = process.cpuUsage(cpu)
    const elapsed = performance.now() - time
    cpu = process.cpuUsage()
    time = performance.now()
    const rss = process.memoryUsage.rss()
    const share = elapsed > 0 ? (user + system) / 10 / elapsed / availableParallelism() : 0
    report({
      cpu: share,
      memory_percent: 100 * (1 - freemem() / totalmem()),
      'proc.memory.rssMB': rss / 2 ** 20,
      'proc.memory.percent': (100 * rss) / totalmem(),
      'proc.memory.availableMB': freemem() / 2 ** 20,
    })
  }
  measure()
  const timer = setInterval(measure, period)
  timer.unref()
  return () => clearInterval(timer)
}
