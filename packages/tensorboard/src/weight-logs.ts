import type { Awaitable, StateTree, TensorHandle, TrainerHandle, TypedArray } from '@trainyard/core'
import type { SummaryWriter } from '@trainyard/tensorboard-plugin-writer'
import { fail } from './options.ts'

/** What is asked of a module for its gradients; those of `@trainyard/tfjs` have it. */
export interface GradientSource {
  /** Calls the watcher at each update with the gradients by the variables' names, until the returned function is called. */
  watchGradients(watcher: (gradients: ReadonlyMap<string, TensorHandle>) => void): () => void
}

/** Writes a module's weights: all arrays of its state, or of the part `weights`, if it has one. */
export async function writeWeights({ module, state }: TrainerHandle, writer: SummaryWriter): Promise<void> {
  const kept = await module.getState()
  for (const [name, values] of arraysIn(kept['weights'] ?? kept, ''))
    writer.addHistogram(`weights/${name}`, values as ArrayLike<number>, state.step)
}

/** Reads the gradients of the updates that are logged, while they are there, and writes them when the step is over. */
export class GradientLogs {
  #read: [name: string, values: Awaitable<TypedArray>][] = []
  #stop: (() => void) | undefined

  /** @param isDue Whether an update is logged; gets the number of updates with it. */
  start({ module, state }: TrainerHandle, isDue: (step: number) => boolean): void {
    const source = module as unknown as Partial<GradientSource>
    if (!source.watchGradients)
      fail(
        '`logGradients` needs a module with watchGradients(), as those of @trainyard/tfjs are; leave it out',
      )
    this.#stop = source.watchGradients((gradients) => {
      if (!isDue(state.step + 1)) return
      this.#read = [...gradients].map(([name, gradient]) => [name, gradient.data()])
    })
  }

  async write(step: number, writer: SummaryWriter): Promise<void> {
    const read = this.#read
    this.#read = []
    for (const [name, values] of read)
      writer.addHistogram(`gradients/${name}`, (await values) as ArrayLike<number>, step)
  }

  stop(): void {
    this.#stop?.()
    this.#stop = undefined
    this.#read = []
  }
}

/** Finds the arrays in a state, with the way to each as its name. */
function arraysIn(tree: StateTree, path: string): [name: string, values: TypedArray][] {
  if (ArrayBuffer.isView(tree)) return [[path.replace(/\/data$/, '') || 'state', tree as TypedArray]]
  if (typeof tree !== 'object' || tree === null) return []
  return Object.entries(tree).flatMap(([key, part]) =>
    arraysIn(part as StateTree, path ? `${path}/${key}` : key),
  )
}
