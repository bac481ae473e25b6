import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { type Histogram, type Media, numberOf } from '../../viewer/protocol.ts'
import { source } from '../data/runs.ts'
import { countText, numberText, wholeText } from '../format.ts'

type Tag = Media['images'][number]

/** The images and histograms that event files of a run hold, each with a slider over its steps. */
export function MediaView({ run, media }: { run: string; media: Media }) {
  return (
    <div class="grid">
      {media.images.map((tag) => (
        <Steps key={`image ${tag.tag}`} tag={tag}>
          {(id, step) => {
            const address = source.value.image(run, id)
            return address === undefined ? (
              <p class="quiet">too large for the report</p>
            ) : (
              <img src={address} alt={`${tag.tag} at step ${step}`} />
            )
          }}
        </Steps>
      ))}
      {media.histograms.map((tag) => (
        <Steps key={`histogram ${tag.tag}`} tag={tag}>
          {(id, step) => <HistogramView run={run} id={id} name={`${tag.tag} at step ${step}`} />}
        </Steps>
      ))}
    </div>
  )
}

function Steps({
  tag: { tag, points },
  children,
}: {
  tag: Tag
  children: (id: string, step: number) => preact.ComponentChildren
}) {
  /** Null is the last one, also when more come. */
  const chosen = useSignal<number | null>(null)
  const place = Math.min(chosen.value ?? points.length - 1, points.length - 1)
  const { id, step } = points[place]!
  return (
    <figure class="chart media">
      <figcaption>
        <h4>{tag}</h4>
        <span class="quiet">step {wholeText(step)}</span>
      </figcaption>
      {points.length > 1 && (
        <input
          type="range"
          min="0"
          max={points.length - 1}
          value={place}
          aria-label={`step of ${tag}`}
          aria-valuetext={`step ${step}`}
          onInput={({ currentTarget: { value } }) =>
            (chosen.value = Number(value) === points.length - 1 ? null : Number(value))
          }
        />
      )}
      {children(id, step)}
    </figure>
  )
}

const [width, height] = [400, 120]

function HistogramView({ run, id, name }: { run: string; id: string; name: string }) {
  const found = useSignal<Histogram | null>(null)
  useEffect(() => {
    let isWanted = true
    const take = (histogram: Histogram | null): void => {
      if (isWanted) found.value = histogram
    }
    source
      .peek()
      .histogram(run, id)
      .then(take, () => take(null))
    return () => (isWanted = false)
  }, [run, id])
  if (!found.value) return <div class="histogram" />
  const [from, to, counts] = (['from', 'to', 'counts'] as const).map((key) =>
    found.value![key].map(numberOf),
  ) as [number[], number[], number[]]
  const [least, greatest] = [from[0] ?? 0, to.at(-1) ?? 0]
  // Buckets may be of different widths: the area of a bar is its count.
  const densities = counts.map(
    (count, i) => count / Math.max(to[i]! - from[i]!, (greatest - least) / 1000, Number.MIN_VALUE),
  )
  const tallest = Math.max(...densities, Number.MIN_VALUE)
  const across = (value: number): number =>
    greatest > least ? ((value - least) / (greatest - least)) * width : 0
  const total = counts.reduce((sum, count) => sum + count, 0)
  return (
    <>
      <svg
        class="histogram"
        viewBox={`0 0 ${width} ${height}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`histogram of ${name}: from ${numberText(least)} to ${numberText(greatest)}`}
      >
        {densities.map((density, i) => {
          const tall = (density / tallest) * height
          return (
            <rect
              key={i}
              x={across(from[i]!)}
              y={height - tall}
              width={Math.max(greatest > least ? across(to[i]!) - across(from[i]!) : width, 1)}
              height={tall}
            />
          )
        })}
      </svg>
      <p class="quiet">
        {numberText(least)} … {numberText(greatest)}, {countText(total, 'value')}
      </p>
    </>
  )
}
