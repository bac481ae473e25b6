import {
  type FileSystem,
  latestCheckpoint,
  linkLast,
  listCheckpoints,
  readCheckpoint,
  removeCheckpoint,
  type Saver,
  sweepUnfinished,
  writeCheckpoint,
} from '../src/index.ts'
import { stateAt } from './states.ts'

export const runId = 'one'

/** What the program was told is on disk. */
export interface Progress {
  /** The newest step that was reported as saved. */
  saved: number
  /** The step that `last` was reported to lead to; 0 if it may lead nowhere at the moment. */
  last: number
}

/** Where the checkpoints are, and who gets to know how far it has come. */
export interface Place {
  readonly files?: FileSystem
  readonly folder: string
  report(progress: Partial<Progress>): void
}

/** What happens to a folder of checkpoints: a new name, a link, a deletion, a replaced name. */
export async function stepByStep({ files, folder, report }: Place): Promise<void> {
  // That what was replaced is still there is what these tests look for themselves.
  const warn = (): void => {}
  const save = async (step: number, name = `step=${step}`): Promise<void> => {
    await writeCheckpoint(`${folder}/${name}`, stateAt(step), { info: { runId }, files, warn })
    report({ saved: step })
  }
  const link = async (step: number): Promise<void> => {
    // Where the file system has no links, it is not there for a moment.
    report({ last: 0 })
    await linkLast(folder, `step=${step}`, { files, warn })
    report({ last: step })
  }
  await save(1)
  await link(1)
  await save(2)
  await link(2)
  await removeCheckpoint(`${folder}/step=1`, { files })
  report({ last: 0 })
  await save(3, 'step=2')
}

/** A saver does all of it in one go, twice. */
export async function bySaver({ folder, report }: Place, saver: Saver): Promise<void> {
  for (const step of [1, 2]) {
    const [path, old] = [`${folder}/step=${step}`, `${folder}/step=${step - 1}`]
    await saver.save({ path, checkpoint: stateAt(step), info: { runId }, link: 'last', remove: [old] })
    for (const { manifest } of saver.takeSaved()) report({ saved: manifest.step, last: manifest.step })
  }
  for (const { manifest } of await saver.drain()) report({ saved: manifest.step, last: manifest.step })
}

/** Looks at a folder after a disaster; throws if anything that was reported is lost, or anything in sight is wrong. */
export async function examine(
  { files, folder }: Omit<Place, 'report'>,
  { saved, last }: Progress,
): Promise<void> {
  for (const { path, status, manifest } of await listCheckpoints(folder, { files })) {
    if (status !== 'complete') throw new Error(`"${path}" can be seen and is damaged`)
    const { checkpoint } = await readCheckpoint(path, { files })
    if (JSON.stringify(checkpoint) !== JSON.stringify(stateAt(manifest.step)))
      throw new Error(`"${path}" is not what was saved`)
  }
  const newest = async (): Promise<number> => {
    const latest = await latestCheckpoint(folder, { files })
    return latest.status === 'found' ? latest.checkpoint.manifest.step : 0
  }
  const step = await newest()
  if (step < saved) throw new Error(`step ${saved} was saved, step ${step} is there`)
  if (last > 0) {
    const { manifest } = await readCheckpoint(`${folder}/last`, { files })
    if (manifest.step < last) throw new Error(`\`last\` led to ${last}, it leads to ${manifest.step}`)
  }
  // Another process clears up and goes on.
  await sweepUnfinished(folder, { runId, files })
  if ((await newest()) !== step) throw new Error('clearing up has changed what is the newest')
}
