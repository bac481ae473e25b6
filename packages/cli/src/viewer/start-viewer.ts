import { randomBytes } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { hostname, networkInterfaces } from 'node:os'
import { openRuns } from '@trainyard/run-folder'
import { refusalOf } from './http/guard.ts'
import { sendJson } from './http/respond.ts'
import { answer } from './http/routes.ts'
import { MediaStore } from './media/media-store.ts'
import { RunWatch } from './run-watch.ts'
import { SeriesStore } from './series-store.ts'

export interface ViewerOptions {
  /** Where the runs are. */
  readonly folder: string
  /** Default: 6007, or the next one that is free; 0 is any. */
  readonly port?: number
  /** Under which address of this machine it can be reached. Default: 127.0.0.1, so from this machine only. */
  readonly host?: string
  /** Nobody can write notes or tags. */
  readonly readOnly?: boolean
}

/** A viewer that is running. */
export interface Viewer {
  /** Its address, with the token that allows to write: nobody else should see it. */
  readonly url: string
  readonly port: number
  readonly close: () => Promise<void>
}

const firstPort = 6007
const portsToTry = 20

/**
 * Shows the runs in a folder in a page, live. It reads the folder and writes nothing but notes and tags, and the Reader's index.
 *
 * ```ts
 * const viewer = await startViewer({ folder: './logs' })
 * console.log(viewer.url)
 * ```
 *
 * @throws if there is no such folder, or no port is free.
 */
export async function startViewer(options: ViewerOptions): Promise<Viewer> {
  const { folder, host = '127.0.0.1', readOnly = false } = options
  const watch = new RunWatch(openRuns(folder), folder)
  const state = { watch, series: new SeriesStore(), media: new MediaStore(), readOnly }
  const token = randomBytes(24).toString('base64url')
  const hosts = new Set<string>()
  const server = createServer((request, response) => {
    const refusal = refusalOf(request, { hosts, token })
    if (refusal) sendJson(request, response, { error: refusal.reason }, refusal.status)
    else void answer(state, request, response)
  })
  const port = await listen(server, host, options.port)
  for (const name of namesOf(host)) {
    hosts.add(`${name}:${port}`)
    if (port === 80) hosts.add(name)
  }
  // Whoever opens the page shall not wait for it.
  void watch.look()
  return {
    // What stands behind # is not sent, so it is in no log.
    url: `http://${nameOf(host)}:${port}/#token=${token}`,
    port,
    async close() {
      watch.close()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** Gives the names by which a browser may call this server. */
function namesOf(host: string): Set<string> {
  const names = ['127.0.0.1', 'localhost', '::1', host]
  // Whoever opens it to others has to reach it by the names of this machine.
  if (host === '0.0.0.0' || host === '::') {
    const addresses = Object.values(networkInterfaces()).flatMap((entries) => entries ?? [])
    names.push(hostname(), ...addresses.map(({ address }) => address))
  }
  return new Set(names.map((name) => nameOf(name).toLowerCase()))
}

function nameOf(host: string): string {
  return host.includes(':') ? `[${host}]` : host
}

async function listen(server: Server, host: string, given: number | undefined): Promise<number> {
  for (let port = given ?? firstPort; ; port++) {
    try {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject)
        server.listen(port, host, () => {
          server.off('error', reject)
          resolve()
        })
      })
      return (server.address() as AddressInfo).port
    } catch (error) {
      const isTaken = (error as NodeJS.ErrnoException).code === 'EADDRINUSE'
      if (!isTaken || given !== undefined || port >= firstPort + portsToTry - 1) throw error
    }
  }
}
