export { standardHost, MAX_STREAM_BYTES } from './standard.ts'
export type { StandardHost, StandardOptions } from './standard.ts'
