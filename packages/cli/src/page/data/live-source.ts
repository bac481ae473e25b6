import type {
  FilterAnswer,
  FolderInfo,
  Histogram,
  Media,
  RunDetails,
  RunsMessage,
} from '../../viewer/protocol.ts'
import { unframed } from '../../viewer/series/frames.ts'
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
    async lines(request, onLines, signal) {
      const response = await checked(await post('/api/lines', request, { signal: signal ?? null }))
      for await (const part of unframed(piecesOf(response.body!))) onLines(unpackLines(part))
    },
    details: (run) => json<RunDetails>(address('run', { run })),
    text: async (run, path) => (await checked(await fetch(address('text', { run, path })))).text(),
    file: (run, path) => address('artifacts', { run, path }),
    media: (run) => json<Media>(address('media', { run })),
    image: (run, id) => address('image', { run, id }),
    histogram: (run, id) => json<Histogram>(address('histogram', { run, id })),
    async annotate(annotations) {
      const headers = { 'x-trainyard-token': token ?? '' }
      await checked(await post('/api/annotate', annotations, { headers }))
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

function post(path: string, body: unknown, { headers, signal }: RequestInit = {}): Promise<Response> {
  return fetch(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(headers as Record<string, string>) },
    body: JSON.stringify(body),
    ...(signal && { signal }),
  })
}

/**
 * Reads a stream; not every browser can iterate over one.
 * @yields its pieces.
 */
async function* piecesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader()
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return
    yield value
  }
}

async function json<T>(path: string): Promise<T> {
  return (await (await checked(await fetch(path))).json()) as T
}

async function checked(response: Response): Promise<Response> {
  if (response.ok) return response
  const { error } = (await response.json().catch(() => ({}))) as { error?: string }
  throw new Error(error ?? `the server answered ${response.status}`)
}
