import type { FilterAnswer, FolderInfo, RunDetails, RunsMessage } from '../../viewer/protocol.ts'
import { unpackLines } from '../../viewer/series/pack-lines.ts'
import type { Source } from './source.ts'

/** Makes the source that asks the server which the page came from. */
export function liveSource(): Source {
  const token = takeToken()
  const address = (path: string, query: Readonly<Record<string, string>>): string =>
    `/api/${path}?${new URLSearchParams(query)}`
  return {
    isLive: true,
    canWrite: token !== null,
    folder: () => json<FolderInfo>('/api/folder'),
    runs: () => json<RunsMessage>('/api/runs'),
    listen(revision, listener) {
      // The browser comes back by itself, and says what it knows.
      const events = new EventSource(`/api/events?revision=${revision}`)
      events.addEventListener('runs', (event) => listener(JSON.parse(event.data as string) as RunsMessage))
    },
    filter: (query) => json<FilterAnswer>(address('filter', { query })),
    async lines(request) {
      const response = await checked(await post('/api/lines', request))
      return unpackLines(await response.arrayBuffer())
    },
    details: (run) => json<RunDetails>(address('run', { run })),
    text: async (run, path) => (await checked(await fetch(address('text', { run, path })))).text(),
    file: (run, path) => address('artifacts', { run, path }),
    async annotate(annotations) {
      await checked(await post('/api/annotate', annotations, { 'x-trainyard-token': token ?? '' }))
    },
  }
}

/** Takes the token out of the address, which may be passed on, and keeps it for this tab. */
function takeToken(): string | null {
  const given = new URLSearchParams(location.hash.slice(1))
  const token = given.get('token')
  if (token !== null) {
    sessionStorage.setItem('trainyard-token', token)
    given.delete('token')
    history.replaceState(null, '', `#${given}`)
  }
  return sessionStorage.getItem('trainyard-token')
}

function post(
  path: string,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> {
  return fetch(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })
}

async function json<T>(path: string): Promise<T> {
  return (await (await checked(await fetch(path))).json()) as T
}

async function checked(response: Response): Promise<Response> {
  if (response.ok) return response
  const { error } = (await response.json().catch(() => ({}))) as { error?: string }
  throw new Error(error ?? `the server answered ${response.status}`)
}
