import { type ArrayData, flatArray } from './array-data.ts'
import { fail } from './errors.ts'
import { type ValueContent, tensorContent } from './summary-value.ts'
import { floatTensor } from './tensor-message.ts'

/** A precision-recall curve: one number of each for every threshold, the thresholds rising evenly from 0 to 1. */
export interface RawPrCurve {
  truePositives: ArrayLike<number>
  falsePositives: ArrayLike<number>
  trueNegatives: ArrayLike<number>
  falseNegatives: ArrayLike<number>
  precision: ArrayLike<number>
  recall: ArrayLike<number>
}

/** Keeps a quotient defined where nothing was predicted, or nothing is true. */
const tiny = 1e-7

/**
 * Counts right and wrong predictions for each threshold: what is at or above it is predicted to be true.
 * @param labels True or not (0).
 * @param predictions From 0 to 1.
 */
export function prCurveOf(
  labels: ArrayData,
  predictions: ArrayData,
  thresholds: number,
  weights?: ArrayData,
): RawPrCurve {
  const truths = flatArray('`labels`', labels).data
  const scores = flatArray('`predictions`', predictions).data
  const shares = weights && flatArray('`weights`', weights).data
  if (truths.length !== scores.length || (shares && shares.length !== truths.length))
    fail(
      `there are ${truths.length} \`labels\`, ${scores.length} \`predictions\` and ${shares?.length ?? 'no'} \`weights\``,
    )
  if (!Number.isSafeInteger(thresholds) || thresholds < 2)
    fail(`\`numThresholds\` must be a whole number of at least 2, not ${thresholds}`)
  const truePositives = new Float64Array(thresholds)
  const falsePositives = new Float64Array(thresholds)
  for (let i = 0; i < truths.length; i++) {
    const score = Math.min(Math.max(scores[i]!, 0), 1)
    const bucket = Math.floor(score * (thresholds - 1))
    if (Number.isNaN(bucket)) continue
    const counts = truths[i] ? truePositives : falsePositives
    counts[bucket]! += shares ? shares[i]! : 1
  }
  for (const counts of [truePositives, falsePositives])
    for (let i = thresholds - 2; i >= 0; i--) counts[i]! += counts[i + 1]!
  const [positives, negatives] = [truePositives[0]!, falsePositives[0]!]
  return {
    truePositives,
    falsePositives,
    trueNegatives: falsePositives.map((count) => negatives - count),
    falseNegatives: truePositives.map((count) => positives - count),
    precision: truePositives.map((count, i) => count / Math.max(tiny, count + falsePositives[i]!)),
    recall: truePositives.map((count) => count / Math.max(tiny, positives)),
  }
}

export function prCurveContent(curve: RawPrCurve): ValueContent {
  const { truePositives, falsePositives, trueNegatives, falseNegatives, precision, recall } = curve
  const rows = [truePositives, falsePositives, trueNegatives, falseNegatives, precision, recall]
  const { length } = truePositives
  if (rows.some((row) => row.length !== length)) fail('the six lists of a PR curve must have one length')
  return tensorContent(
    floatTensor(
      rows.flatMap((row) => Array.from(row)),
      [rows.length, length],
    ),
  )
}
