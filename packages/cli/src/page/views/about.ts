import { countText } from '../format.ts'

/** Says what a run was started with, and where, as far as its info knows. */
export function aboutOf(info: Readonly<Record<string, unknown>>): [name: string, value: unknown][] {
  const list = (name: string): unknown[] => (Array.isArray(info[name]) ? info[name] : [])
  const version = info['version_manager'] as Readonly<Record<string, unknown>> | undefined
  const resumes = list('resumes').length
  const about: [name: string, value: unknown][] = [
    [
      'command',
      [info['executable'], info['current_file_path'], ...list('arguments')].filter(Boolean).join(' '),
    ],
    ['in', info['work_dir']],
    ['on', info['hostname']],
    ['by', info['user']],
    ['commit', version?.['commit_hash']],
    ['resumed', resumes > 0 ? countText(resumes, 'time') : ''],
  ]
  return about.filter(([, value]) => value !== undefined && value !== '')
}
