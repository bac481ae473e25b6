import { timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

/** Why a request is refused. */
export interface Refusal {
  readonly status: number
  readonly reason: string
}

/** Who may ask. */
export interface GuardOptions {
  /** The names of this machine under which the page is opened: `127.0.0.1:6007`. */
  readonly hosts: ReadonlySet<string>
  /** What has to come with a request that writes. */
  readonly token: string
}

/**
 * Looks whether a request comes from our own page, and not, by way of the browser, from a foreign one: that would send the name of its own host after DNS
 * rebinding, its own `Origin`, or `Sec-Fetch-Site: cross-site`.
 * @returns undefined if it may be answered.
 */
export function refusalOf(request: IncomingMessage, { hosts, token }: GuardOptions): Refusal | undefined {
  const { host, origin, 'sec-fetch-site': site, 'sec-fetch-mode': mode } = request.headers
  if (host === undefined || !hosts.has(host.toLowerCase()))
    return { status: 403, reason: `this server does not answer to the name ${host ?? 'of nobody'}` }
  if (origin !== undefined && ![...hosts].some((name) => origin === `http://${name}`))
    return { status: 403, reason: 'another site may not ask' }
  // A link on a foreign page may lead to ours, but it may not embed what is in it.
  if ((site === 'cross-site' || site === 'same-site') && mode !== 'navigate')
    return { status: 403, reason: 'another site may not ask' }
  const { method } = request
  if (method === 'GET' || method === 'HEAD') return undefined
  if (method !== 'POST') return { status: 405, reason: `${method} is not understood` }
  if (request.headers['content-type'] !== 'application/json')
    return { status: 415, reason: 'JSON is expected' }
  if (request.url?.startsWith('/api/annotate') && !isSame(request.headers['x-trainyard-token'], token))
    return { status: 403, reason: 'the token is missing or wrong: open the address that was printed' }
  return undefined
}

function isSame(given: string | string[] | undefined, token: string): boolean {
  const [a, b] = [Buffer.from(String(given)), Buffer.from(token)]
  return a.length === b.length && timingSafeEqual(a, b)
}
