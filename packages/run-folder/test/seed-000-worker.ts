// "Putting it all together" of NeMo 2.0's page on logging and checkpointing, in the words of this framework.
import { onStepEnd, Trainer } from '@trainyard/core'
import { AutoResume, ModelCheckpoint } from '@trainyard/model-checkpoint'
import { ExperimentLogger, RunFolderLogger } from '@trainyard/run-folder'
import { numbers, ToyModule, type ToyOutputs } from './toy.ts'

/** The name that NeMo gives to the loss. */
type Outputs = ToyOutputs & { reduced_train_loss: number }

class NamedLoss extends ToyModule {
  override trainBatch(x: number): { outputs: Outputs; examples: number } {
    const { outputs, examples } = super.trainBatch(x)
    return { outputs: { ...outputs, reduced_train_loss: outputs.loss }, examples }
  }
}

const checkpointCallback = new ModelCheckpoint({
  saveBestModel: true,
  saveLast: true,
  monitor: 'reduced_train_loss',
  saveTopK: 2,
  everyNTrainSteps: 30,
  saveContext: false,
  dirpath: 'my_model_directory',
})

const logger = new ExperimentLogger({
  dir: 'my_logging_dir',
  name: 'experiment1',
  useDatetimeVersion: false,
  updateLoggerDirectory: true,
  ckpt: checkpointCallback,
  extraLoggers: [new RunFolderLogger({ tensorsToLog: ['reduced_train_loss'], stepFreq: 7 })],
})

const resumeIfExists = true
const resume = new AutoResume({ resumeIfExists, resumeIgnoreNoCheckpoint: true })

const module = new NamedLoss()
const trainer = new Trainer<number, Outputs>({
  module: module as never,
  data: numbers,
  maxSteps: 200,
  callbacks: [onStepEnd((state) => void process.stdout.write(`step ${state.step}\n`))],
})

await logger.setup(trainer, resumeIfExists)
resume.setup(trainer)
await trainer.train()
console.log(`weights ${module.weight} ${module.velocity}`)
