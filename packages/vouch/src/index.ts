export {
  bytesSource,
  describeHalt,
  ElfError,
  find,
  info,
  openTrace,
  replay,
  rows,
  TraceError,
} from '@vouch/engine'
export type { Difference, ElfErrorCode, Found, Halt, ReplayResult } from '@vouch/engine'
export type { TraceErrorCode, TraceInfo, TraceReader, TraceRow, TrapCause } from '@vouch/engine'
export { estimateMemory, imageId, prove, ProverError } from '@vouch/prover'
export type { ProverErrorCode, MemoryEstimate, ProveOptions, ProveReport, ProveResult } from '@vouch/prover'
export { InsecureParameters } from '@vouch/stark'
export type { ProfileName, SecurityReport } from '@vouch/stark'
export type { Verdict } from '@vouch/verifier'
export { run } from './sdk-run.ts'
export type { RunOptions, RunResult } from './sdk-run.ts'
export { verify } from './sdk-verify.ts'
export type { VerifyOptions } from './sdk-verify.ts'
