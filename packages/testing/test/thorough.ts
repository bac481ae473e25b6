import { type InputSet, inputSets, largeOps, type Op, ops } from '../src/index.ts'

/** Whether everything is checked with more shapes, sets and elements: `TRAINYARD_THOROUGH=1 npx vitest run packages/testing`. */
export const thorough: boolean = process.env['TRAINYARD_THOROUGH'] === '1'

export const timeout: number = thorough ? 600_000 : 60_000

export const testedSets: readonly InputSet[] = thorough
  ? [
      ...inputSets,
      { name: 'uniform 3', value: (fraction) => 2 * fraction - 1 },
      { name: 'positive', value: (fraction) => 0.05 + 2 * fraction },
      { name: 'many zeros', value: (fraction) => Math.max(0, 3 * fraction - 2) },
    ]
  : inputSets

export const testedOps: readonly Op[] = thorough ? [...ops, ...largeOps] : ops

export const groups: readonly string[] = [...new Set(testedOps.map(({ group }) => group))]
