import type { Op } from './op.ts'
import { binaryOps } from './ops/binary.ts'
import { compositionOps } from './ops/composition.ts'
import { convolutionOps } from './ops/convolution.ts'
import { creationOps } from './ops/creation.ts'
import { elementwiseOps } from './ops/elementwise.ts'
import { imageOps } from './ops/image.ts'
import { indexingOps } from './ops/indexing.ts'
import { linearAlgebraOps } from './ops/linear-algebra.ts'
import { lossOps } from './ops/losses.ts'
import { normalizationOps } from './ops/normalization.ts'
import { poolingOps } from './ops/pooling.ts'
import { reductionOps } from './ops/reduction.ts'
import { shapeOps } from './ops/shape.ts'
import { signalOps } from './ops/signal.ts'
import { volumeOps } from './ops/volume.ts'

/** All cases of the conformance table. */
export const ops: readonly Op[] = [
  ...elementwiseOps,
  ...binaryOps,
  ...reductionOps,
  ...linearAlgebraOps,
  ...indexingOps,
  ...shapeOps,
  ...convolutionOps,
  ...volumeOps,
  ...poolingOps,
  ...normalizationOps,
  ...imageOps,
  ...lossOps,
  ...signalOps,
  ...creationOps,
  ...compositionOps,
]
