// What users of other frameworks complain of about checkpoints and resume, and the tests that show that it does not happen here: those below, and in
//   complaints-retention.test.ts                 what is deleted, what is kept, what is called the best
//   complaints-resume.test.ts                    where a resume begins, and what it finds
//   complaints-ranks.test.ts                     several processes in one folder
//   ../../checkpointer/test/complaints.test.ts   DefaultCheckpointer
// each with its source in a comment, and these, which were there before (paths from packages/):
//
// Half-written and damaged ones
//   NeMo #8295, PR 7952; Lightning #688, #19970, #21431; PyMarlin and NeMo 0.11 write in place
//     checkpointer/test/power-loss.test.ts: a power loss between any two operations leaves what was reported as saved, and nothing damaged in sight
//     checkpointer/test/kill.test.ts: a process that is killed before any one of its file operations leaves a good checkpoint
//   transformers #35782, #35525, #31283; NeMo PR 10228, #7948: an unfinished one stops the resume, or makes it start from scratch
//     model-checkpoint/test/auto-resume.test.ts: a damaged checkpoint is named and passed over, and left where it is
//     model-checkpoint/test/auto-resume.test.ts: where all is damaged that is an error, whatever may be ignored
//     checkpointer/test/default-checkpointer.test.ts: is an older one if the newest is damaged, and the run says so
//   NeMo #1238 and 0.11: files of several generations are mixed, or one of three is missing and the rest is loaded
//     checkpointer/test/damage.test.ts: of the other checkpoint is found
//     checkpointer/test/damage.test.ts: missing is found, named and passed over
//   NeMo AutoResume: an exact path is not looked at before it is taken
//     model-checkpoint/test/auto-resume.test.ts: a path is taken whatever else there is; a damaged or missing one is an error
//   mosaicml/composer: `latest` is removed and made anew
//     checkpointer/test/folder.test.ts: is relative, and is never missing while it changes
//   NeMo: links fail on Windows
//     checkpointer/test/folder.test.ts: is a copy where the file system has no links, and becomes a link where it has
//
// Silent new starts
//   NeMo #14259, #14920, #4485, #7878, #3198: nothing is found
//     model-checkpoint/test/auto-resume.test.ts: with nothing to go on from it starts anew if it may, and says so; else that is an error
//     model-checkpoint/test/auto-resume.test.ts: a folder above the right one is pointed out
//     model-checkpoint/test/auto-resume.test.ts: it looks in the log directory where there is no ModelCheckpoint, and says what it lacks
//   PyMarlin: a missing file is an empty checkpoint; NeMo 0.11: so is a folder without `force_load`
//     checkpointer/test/default-checkpointer.test.ts: from a folder that is %s is an error, not a new start
//     model-checkpoint/test/auto-resume.test.ts: CheckpointCallback by epochs, from another folder, and with forceLoad
//   NeMo: a finished run with `resume_past_end` starts from scratch
//     model-checkpoint/test/auto-resume.test.ts: a run that is over is not resumed, but followed by a new one if that may be, or gone on with if asked
//   MLXPy: `load_checkpoint()` in a bare `except` always starts from scratch
//     run-folder/test/run-logger.test.ts: a damaged one, and one under another name, are errors and no new start
//   Automodel #836, RL #415: the checkpoint of another model
//     tfjs/test/bad-input.test.ts: a state that does not fit is refused whole, naming every weight
//     tfjs/test/optimizers-resume.test.ts: of another model is found out by %s at the next update
//   NeMo #369, NeMo 0.11 and PyMarlin: a part of the state that nobody takes back is lost without a word
//     core/test/resume.test.ts: a state without an owner is a warning that names it
//
// Not the same run
//   transformers #11323, #17032, #12942; accelerate #2016, #4295; NeMo #389, Automodel #763, RL #3171; tfjs #5138: optimizers, rates, random numbers
//     tfjs/test/resume.test.ts: on %s, %i steps and the rest in another process give the bits of an unbroken run, for every optimizer
//     tfjs/test/optimizers-resume.test.ts: %s goes on bit for bit after a resume at any step
//   Lightning #16516, NeMo #8332, Keras BackupAndRestore: in the middle of an epoch
//     core/test/resume.test.ts: stopped after %i steps and resumed, a run is the same as an unbroken one
//     model-checkpoint/test/model-checkpoint.test.ts: two runs that were broken anywhere leave the same folder as one that was not
//   transgenic #59; transformers #21934, #11284, #8876, #10617; keras-hub #204: the data does not go on, or is gone through again
//     data/test/trainer.test.ts: a run that is taken up in the middle of an epoch sees the examples of one that was not stopped
//     data/test/loader.test.ts: opens a huge data set at its millionth batch without reading what comes before
//   KempnerForge #57: a second resume in an epoch
//     core/test/resume.test.ts: a run may be broken more than once in an epoch
//   Keras callbacks without a state; pytorch/ignite #3625: `once` comes twice
//     core/test/resume.test.ts: callbacks get their states back by name, and metrics are kept
//     core/test/resume.test.ts: every(n) of validations goes on counting after a resume
//     core/test/early-stopping.test.ts: remembers over a resume: a stopped run stays stopped, a waiting one waits on
//   pytorch/ignite #2669: a terminated run cannot go on
//     core/test/loop.test.ts: train() goes on where the last one stopped
//   keras #20712: the documented example of a resume does not work
//     ../test/readme.test.ts runs this package's
//
// Logs after a resume
//   NeMo #12290, #4541; Lightning PR #19446; MLXPy: rows twice, lost, or at other steps
//     run-folder/test/run-folder-logger.test.ts: stopped at step %i, thrown on past its checkpoint and resumed, a run has the rows of an unbroken one, each once
//     run-folder/test/run-logger.test.ts: takes metrics back to where the checkpoint was saved, so that no row is there twice
//   PyMarlin: the TensorBoard writer deletes its folder
//     tensorboard/test/resume.test.ts: however often a run dies, and from whichever checkpoint it goes on, it has each row once, bit for bit
//   wandb #2234, #4482, #7951: "step must only increase"
//     wandb/test/resume.test.ts: sends no step twice that the server has when it comes again after a checkpoint
//   NeMo PR 13616, PR 12211, `NEMO_EXPM_VERSION`: runs overwrite each other
//     run-folder/test/experiment-logger.test.ts: has the date and time as its version, a different one each time, even in the same second
//     run-folder/test/experiment-logger.test.ts: is dir/name without a version, or where the run is to be resumed; an explicit version stays
//   NeMo's run_N: log files are moved while they are written, or not at all
//     run-folder/test/experiment-logger.test.ts: earlier files are moved away before new ones are opened: all of a run that is over, the logs of one that goes on
//
// Names and scores
//   NeMo #4522, PR 5087, Lightning: a missing metric is written as 0
//     model-checkpoint/test/file-name.test.ts: a metric without a value is left out, with what stands before it
//     model-checkpoint/test/model-checkpoint.test.ts: a score is that of the same weights: where there is none, the next validation makes up for it
//   Lightning #10260, #15026, #18265, #16567, #7694, #6194: the metric is not there yet
//     core/test/loop.test.ts: validation by steps comes between onStepEnd and onSavePoint
//     model-checkpoint/test/model-checkpoint.test.ts: a monitor that the run does not have is an error before its first step
//   Lightning #2636, #1008: NaN among the best
//     model-checkpoint/test/model-checkpoint.test.ts: mode max, ties and NaN: the older of equals stays, NaN is never best
//     model-checkpoint/test/policies.test.ts: the best ones have the best scores; NaN is never among them, and the older of equals is better
//   NeMo #9168: scores with four decimals
//     model-checkpoint/test/model-checkpoint.test.ts: keeps the three best and the newest, by exact scores, and links the newest as last
//     core/test/resume.test.ts: metrics that are not finite survive JSON
//   PyMarlin: `model_model_1.pt`, `h5`, `model_-1.pt` and other experiments' folders are taken for checkpoints
//     checkpointer/test/default-checkpointer.test.ts: has names that match exactly: no other prefix, ending or folder
//   NeMo #3624, #3675: best or last?
//     model-checkpoint/test/model-checkpoint.test.ts: saveBestModel goes back to the best weights, saves them as best, and the final state stays
//   NeMo, Lightning: the newest is chosen by the times of files
//     model-checkpoint/test/clock.test.ts: a run goes on from where it was last, though the clock has been set back
//   NeMo: several savers clash
//     model-checkpoint/test/model-checkpoint.test.ts: several in one run, in one folder, leave one another alone
//   NeMo #7707: one folder for each step, with all that belongs to it
//     checkpointer/test/round-trip.prop.test.ts: whatever a state holds comes back bit for bit, with its context and its scores
//
// Retention
//   mosaicml/composer #2087 and NeMo 0.11: keep-N forgets what it saved before a resume
//     model-checkpoint/test/auto-resume.test.ts: CheckpointCallback saves every so often, keeps the newest, and goes on by itself
//     checkpointer/test/default-checkpointer.test.ts: is the oldest of this run, also of those from before a resume, and never a damaged one
//   PyMarlin's `delete_existing_checkpoints` deletes what is to be loaded, and foreign files
//     checkpointer/test/default-checkpointer.test.ts: is what this run had before, once there is a new one
//     checkpointer/test/default-checkpointer.test.ts: is never another run's: to begin anew in its folder is an error before anything is trained
//   NeMo: what has been deleted or renamed by hand
//     model-checkpoint/test/model-checkpoint.test.ts: goes on with its list after a resume, forgets what is gone, and deletes none of another run
//
// Asynchronous saves, signals, errors
//   Orbax #605, Lightning: a failure is noticed at the next save
//     model-checkpoint/test/model-checkpoint.test.ts: an asynchronous save that fails ends the run at the next step, naming the path
//   Orbax #392, NeMo: saves hang, or are pending when the program ends
//     checkpointer/test/kill.test.ts: a process that ends by itself lets an asynchronous save end first
//     model-checkpoint/test/model-checkpoint.test.ts: asynchronous saves leave the same folder, and tell of themselves before the run ends
//   torchtitan #930: the save returns before the copy is made
//     checkpointer/test/saver.test.ts: keeps the state as it was at the call, whatever becomes of it; larger, smaller and empty ones, too
//   spd #677, #741: SIGTERM is looked at only between steps, not in validation
//     core/test/cut-validation.test.ts: a signal leaves a validation %s, and the next run begins with it
//   Lightning #20542, #1455, #4265, transformers PR #41723: a handler saves at whatever point it hits
//     model-checkpoint/test/model-checkpoint.test.ts: a stop and a signal save where they stop the run
//     core/test/signals.test.ts: a real process that gets %s ends its run politely, with exit code %i
//   Lightning #20825, #21487, #20806: stopping on several ranks
//     core/test/ranks.test.ts: a stop asked for on one rank ends all at the same step, one reduction later
//
// What cannot happen here, and why
//   NeMo `-unfinished` markers that stay, or whose removal fails     there are none: a checkpoint has its name when it is whole
//   EMA with asynchronous saves                                      there is no EMA
//   accelerate #4283, PyMarlin: random states are not restored       there is none: random numbers are keyed by step and batch
//   NeMo's Megatron paths, `mp_rank`, consumed samples               there are no sharded checkpoints
//   pytorch PR #147039: the thread that saves starves the trainer    JavaScript has no lock on its interpreter
//   Orbax #1640, pytorch #170163: memory                             no test but a figure: `pnpm bench checkpoint` measures the peak
//   Orbax #3406: a preemption service that is off                    there is no such service
//   NeMo #1165, #1109: signatures of overridden methods              the compiler checks them
//   TorchTNT #827: a class is taken for an object with a state       the compiler checks it
import { join } from 'node:path'
import { listCheckpoints, readCheckpoint } from '@trainyard/checkpointer'
import { onCheckpoint, onStepEnd, type TrainerState } from '@trainyard/core'
import { describe, expect, test } from 'vitest'
import { CheckpointCallback, ModelCheckpoint, type ModelCheckpointOptions } from '../src/index.ts'
import { batches, folder, names, resumed, run, Scored } from './run.ts'

/** Trains, and tells at which steps checkpoints were saved. */
async function savedAt(
  options: ModelCheckpointOptions<'val_loss'>,
  runOptions: Parameters<typeof run>[1] = {},
): Promise<number[]> {
  const steps: number[] = []
  const listen = onCheckpoint((_state: TrainerState, { step }) => void steps.push(step))
  await run([new ModelCheckpoint(options), listen], runOptions).train()
  return steps
}

describe('when', () => {
  // NeMo's on_train_end (seeds A2): whether the end is saved depends on a division with its operands reversed, and on validation. PyMarlin (D2) writes the
  // last one twice.
  test('the end of a run is saved once, whatever the intervals are', async () => {
    for (const everyNTrainSteps of [1, 2, 3, 5, 7, 14, 15, 16, 1000])
      for (const validate of [undefined, { data: batches(1) }, { data: batches(1), every: { steps: 2 } }]) {
        const steps = await savedAt(
          { dirpath: folder(), monitor: null, everyNTrainSteps, everyNEpochs: 2 },
          { validate },
        )
        expect(steps.filter((step) => step === 15)).toHaveLength(1)
        expect(steps).toEqual([...new Set(steps)])
      }
  })

  // CheckpointCallback of NeMo 0.11 (seeds B2) and PyMarlin (D2) save again when there was nothing left to do.
  test('a run with nothing left to do saves nothing', async () => {
    const dirpath = folder()
    const told: number[] = []
    const listen = onCheckpoint((_state: TrainerState, { step }) => void told.push(step))
    await run([new ModelCheckpoint({ dirpath })]).train()
    const before = names(dirpath)
    expect((await resumed([new ModelCheckpoint({ dirpath }), listen])).steps).toEqual([])
    expect(names(dirpath)).toEqual(before)
    const simple = (): CheckpointCallback => new CheckpointCallback({ folder: join(dirpath, 'simple') })
    await run([simple()]).train()
    await run([simple(), listen]).train()
    expect(told).toEqual([])
  })

  // transformers #12685, #12315: going back to the best at the end changes when checkpoints are saved. NeMo 0.11 (seeds B4): of two frequencies, one is ignored.
  test('no option changes what another one says', async () => {
    const options = { everyNTrainSteps: 4, everyNEpochs: 2 }
    const steps = await savedAt({ ...options, dirpath: folder() })
    expect(await savedAt({ ...options, dirpath: folder(), saveBestModel: true })).toEqual(steps)
    expect(await savedAt({ ...options, dirpath: folder(), saveTopK: -1 })).toEqual([4, 6, 8, 9, 12, 15])
    const path = folder()
    await run([
      new CheckpointCallback({ folder: path, stepFreq: 4, epochFreq: 2, checkpointsToKeep: 0 }),
    ]).train()
    expect(names(path)).toEqual(['step=12', 'step=15', 'step=4', 'step=6', 'step=8'])
  })

  // Lightning #12205, #17207, #17903, #11979, #5565: validation counts batches, checkpoints count updates, and with accumulation the two drift apart.
  // Lightning #14431, #20185, #20919: a save by steps comes before the validation of its step.
  test('steps are updates everywhere: with accumulation, each checkpoint has the score of its own step', async () => {
    const dirpath = folder()
    const saver = new ModelCheckpoint({ dirpath, saveTopK: -1, everyNTrainSteps: 2 })
    const validated: [number, number][] = []
    const look = {
      onValidationEnd: (state: TrainerState) =>
        void validated.push([state.step, state.metrics.get('val_loss')!]),
    }
    await run([saver, look], {
      data: batches(1, 2, 3, 4, 5, 6),
      batchesPerStep: 2,
      validate: { data: batches(1), every: { steps: 2 } },
      maxEpochs: 4,
      scores: [5, 4, 3, 2, 1, 0],
    }).train()
    expect(validated.map(([step]) => step)).toEqual([2, 4, 6, 8, 10, 12])
    const entries = await listCheckpoints(dirpath)
    expect(entries.map(({ manifest }) => [manifest!.step, manifest!.scores['val_loss']])).toEqual(validated)
    expect([...saver.bestKModels.values()]).toEqual([0, 1, 2, 3, 4, 5])
  })
})

describe('what', () => {
  // pytorch #144657, torchtitan #930, Lightning #21079: an asynchronous save holds values of later steps, for the tensors were not copied.
  test('an asynchronous save has the weights of its step, though the module trains on in the same arrays', async () => {
    class Live extends Scored {
      readonly weights = new Float64Array(2)
      override getState() {
        this.weights.set([this.weight, this.velocity])
        return { weights: this.weights }
      }
    }
    const dirpath = folder()
    const seen: number[][] = []
    const module: Live = new Live([1], () => 0)
    const look = onStepEnd((state: TrainerState) => {
      seen[state.step] = [module.weight, module.velocity]
      module.getState()
    })
    const saver = new ModelCheckpoint({ dirpath, asyncSave: true, everyNTrainSteps: 1, saveTopK: -1 })
    await run([saver, look], { module }).train()
    const entries = await listCheckpoints(dirpath)
    expect(entries).toHaveLength(15)
    for (const { path, manifest } of entries) {
      const { checkpoint } = await readCheckpoint(path)
      expect([...(checkpoint.module!['weights'] as Float64Array)]).toEqual(seen[manifest!.step])
    }
  })

  // `monitor` of a training metric with saves at the end of epochs: the metric is there, and no best is ever found.
  test('a checkpoint at the end of an epoch has the score of its last step', async () => {
    const dirpath = folder()
    const saver = new ModelCheckpoint({ dirpath, monitor: 'loss', saveTopK: -1 })
    await run([saver], { validate: undefined }).train()
    expect(saver.bestKModels.size).toBe(5)
    for (const [path, score] of saver.bestKModels)
      expect((await readCheckpoint(path)).manifest.scores['loss']).toBe(score)
  })
})

// Lightning #20187: when a run fails, the save after it swallows the error.
test('an error of the training is the one that is thrown, also when the save after it fails', async () => {
  const broken = onStepEnd((state: TrainerState) => {
    if (state.step === 4) throw new Error('broken')
  })
  const saver = new ModelCheckpoint({
    dirpath: folder(),
    filename: 'x'.repeat(300),
    everyNEpochs: 100,
    saveOnException: true,
  })
  const error = await run([saver, broken])
    .train()
    .catch((reason: Error & { suppressed?: Error[] }) => reason)
  expect(error).toMatchObject({ message: expect.stringContaining('broken') })
  expect((error as { suppressed: Error[] }).suppressed.join()).toMatch(/could not be saved: ENAMETOOLONG/)
})
