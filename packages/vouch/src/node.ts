export { openTraceFile } from '@vouch/engine/node'
export type { TraceFile } from '@vouch/engine/node'
export { resumeToFiles, runToFiles } from './sdk-files.ts'
export type { RunFiles } from './sdk-files.ts'
