import * as tf from '@tensorflow/tfjs'
import { expect } from 'vitest'

import { checkBackend, type Exception, formatTable } from '../src/index.ts'
import { testedOps, testedSets, thorough } from './thorough.ts'

/** Checks the operations of a group, with those exceptions that are about them. */
export async function checkGroup(
  backend: string,
  group: string,
  exceptions: readonly Exception[],
  elements: number,
): Promise<void> {
  const ops = testedOps.filter((op) => op.group === group)
  const names = new Set(ops.map(({ name }) => name))
  const own = exceptions
    .map((exception) => ({ ...exception, ops: exception.ops.filter((name) => names.has(name)) }))
    .filter((exception) => exception.ops.length > 0)
  // A finite difference takes long where tensors are large, and small ones have been measured.
  const depth =
    group === 'large'
      ? { sets: testedSets.slice(0, 2), elements: 1 }
      : { sets: testedSets, elements: thorough ? 8 : elements }
  const report = await checkBackend({ tf, backend, ops, exceptions: own, ...depth })
  expect(report.staleExceptions).toEqual([])
  expect(report.passed, `\n${formatTable(report.failures)}\n`).toBe(true)
}
