/**
 * Run folders: every run in its place, every number findable. `RunLogger` and `ExperimentLogger` write them, `openRuns` finds them again.
 *
 * ```ts
 * import { openRuns, RunLogger } from '@trainyard/run-folder'
 *
 * const run = new RunLogger({ parentLogDir: './logs', config: { optimizer: { lr: 0.1 } } })
 * for (let epoch = 0; epoch < 10; epoch++) run.logMetrics({ loss: 1 / (epoch + 1), epoch }, 'train')
 * run.finish()
 *
 * const good = openRuns('./logs').filter('train.loss.min < 0.2')
 * console.log(good.select('id', 'config.optimizer.lr', 'train.loss.min').toTable())
 * ```
 *
 * @module
 */

// Writing
export { RunLogger, type RunLoggerOptions } from './run/run-logger.ts'
export { Run } from './run/run.ts'
export type { RunOptions } from './run/run-options.ts'
export { fromRankZero } from './run/from-rank-zero.ts'
export type { RunStatus } from './run/run-info.ts'
export { RunFolderLogger } from './run-folder-logger.ts'
export { SystemMetrics, type SystemMetricsOptions } from './system-metrics.ts'
export { ExperimentLogger, type ExperimentLoggerOptions } from './experiment/experiment-logger.ts'
export type { MetricRow } from './metrics/row-text.ts'
export type { MetricsPosition } from './metrics/run-metrics.ts'
export type { PlainRecord, PlainValue } from './plain-tree.ts'
export { type GitInfo, gitInfo } from './experiment/git-info.ts'
export { readYaml, yamlText } from './yaml.ts'

// Artifacts
export { Artifact } from './artifacts/artifact.ts'
export { type Image, ImageArtifact } from './artifacts/image-artifact.ts'
export { JSONArtifact, TensorsArtifact, TextArtifact } from './artifacts/ready-artifacts.ts'

// Reading
export { interruptedRun } from './reader/interrupted-run.ts'
export { openRuns, Runs } from './reader/runs.ts'
export { type Annotations, StoredRun } from './reader/stored-run.ts'
export { type Group, Groups } from './reader/groups.ts'
export { type Aggregator, count, last, max, mean, min, std } from './reader/aggregators.ts'
export type { Columns } from './reader/columns.ts'
export type { Curve } from './reader/curve.ts'
export { Table } from './reader/table.ts'
export type { NumberBlock } from './reader/number-scanner.ts'
export type { NumberPart, RowPart, RowPlace } from './reader/row-parts.ts'
export type { Problem } from './reader/run-store.ts'
export type { FieldName } from './reader/field-name.ts'
export { QueryError } from './query/query-error.ts'
export { Test } from './query/where.ts'
export type { Field, FieldTests, RunFields } from './query/where.ts'
