import type { PlainRecord } from '../plain-tree.ts'

interface LoggerSettings {
  readonly parentLogDir?: string
  readonly forcedLogId?: number
  readonly logStreamsToFile?: boolean
}

/** Makes what `metadata/mlxpy.yaml` says: the settings of a run as MLXPy names them. Of the scheduler, and of what else has no counterpart here, its defaults. */
export function mlxpySettings({
  parentLogDir = './logs',
  forcedLogId = -1,
  logStreamsToFile = false,
}: LoggerSettings): PlainRecord {
  return {
    logger: {
      forced_log_id: forcedLogId,
      log_streams_to_file: logStreamsToFile,
      name: 'DefaultLogger',
      parent_log_dir: parentLogDir,
    },
    scheduler: {
      cleanup_cmd: '',
      env_cmd: '',
      name: 'NoScheduler',
      option_cmd: [],
      shell_config_cmd: '',
      shell_path: '/bin/bash',
    },
    version_manager: { name: 'GitVM', parent_work_dir: './.workdir', compute_requirements: false },
    use_logger: true,
    use_scheduler: false,
    use_version_manager: false,
    interactive_mode: true,
  }
}
