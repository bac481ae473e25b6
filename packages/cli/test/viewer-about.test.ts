import { expect, test } from 'vitest'
import { aboutOf } from '../src/page/views/about.ts'

test('what a run was started with is told as far as its info knows', () => {
  const info = {
    executable: 'node',
    current_file_path: 'train.js',
    arguments: ['lr=1'],
    work_dir: '/home/ada',
    user: '',
    version_manager: { commit_hash: 'abc' },
    resumes: [{}],
  }
  expect(aboutOf(info)).toEqual([
    ['command', 'node train.js lr=1'],
    ['in', '/home/ada'],
    ['commit', 'abc'],
    ['resumed', '1 time'],
  ])
  expect(aboutOf({ arguments: 'none', resumes: null })).toEqual([])
})
