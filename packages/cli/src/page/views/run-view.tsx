import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { type JsonNumber, type Media, numberOf, type RunDetails } from '../../viewer/protocol.ts'
import { ChartGrid } from '../charts/chart-grid.tsx'
import { rows, source } from '../data/runs.ts'
import { durationText, messageOf, numberText, sizeText, timeText, valueText } from '../format.ts'
import { aboutOf } from './about.ts'
import { Annotations } from './annotations.tsx'
import { BackButton } from './back-button.tsx'
import { ConsoleText } from './console-text.tsx'
import { MediaView } from './media-view.tsx'
import { Status } from './status.tsx'

/** All about a run. */
export function RunView({ id }: { id: string }) {
  const details = useSignal<RunDetails | null>(null)
  const media = useSignal<Media | null>(null)
  const error = useSignal('')
  // A run that changes is asked for again.
  const row = rows.value.get(id)
  useEffect(() => {
    let isWanted = true
    const read = async (): Promise<void> => {
      try {
        const all = await source.peek().details(id)
        if (isWanted) details.value = all
        // Files of events may be large; what there is else does not wait for them.
        const found = isWanted ? await source.peek().media(id) : null
        if (isWanted) media.value = found
        if (isWanted) error.value = ''
      } catch (problem) {
        if (isWanted) error.value = messageOf(problem)
      }
    }
    void read()
    return () => (isWanted = false)
  }, [id, row])
  const found = details.value?.row.id === id ? details.value : null
  return (
    <main class="single">
      <BackButton />
      <h2>
        Run {id} {row && <Status status={row.status} />}
      </h2>
      {error.value !== '' && <p class="error">{error.value}</p>}
      {found && <Details details={found} />}
      {found && <ChartGrid runs={[id]} />}
      {media.value && media.value.images.length + media.value.histograms.length > 0 && (
        <Section title="Images and histograms">
          <MediaView run={id} media={media.value} />
        </Section>
      )}
      {found && <Files details={found} />}
    </main>
  )
}

function Details({ details }: { details: RunDetails }) {
  const { row, directory, info, metrics } = details
  const about = [
    ['started', timeText(row.startedAt)],
    ['took', durationText(row.duration)],
    ['folder', directory],
    ...aboutOf(info),
  ] as const
  const error = info['error']
  return (
    <>
      {error !== undefined && <pre class="error">{valueText(error)}</pre>}
      <Annotations row={row} />
      <div class="columns">
        <Section title="About">
          <Pairs pairs={about.filter(([, value]) => value !== '')} />
        </Section>
        <Section title="Config">
          <Pairs
            pairs={Object.entries(row.config).map(([name, value]) => [name.replace(/^config\./, ''), value])}
          />
        </Section>
      </div>
      {metrics.length > 0 && (
        <Section title="Metrics">
          <div class="scroll" tabIndex={0} role="region" aria-label="Metrics">
            <table class="plain">
              <thead>
                <tr>
                  {['metric', 'last', 'least', 'at', 'greatest', 'at', 'count'].map((name, i) => (
                    <th scope="col" key={i}>
                      {name}
                    </th>
                  ))}
                </tr>
              </thead>
              <tbody>
                {metrics.map(({ name, last, min, minAt, max, maxAt, count }) => (
                  <tr key={name}>
                    <th scope="row">{name}</th>
                    {[last, min, minAt, max, maxAt, count].map((value, i) => (
                      <td class="number" key={i}>
                        {jsonNumberText(value)}
                      </td>
                    ))}
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </Section>
      )}
    </>
  )
}

function Files({ details }: { details: RunDetails }) {
  const { row, checkpoints, resume, artifacts, console } = details
  const { id } = row
  return (
    <>
      {checkpoints.length > 0 && (
        <Section title="Checkpoints">
          <ul>
            {checkpoints.map(({ name, step, damage, scores }) => (
              <li key={name}>
                <code>{name}</code> {step !== null && `after ${step} steps`}{' '}
                {Object.entries(scores).map(([score, value]) => `${score} ${jsonNumberText(value)} `)}
                {damage !== undefined && <span class="error">damaged: {damage}</span>}
              </li>
            ))}
          </ul>
          {resume !== null && (
            <p>
              To go on: <code>{resume}</code>{' '}
              <button type="button" onClick={() => void navigator.clipboard.writeText(resume)}>
                copy
              </button>
            </p>
          )}
        </Section>
      )}
      {artifacts.length > 0 && (
        <Section title="Artifacts">
          <ul class="files">
            {artifacts.map(({ path, size }) => {
              const address = source.value.file(id, path)
              const name = path.replace(/^artifacts\//, '')
              return (
                <li key={path}>
                  {address === undefined ? name : <a href={address}>{name}</a>}{' '}
                  <span class="quiet">{sizeText(size)}</span>
                  {address !== undefined && /\.(png|jpe?g|gif|webp|bmp|avif)$/i.test(path) && (
                    <img src={address} alt={name} loading="lazy" />
                  )}
                </li>
              )
            })}
          </ul>
        </Section>
      )}
      {console.length > 0 && (
        <Section title="Console">
          <ConsoleText run={id} files={console} isLive={row.status === 'RUNNING'} />
        </Section>
      )}
    </>
  )
}

function Section({ title, children }: { title: string; children: preact.ComponentChildren }) {
  return (
    <section class="part">
      <h3>{title}</h3>
      {children}
    </section>
  )
}

function Pairs({ pairs }: { pairs: readonly (readonly [string, unknown])[] }) {
  return (
    <dl>
      {pairs.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{valueText(value)}</dd>
        </div>
      ))}
    </dl>
  )
}

function jsonNumberText(value: JsonNumber): string {
  return numberText(numberOf(value))
}
