import type { NetworkDefinition } from './network.ts'
import { cnn, mlp, separable } from './networks/feed-forward.ts'
import { embedding, gru, lstm } from './networks/sequence.ts'
import { transformer } from './networks/transformer.ts'

/** Seven small networks that, together, use what most networks are made of. */
export const networks: readonly NetworkDefinition[] = [mlp, cnn, separable, lstm, gru, embedding, transformer]
