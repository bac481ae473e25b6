export { checkBackend } from './check-backend.ts'
export { ops } from './ops.ts'
