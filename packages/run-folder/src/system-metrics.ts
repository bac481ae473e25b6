import { monitorEventLoopDelay } from 'node:perf_hooks'
import { Callback, type TrainerHandle, type TrainerState } from '@trainyard/core'
import { check, messageOf } from './errors.ts'
import { openRunIn } from './run/open-runs-of-process.ts'

export interface SystemMetricsOptions {
  /** Seconds from row to row. Default: 10. */
  readonly period?: number
}

/**
 * Measures the process while it trains, into `metrics/system.json` of the run that the trainer was set up with: `cpu` (percent of one core), `rss` and `heap` (megabytes)
 * and `loop_delay` (the longest that the event loop kept anybody waiting since the row before, in milliseconds), with `step`, `epoch` and `time` as in the other files.
 * On several ranks it measures rank zero.
 *
 * ```ts
 * const trainer = new Trainer({ module, data, maxEpochs: 10, callbacks: [new RunFolderLogger(), new SystemMetrics()] })
 * ```
 */
export class SystemMetrics extends Callback {
  override readonly name = 'SystemMetrics'
  readonly #period: number
  #directory: string | undefined
  #end: (() => void) | undefined

  /** @throws if the period is no positive number. */
  constructor({ period = 10 }: SystemMetricsOptions = {}) {
    super()
    check(period > 0 && period < 1e6, 'period', 'a number of seconds above 0', period)
    this.#period = period
  }

  override useDirectory(directory: string): void {
    this.#directory = directory
  }

  /** @throws if the trainer was not set up with a run. */
  override onActionStart(state: TrainerState, { host }: TrainerHandle): void {
    if (state.globalRank || state.action !== 'train') return
    const run = openRunIn(this.#directory, this.name)
    const delay = monitorEventLoopDelay()
    delay.enable()
    let [cpu, since] = [process.cpuUsage(), performance.now()]
    const measure = (): void => {
      const { user, system } = process.cpuUsage(cpu)
      const elapsed = performance.now() - since
      ;[cpu, since] = [process.cpuUsage(), performance.now()]
      const { rss, heapUsed } = process.memoryUsage()
      const row = {
        step: state.step,
        epoch: state.epoch,
        time: Date.now() / 1000,
        cpu: (user + system) / 10 / elapsed,
        rss: rss / 1e6,
        heap: heapUsed / 1e6,
        loop_delay: delay.max / 1e6,
      }
      delay.reset()
      try {
        run.logMetrics(row, 'system')
      } catch (error) {
        // In a timer, it would end the process.
        host.warn(`[run-folder] SystemMetrics: ${messageOf(error)}`)
        clearInterval(timer)
      }
    }
    const timer = setInterval(measure, 1000 * this.#period)
    timer.unref()
    this.#end = () => {
      measure()
      clearInterval(timer)
      delay.disable()
    }
  }

  override onActionEnd(): void {
    this.#end?.()
    this.#end = undefined
  }
}
