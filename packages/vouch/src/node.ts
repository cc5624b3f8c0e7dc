export { openTraceFile } from '@vouch/engine/node'
export type { TraceFile } from '@vouch/engine/node'
export { runToFile } from './sdk-trace.ts'
export type { TracedRun } from './sdk-trace.ts'
