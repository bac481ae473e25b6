import { useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import type { FileRow } from '../../viewer/protocol.ts'
import { source } from '../data/runs.ts'
import { messageOf } from '../format.ts'

/** How often the text of a run that goes on is asked for, in milliseconds. */
const pause = 2000

/** The end of what a run has printed, which follows the run; lines with a word, if one is looked for. */
export function ConsoleText({
  run,
  files,
  isLive,
}: {
  run: string
  files: readonly FileRow[]
  isLive: boolean
}) {
  const chosen = useSignal(files[0]!.path)
  const text = useSignal('')
  const wanted = useSignal('')
  const box = useRef<HTMLPreElement>(null)
  const path = files.some((file) => file.path === chosen.value) ? chosen.value : files[0]!.path
  useEffect(() => {
    const read = async (): Promise<void> => {
      const element = box.current
      const isAtEnd = !element || element.scrollTop + element.clientHeight >= element.scrollHeight - 20
      try {
        text.value = await source.peek().text(run, path)
      } catch (error) {
        text.value = messageOf(error)
      }
      if (isAtEnd) requestAnimationFrame(() => element?.scrollTo({ top: element.scrollHeight }))
    }
    void read()
    if (!isLive) return
    const timer = setInterval(() => void read(), pause)
    return () => clearInterval(timer)
  }, [run, path, isLive])
  const word = wanted.value.toLowerCase()
  const lines = text.value.split('\n')
  return (
    <>
      <div class="controls">
        <label>
          file{' '}
          <select value={path} onChange={(event) => (chosen.value = event.currentTarget.value)}>
            {files.map((file) => (
              <option key={file.path}>{file.path}</option>
            ))}
          </select>
        </label>
        <label>
          lines with{' '}
          <input
            type="search"
            value={wanted.value}
            onInput={(event) => (wanted.value = event.currentTarget.value)}
          />
        </label>
      </div>
      {/* It scrolls, so the keyboard has to get there. */}
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <pre class="console" ref={box} tabIndex={0}>
        {word === '' ? text.value : lines.filter((line) => line.toLowerCase().includes(word)).join('\n')}
      </pre>
    </>
  )
}
