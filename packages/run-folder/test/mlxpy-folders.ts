import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

function write(folder: string, files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
}

/** What a run of MLXPy's tutorial leaves: the version of April 2023, which keeps what the logger says at the top of `info.yaml`. */
export function writeMlxpyRun(
  folder: string,
  id: number,
  { lr = '10.0', units = 100, status = 'COMPLETE' } = {},
): void {
  const losses = [0.0302, 0.0289, 0.0266, 0.0234]
  write(join(folder, String(id)), {
    'metadata/config.yaml': `data:
  d_int: 10
  device: cpu
model:
  num_units: ${units}
num_epoch: 4
optimizer:
  lr: ${lr}
seed: 0
`,
    'metadata/info.yaml': `cmd: ''
current_file_path: /home/marbel/tutorial/main.py
end_date: 20/04/2023
end_time: '16:02:43'
executable: /home/marbel/env/bin/python
log_dir: /home/marbel/tutorial/logs/${id}
log_id: ${id}
process_id: 7100
start_date: 20/04/2023
start_time: '16:01:13'
status: ${status}
user: marbel
work_dir: /home/marbel/tutorial
`,
    'metadata/mlxpy.yaml': `logger:
  forced_log_id: -1
  log_streams_to_file: false
  name: DefaultLogger
  parent_log_dir: ./logs
use_logger: true
`,
    'metrics/train.json': losses.map((loss, epoch) => `{"loss": ${loss * id}, "epoch": ${epoch}}\n`).join(''),
    'metrics/.keys/metrics.yaml': "epoch: ''\nloss: ''\n",
    'artifacts/Checkpoint/last_ckpt.pkl': 'opaque',
  })
}

/** What MLXP 1.0, as it is called since, leaves: `logger` in `info.yaml`, a list of keys a file, artifacts under other names, no settings. */
export function writeMlxpRun(folder: string, id: number, rows: string): void {
  write(join(folder, String(id)), {
    'metadata/config.yaml': 'optimizer:\n  lr: 0.01\nseed: null\n',
    'metadata/info.yaml': `current_file_path: /scratch/main.py
end_date: ''
end_time: ''
executable: /usr/bin/python
hostname: gpu17.cluster
logger:
  artifacts_dir: /scratch/logs/${id}/artifacts
  log_dir: /scratch/logs/${id}
  log_id: ${id}
  metadata_dir: /scratch/logs/${id}/metadata
  metrics_dir: /scratch/logs/${id}/metrics
process_id: 4242
scheduler: {}
start_date: 19/12/2024
start_time: '09:30:00'
status: RUNNING
user: ada
version_manager:
  commit_hash: 0123abc
work_dir: /scratch
`,
    'metrics/train.json': rows,
    'metrics/.keys/train.yaml': "loss: ''\nstep: ''\n",
    'artifacts/pickle/last.pkl': 'opaque',
    'artifacts/.keys/artifacts.yaml': 'pickle:\n  .: [last.pkl]\n',
  })
  write(folder, { 'database.json': '{"runs": {}}' })
}
