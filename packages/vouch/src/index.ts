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
export {
  BridgeError,
  bytesReader,
  bytesWriter,
  canonicalManifest,
  DEFAULT_MANIFEST,
  manifestDigest,
  ManifestError,
  openLog,
  parseManifest,
  readInto,
  replay as replayLog,
  SERVICES,
} from '@vouch/bridge'
export type { AuditRecord, Handler, HostCall, Manifest } from '@vouch/bridge'
export { estimateMemory, imageId, prove, ProverError } from '@vouch/prover'
export type { ProverErrorCode, MemoryEstimate, ProveOptions, ProveReport, ProveResult } from '@vouch/prover'
export { InsecureParameters } from '@vouch/stark'
export type { ProfileName, SecurityReport } from '@vouch/stark'
export type { AuditVerdict, Policy, Verdict } from '@vouch/verifier'
export { run } from './sdk-run.ts'
export type { RunOptions, RunResult } from './sdk-run.ts'
export { verify } from './sdk-verify.ts'
export type { VerifyOptions } from './sdk-verify.ts'
