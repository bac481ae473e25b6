import { type Around, failAt, intercept, MemoryFileSystem, shortenAt } from '@trainyard/testing'
import { describe, expect, test } from 'vitest'
import {
  createSaver,
  type FileSystem,
  latestCheckpoint,
  linkLast,
  readCheckpoint,
  removeCheckpoint,
  writeCheckpoint,
} from '../src/index.ts'
import { examine } from './life-of-a-folder.ts'
import { stateAt } from './states.ts'

const folder = '/checkpoints'

/** Two checkpoints, and a link to the newer one. */
async function disk(): Promise<MemoryFileSystem> {
  const files = new MemoryFileSystem()
  for (const step of [1, 2]) await writeCheckpoint(`${folder}/step=${step}`, stateAt(step), { files })
  await linkLast(folder, 'step=2', { files })
  return files
}

type Warn = (line: string) => void
type Action = (files: FileSystem, warn: Warn) => Promise<unknown>

const actions: Record<string, Action> = {
  'a save': (files, warn) => writeCheckpoint(`${folder}/step=3`, stateAt(3), { files, warn }),
  'a save that replaces': (files, warn) => writeCheckpoint(`${folder}/step=2`, stateAt(3), { files, warn }),
  'a link': (files, warn) => linkLast(folder, 'step=1', { files, warn }),
  'a deletion': (files) => removeCheckpoint(`${folder}/step=1`, { files }),
  'a saver': async (files, warn) => {
    const saver = createSaver({ files })
    const remove = [`${folder}/step=1`]
    await saver.save({ path: `${folder}/step=3`, checkpoint: stateAt(3), link: 'last', remove })
    for (const { notDeleted } of saver.takeSaved())
      for (const { message } of notDeleted) warn(`[checkpointer] ${message}`)
  },
}

/** Does an action over and over, with a fault at its first operation, its second, …; gives the number of operations. */
async function atEach(
  action: Action,
  fault: (index: number) => Around,
  look: (files: MemoryFileSystem, outcome: Outcome) => Promise<unknown>,
): Promise<number> {
  let operations = 0
  await action(
    intercept(await disk(), (_, run) => (operations++, run())),
    console.warn,
  )
  for (let index = 1; index <= operations; index++) {
    const files = await disk()
    const lines: string[] = []
    const error = await action(intercept(files, fault(index)), (line) => void lines.push(line)).then(
      () => undefined,
      (thrown: Error) => thrown.message,
    )
    await look(files, { error, said: error ?? lines.join('\n') })
  }
  return operations
}

interface Outcome {
  /** What was thrown. */
  readonly error: string | undefined
  /** The error, or else the warnings. */
  readonly said: string
}

describe.each(Object.entries(actions))('%s', (name, action) => {
  test.each(['ENOSPC', 'EIO', 'EACCES', 'EXDEV'])(
    'that meets %s at any operation says so with the path, and harms nothing that was there',
    async (code) => {
      const look = async (files: MemoryFileSystem, { error, said }: Outcome): Promise<void> => {
        expect(said).toMatch(new RegExp(`^\\[checkpointer\\] .*"${folder}/.*${code}`, 's'))
        // Nothing but a deletion that comes after the save may fail without an error.
        if (error === undefined) {
          expect(said).toContain('could not be deleted')
          const { checkpoint } = await readCheckpoint(`${folder}/step=${name === 'a saver' ? 3 : 2}`, {
            files,
          })
          expect(checkpoint).toStrictEqual(stateAt(3))
        }
        if (name !== 'a deletion' && name !== 'a saver')
          expect((await readCheckpoint(`${folder}/step=1`, { files })).checkpoint).toStrictEqual(stateAt(1))
        // A replaced one is there as it was, unless it was its own deletion that failed.
        const { checkpoint } = await readCheckpoint(`${folder}/step=2`, { files })
        const isReplaced = name === 'a save that replaces' && checkpoint.trainer?.['step'] === 3
        expect(checkpoint).toStrictEqual(stateAt(isReplaced ? 3 : 2))
        await examine({ files, folder }, { saved: 2, last: 1 })
      }
      const operations = await atEach(action, (index) => failAt(index, code), look)
      expect(operations).toBeGreaterThan(4)
    },
  )

  test('on a disk that is dead from any operation on leaves a good checkpoint', async () => {
    const look = async (files: MemoryFileSystem, { said }: Outcome): Promise<void> => {
      expect(said).toContain('EIO')
      const latest = await latestCheckpoint(folder, { files })
      expect(latest.status === 'found' && latest.checkpoint.manifest.step).toBeGreaterThanOrEqual(2)
      await examine({ files, folder }, { saved: 2, last: 0 })
    }
    await atEach(action, (index) => failAt((operation) => operation.index >= index, 'EIO'), look)
  })

  test('of which any write is cut short is done all the same', async () => {
    const look = async (files: MemoryFileSystem, { said }: Outcome): Promise<void> => {
      expect(said).toBe('')
      await examine({ files, folder }, { saved: name.startsWith('a save') ? 3 : 2, last: 1 })
    }
    await atEach(action, (index) => shortenAt(index), look)
  })
})

test('a disk that takes nothing ends a save instead of letting it try for ever', async () => {
  const files = intercept(await disk(), async (operation, run) =>
    operation.name === 'open.write' ? 0 : run(),
  )
  const saved = writeCheckpoint(`${folder}/step=3`, stateAt(3), { files })
  await expect(saved).rejects.toThrow('model.safetensors": the file takes no more than 0 bytes')
})
