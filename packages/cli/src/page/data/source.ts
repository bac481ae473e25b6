import type {
  AnnotationRequest,
  FilterAnswer,
  FolderInfo,
  Histogram,
  Line,
  LinesRequest,
  Media,
  RunDetails,
  RunsMessage,
} from '../../viewer/protocol.ts'

/** Where the page has its data from: a server, or the page itself if it is a report. */
export interface Source {
  readonly isLive: boolean
  /** Whether notes and tags can be written. */
  readonly canWrite: boolean
  folder(): Promise<FolderInfo>
  runs(): Promise<RunsMessage>
  /** Calls back with what changes after a revision. */
  listen(revision: number, listener: (message: RunsMessage) => void): void
  filter(query: string): Promise<FilterAnswer>
  /** Calls back with lines as they come, the first of many before the last are ready. */
  lines(request: LinesRequest, onLines: (lines: readonly Line[]) => void, signal?: AbortSignal): Promise<void>
  details(run: string): Promise<RunDetails>
  /** Gives what a file of a run says. */
  text(run: string, path: string): Promise<string>
  /** Gives the address of a file of a run; undefined if it is not there. */
  file(run: string, path: string): string | undefined
  media(run: string): Promise<Media>
  /** Gives the address of an image of event files; undefined if it is not there. */
  image(run: string, id: string): string | undefined
  histogram(run: string, id: string): Promise<Histogram>
  annotate(annotations: AnnotationRequest): Promise<void>
}
