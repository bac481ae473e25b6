import { type Around, type Operation, operationText } from './intercept.ts'

/** The operations that a fault is about: one of them by its index, or those for which a function says so. */
export type Which = number | ((operation: Operation) => boolean)

function isMeant(which: Which, operation: Operation): boolean {
  return typeof which === 'number' ? operation.index === which : which(operation)
}

/** Lets operations fail as the operating system would: `ENOSPC`, `EIO`, `EACCES`, … */
export function failAt(which: Which, code: string): Around {
  return async (operation, run) => {
    if (!isMeant(which, operation)) return run()
    throw Object.assign(new Error(`${code}: injected, ${operationText(operation)}`), { code })
  }
}

/** Lets operations that are given bytes take only half of them. */
export function shortenAt(which: Which): Around {
  return async (operation, run) => {
    const [data, ...rest] = operation.args
    if (!isMeant(which, operation) || !(data instanceof Uint8Array)) return run()
    return run([data.subarray(0, Math.ceil(data.byteLength / 2)), ...rest])
  }
}

/** Lets operations do nothing, and say that they did. */
export function ignoreAt(which: Which): Around {
  return async (operation, run) => (isMeant(which, operation) ? undefined : run())
}

/** Kills the process before an operation; nothing can be done about it, and nothing is cleaned up. */
export function killAt(which: Which): Around {
  return (operation, run) => {
    if (!isMeant(which, operation)) return run()
    process.kill(process.pid, 'SIGKILL')
    return new Promise(() => {})
  }
}

/** What every operation says once the power is gone. */
export class PowerLossError extends Error {}

/** Switches the power off before an operation: neither it nor any after it happens. */
export function powerLossAt(which: Which): Around {
  let isOff = false
  return async (operation, run) => {
    isOff ||= isMeant(which, operation)
    if (isOff) throw new PowerLossError(`no power, ${operationText(operation)}`)
    return run()
  }
}
