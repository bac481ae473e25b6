import { defaultHost, type Host } from '@trainyard/core'

/** The host of this process, which prints nothing. */
export function quietHost(): Host {
  return { ...defaultHost(), print() {}, warn() {} }
}
