import { expect, test } from 'vitest'

import { largeOps, ops } from '../src/index.ts'
import { checkGroup } from './check-group.ts'
import { cpuFaults, stockGradientFaults, wasmFaults } from './exceptions.ts'
import { groups, timeout } from './thorough.ts'

test.each(groups)(
  'the JavaScript backend passes by finite differences: %s',
  (group) => checkGroup('cpu', group, [...stockGradientFaults, ...cpuFaults], 2),
  timeout,
)

test('names are unique, and exceptions are about operations that there are', () => {
  const names = [...ops, ...largeOps].map(({ name }) => name)
  expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([])
  const excepted = [stockGradientFaults, cpuFaults, wasmFaults].flat().flatMap((fault) => fault.ops)
  expect(excepted.filter((name) => !names.includes(name))).toEqual([])
})
