import { registerTrainingKernels } from '@trainyard/tfjs-wasm'
import { beforeAll, test } from 'vitest'

import { checkGroup } from './check-group.ts'
import { wasmFaults } from './exceptions.ts'
import { groups, timeout } from './thorough.ts'

beforeAll(registerTrainingKernels)

test.each(groups)(
  'the WASM backend with training kernels passes: %s',
  (group) => checkGroup('wasm', group, wasmFaults, 1),
  timeout,
)
