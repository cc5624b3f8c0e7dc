import type { Manifest } from '@vouch/bridge'
import type { MemoryEstimate, ProveResult } from '@vouch/prover'
import type { ProfileName } from '@vouch/stark'
import type { Failure } from './cli-error.ts'
import type { PhaseProgress } from './progress.ts'
import type { RunFiles } from './sdk-files.ts'
import type { RunResult } from './sdk-run.ts'

interface AnyJob {
  readonly elf: Uint8Array
  readonly privateInput: Uint8Array
  readonly publicInput: Uint8Array
  readonly manifest: Manifest | undefined
  /** What the manifest's files hold, by SHA-256 in hex. */
  readonly inputFiles: ReadonlyMap<string, Uint8Array>
  readonly salt: Uint8Array | undefined
  readonly maxCycles: number | undefined
  /** Where the guest's descriptor 1 goes; 2 goes to 2. */
  readonly console: 1 | 2
  /** Whether a progress line may stand on the terminal when the guest prints. */
  readonly bar: boolean
}

export interface RunJob extends AnyJob {
  readonly kind: 'run'
  /** Where trace and audit log go while running, if anywhere. */
  readonly files: RunFiles
  /** Whether the files are those of a run that was killed. */
  readonly resume: boolean
}

export interface ProveJob extends AnyJob {
  readonly kind: 'prove'
  readonly profile: ProfileName
  readonly maxMemoryBytes: number | undefined
  readonly threads: number | undefined
  /** Whether the new proof is verified before it is handed over. */
  readonly verify: boolean
}

export type Job = RunJob | ProveJob

export interface WorkerData {
  readonly job: Job
  /** One word of shared memory; anything but 0 asks for the end. */
  readonly cancel: SharedArrayBuffer
}

export type Estimate = MemoryEstimate & { readonly cycles: number }

/** `verifySeconds` is absent when the check was switched off. */
export interface ProveDone extends ProveResult {
  readonly verifySeconds?: number
}

export interface Results {
  readonly run: RunResult
  readonly prove: ProveDone
}

export type Message =
  | { readonly kind: 'progress'; readonly progress: PhaseProgress }
  | { readonly kind: 'estimate'; readonly estimate: Estimate }
  | { readonly kind: 'done'; readonly result: Results[Job['kind']] }
  | { readonly kind: 'failed'; readonly failure: Failure }
