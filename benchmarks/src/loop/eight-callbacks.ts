import type { Callback, TrainerState } from '@trainyard/core'

/** The state with the fields that these callbacks keep on it. */
interface Touched extends TrainerState {
  first: number
  second: number
  third: number
  fourth: number
  fifth: number
  sixth: number
  seventh: number
  eighth: number
}

/**
 * Makes eight callbacks that each hook the four hot events; each handler reads `state.step` and writes a
 * field of the state. They are written out, not made by one function, because a compiler can merge calls of
 * the same code: those of eight callbacks of a real program it cannot.
 */
export function eightCallbacks(): Callback[] {
  return [
    {
      name: 'first',
      onActionStart(state: Touched) {
        state.first = 0
      },
      onStepStart(state: Touched) {
        state.first = state.step
      },
      onBatchStart(state: Touched) {
        state.first = state.step
      },
      onBatchEnd(state: Touched) {
        state.first = state.step
      },
      onStepEnd(state: Touched) {
        state.first = state.step
      },
    },
    {
      name: 'second',
      onActionStart(state: Touched) {
        state.second = 0
      },
      onStepStart(state: Touched) {
        state.second = state.step + 1
      },
      onBatchStart(state: Touched) {
        state.second = state.step + 1
      },
      onBatchEnd(state: Touched) {
        state.second = state.step + 1
      },
      onStepEnd(state: Touched) {
        state.second = state.step + 1
      },
    },
    {
      name: 'third',
      onActionStart(state: Touched) {
        state.third = 0
      },
      onStepStart(state: Touched) {
        state.third = state.step - 1
      },
      onBatchStart(state: Touched) {
        state.third = state.step - 1
      },
      onBatchEnd(state: Touched) {
        state.third = state.step - 1
      },
      onStepEnd(state: Touched) {
        state.third = state.step - 1
      },
    },
    {
      name: 'fourth',
      onActionStart(state: Touched) {
        state.fourth = 0
      },
      onStepStart(state: Touched) {
        state.fourth += state.step & 1
      },
      onBatchStart(state: Touched) {
        state.fourth += state.step & 1
      },
      onBatchEnd(state: Touched) {
        state.fourth += state.step & 1
      },
      onStepEnd(state: Touched) {
        state.fourth += state.step & 1
      },
    },
    {
      name: 'fifth',
      onActionStart(state: Touched) {
        state.fifth = 0
      },
      onStepStart(state: Touched) {
        state.fifth = -state.step
      },
      onBatchStart(state: Touched) {
        state.fifth = -state.step
      },
      onBatchEnd(state: Touched) {
        state.fifth = -state.step
      },
      onStepEnd(state: Touched) {
        state.fifth = -state.step
      },
    },
    {
      name: 'sixth',
      onActionStart(state: Touched) {
        state.sixth = 0
      },
      onStepStart(state: Touched) {
        state.sixth = state.step * 2
      },
      onBatchStart(state: Touched) {
        state.sixth = state.step * 2
      },
      onBatchEnd(state: Touched) {
        state.sixth = state.step * 2
      },
      onStepEnd(state: Touched) {
        state.sixth = state.step * 2
      },
    },
    {
      name: 'seventh',
      onActionStart(state: Touched) {
        state.seventh = 0
      },
      onStepStart(state: Touched) {
        state.seventh = state.step % 10
      },
      onBatchStart(state: Touched) {
        state.seventh = state.step % 10
      },
      onBatchEnd(state: Touched) {
        state.seventh = state.step % 10
      },
      onStepEnd(state: Touched) {
        state.seventh = state.step % 10
      },
    },
    {
      name: 'eighth',
      onActionStart(state: Touched) {
        state.eighth = 0
      },
      onStepStart(state: Touched) {
        state.eighth ^= state.step
      },
      onBatchStart(state: Touched) {
        state.eighth ^= state.step
      },
      onBatchEnd(state: Touched) {
        state.eighth ^= state.step
      },
      onStepEnd(state: Touched) {
        state.eighth ^= state.step
      },
    },
  ]
}
