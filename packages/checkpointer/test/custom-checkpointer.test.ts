// The checkpointer of one's own in the documentation of PyMarlin, in TypeScript.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Checkpoint, type ModuleState, Trainer } from '@trainyard/core'
import { afterAll, expect, test } from 'vitest'
import {
  AbstractCheckpointer,
  readCheckpoint,
  readSafetensors,
  writeCheckpoint,
  writeSafetensors,
} from '../src/index.ts'
import { data, line } from './line.ts'

const root = mkdtempSync(join(tmpdir(), 'trainyard-custom-'))
afterAll(() => rmSync(root, { recursive: true }))

class MyCheckpointerArguments {
  checkpoint = true
  saveDir = join(root, 'checkpoints')
  modelStateSaveDir = join(root, 'models')
  loadDir: string | undefined
  loadFilename: string | undefined
  filePrefix = 'checkpoint'
  fileExt = 'ckpt'
}

class MyCheckpointer extends AbstractCheckpointer {
  readonly args: MyCheckpointerArguments
  readonly calls: string[] = []

  constructor(args: MyCheckpointerArguments) {
    super()
    this.args = args
  }

  override async save(checkpointState: Checkpoint, index: number, force = false): Promise<void> {
    this.calls.push(`save ${index} ${force}`)
    const { saveDir, filePrefix, fileExt } = this.args
    const path = join(saveDir, `${filePrefix}_${index}.${fileExt}`)
    if (index % 5 === 0) await writeCheckpoint(path, checkpointState)
  }

  override async saveModel(modelState: ModuleState, index: number): Promise<void> {
    this.calls.push(`saveModel ${index}`)
    const { checkpoint, modelStateSaveDir, filePrefix } = this.args
    if (!checkpoint || !modelStateSaveDir) return
    const { weights } = modelState as unknown as {
      weights: Record<string, { shape: number[]; data: Float64Array }>
    }
    await writeSafetensors(join(modelStateSaveDir, `${filePrefix}_model_${index}.safetensors`), weights)
  }

  override async load(): Promise<Checkpoint> {
    this.calls.push('load')
    const { loadDir, loadFilename } = this.args
    if (!loadDir || !loadFilename) return {}
    return (await readCheckpoint(join(loadDir, loadFilename))).checkpoint
  }
}

test("a checkpointer of one's own decides when, where and how to save, and what to load", async () => {
  const args = new MyCheckpointerArguments()
  const checkpointer = new MyCheckpointer(args)
  const module = line()
  await new Trainer({ module, data, maxEpochs: 7, checkpointer }).train()
  const epochs = [1, 2, 3, 4, 5, 6, 7].map((epoch) => `save ${epoch} false`)
  expect(checkpointer.calls).toEqual(['load', ...epochs, 'save 7 true', 'saveModel 7'])
  expect(readdirSync(args.saveDir)).toEqual(['checkpoint_5.ckpt'])
  const { tensors } = await readSafetensors(join(args.modelStateSaveDir, 'checkpoint_model_7.safetensors'))
  expect(tensors.get('line/weight')!.data).toEqual(Float64Array.of(module.weight()))

  const resumed = line()
  const again = Object.assign(args, { loadDir: args.saveDir, loadFilename: 'checkpoint_5.ckpt' })
  const second = new MyCheckpointer(again)
  const { epoch } = await new Trainer({ module: resumed, data, maxEpochs: 7, checkpointer: second }).train()
  expect(epoch).toBe(7)
  expect(second.calls).toEqual(['load', 'save 6 false', 'save 7 false', 'save 7 true', 'saveModel 7'])
  expect(resumed.weight()).toBe(module.weight())
})

test('saveModel() may be left out', async () => {
  class Smallest extends AbstractCheckpointer {
    override save(): void {}
    override load(): undefined {}
  }
  const { epoch } = await new Trainer({
    module: line(),
    data,
    maxEpochs: 1,
    checkpointer: new Smallest(),
  }).train()
  expect(epoch).toBe(1)
})
