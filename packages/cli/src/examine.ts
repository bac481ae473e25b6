import { existsSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { openSafetensors, verifyCheckpoint } from '@trainyard/checkpointer'
import type { Runs, StoredRun } from '@trainyard/run-folder'
import { checkpointFolder, checkpointsOf } from './checkpoints-of.ts'
import { messageOf } from './errors.ts'
import { isAxis } from './metric-names.ts'
import { counted } from './output/value-text.ts'

/** Something that is not as it should be. */
export interface Finding {
  /** The run; undefined if it is about the folder of all. */
  readonly id: number | string | undefined
  /** The path in the run's folder. */
  readonly file: string | undefined
  readonly problem: string
}

/** Reads all that there is of runs, and tells what is not as it should be. */
export async function examine(
  runs: Runs,
  selected: readonly StoredRun[],
  folder: string,
): Promise<Finding[]> {
  const found = new Map<StoredRun, Finding[]>()
  for (const run of selected) found.set(run, [...stateOf(run), ...metadataOf(run)])
  // The Reader has found these while the files were read.
  const { others, unreadable } = sortProblems(runs, selected, folder)
  for (const run of selected) found.get(run)!.push(...(unreadable.get(run) ?? []))
  for (const run of selected)
    found.get(run)!.push(...run.logNames.flatMap((name) => rowsOf(run, name)), ...(await filesOf(run)))
  return [...others, ...[...found.values()].flat()]
}

function stateOf(run: StoredRun): Finding[] {
  const finding = (problem: string): Finding[] => [{ id: idOf(run), file: 'metadata/info.yaml', problem }]
  if (run.status === 'DEAD')
    return finding(
      `says ${String(run.info['status'])}, but its process is gone; see trainyard resume ${run.id}`,
    )
  if ((run.status === 'RUNNING' || run.status === 'STARTING') && run.isAlive === null)
    return finding(`says ${run.status}, and nothing tells whether it is`)
  return []
}

/** Reads the metadata, and what is kept of each metrics file. */
function metadataOf(run: StoredRun): Finding[] {
  for (const read of [() => run.config, () => run.settings, () => run.annotations]) read()
  for (const name of run.logNames) run.summary(name)
  return ['info', 'config']
    .map((name) => `metadata/${name}.yaml`)
    .filter((file) => !existsSync(join(run.directory, file)))
    .map((file) => ({ id: idOf(run), file, problem: 'is missing' }))
}

function sortProblems(
  runs: Runs,
  selected: readonly StoredRun[],
  folder: string,
): { others: Finding[]; unreadable: Map<StoredRun, Finding[]> } {
  const unreadable = new Map<StoredRun, Finding[]>()
  const others: Finding[] = []
  // Of a folder in another one, the inner one has it.
  const byDepth = [...runs].toSorted((a, b) => b.directory.length - a.directory.length)
  for (const { path, reason } of runs.problems) {
    const run = byDepth.find(({ directory }) => path.startsWith(directory + sep))
    const problem = reason.replaceAll(`"${path}" `, '')
    if (!run) others.push({ id: undefined, file: relative(folder, path) || path, problem })
    else if (selected.includes(run))
      unreadable.set(run, [
        ...(unreadable.get(run) ?? []),
        { id: idOf(run), file: relative(run.directory, path), problem },
      ])
  }
  return { others, unreadable }
}

/** Looks at the rows of a metrics file. */
function rowsOf(run: StoredRun, name: string): Finding[] {
  const seen = new Set<number>()
  const twice: number[] = []
  const notFinite = new Map<string, { at: string; count: number; value: number }>()
  for (const [i, row] of run.rows(name).entries()) {
    const { step } = row
    const hasStep = typeof step === 'number'
    if (hasStep && seen.has(step)) twice.push(step)
    if (hasStep) seen.add(step)
    for (const [key, value] of Object.entries(row)) {
      if (typeof value !== 'number' || Number.isFinite(value) || isAxis(key)) continue
      const known = notFinite.get(key)
      if (known) known.count++
      else notFinite.set(key, { at: hasStep ? `step ${step}` : `row ${i + 1}`, count: 1, value })
    }
  }
  const finding = (problem: string): Finding => ({
    id: idOf(run),
    file: join('metrics', `${name}.json`),
    problem,
  })
  return [
    ...(twice.length > 0
      ? [
          finding(
            `${counted(twice.length, 'row')} with a step that stood before, first step ${twice[0]!}; the last row counts`,
          ),
        ]
      : []),
    ...Array.from(notFinite, ([key, { at, count, value }]) =>
      finding(`${key} is not finite in ${counted(count, 'row')}, first ${value} at ${at}`),
    ),
  ]
}

/** Verifies checkpoints and artifacts. */
async function filesOf(run: StoredRun): Promise<Finding[]> {
  const found: Finding[] = []
  const attempt = async (file: string, check: () => Promise<string | undefined>): Promise<void> => {
    const problem = await check().catch((error: unknown) => messageOf(error))
    if (problem !== undefined) found.push({ id: idOf(run), file, problem })
  }
  await attempt('checkpoints', async () => {
    for (const entry of await checkpointsOf(run))
      await attempt(join('checkpoints', relative(checkpointFolder(run), entry.path)), async () => {
        if (entry.status === 'damaged') return damage(entry)
        const verdict = await verifyCheckpoint(entry.path)
        return verdict.ok ? undefined : damage(verdict)
      })
    return undefined
  })
  for (const path of run.artifacts.filter((name) => name.endsWith('.safetensors')))
    await attempt(join('artifacts', path), async () => {
      const full = join(run.directory, 'artifacts', path)
      const file = await openSafetensors(full).catch((error: unknown) =>
        messageOf(error).replace(`"${full}" `, ''),
      )
      if (typeof file === 'string') return file
      await file.close()
      return undefined
    })
  return found
}

function damage({ file, reason }: { readonly file: string; readonly reason: string }): string {
  return `is damaged: ${file} ${reason}`
}

/** Gives a number for a numbered run, as tables do. */
function idOf(run: StoredRun): number | string {
  return run.get('id') as number | string
}
