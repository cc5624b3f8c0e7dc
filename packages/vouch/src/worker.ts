import { writeSync } from 'node:fs'
import { parentPort, workerData } from 'node:worker_threads'
import { SERVICES, openLog } from '@vouch/bridge'
import { nativeSha256 } from '@vouch/bridge/node'
import type { Policy } from '@vouch/verifier'
import { CliError, describeError, EXIT, misuse } from './cli-error.ts'
import { count, rate } from './format.ts'
import { ADVICE } from './sdk-host.ts'
import type { RunOptions, RunResult } from './sdk-run.ts'
import { isSystemError, systemReason } from './system-error.ts'
import type { Message, ProveDone, ProveJob, RunJob, WorkerData } from './worker-protocol.ts'

// Engine and kernels run for long without pause. Here they leave the main thread free for Ctrl-C and the bar.

const PROGRESS_MS = 100
const ERASE_LINE = new TextEncoder().encode('\r\x1b[2K')

if (parentPort !== null) {
  const port = parentPort
  const post = (message: Message): void => port.postMessage(message)
  const { job, cancel } = workerData as WorkerData
  try {
    const result = job.kind === 'run' ? await runJob(job, cancel, post) : await proveJob(job, cancel, post)
    post({ kind: 'done', result })
  } catch (error) {
    post({ kind: 'failed', failure: describeError(error) })
  }
}

async function runJob(
  job: RunJob,
  cancel: SharedArrayBuffer,
  post: (message: Message) => void,
): Promise<RunResult> {
  const start = performance.now()
  let told = start
  const options = {
    ...streams(job, cancel),
    onProgress: (cycles: number): void => {
      const now = performance.now()
      if (!job.bar || now - told < PROGRESS_MS) return
      told = now
      const phase = `run: ${count(cycles)} cycles, ${rate(cycles, (now - start) / 1e3, 'cycles')}`
      post({ kind: 'progress', progress: { phase, done: 0, total: 0 } })
    },
  }
  const { resumeToFiles, runToFiles } = await import('./sdk-files.ts')
  try {
    return (job.resume ? resumeToFiles : runToFiles)(job.elf, job.files, options)
  } catch (error) {
    throw isSystemError(error) ? unwritable(error, Object.values(job.files)) : error
  }
}

async function proveJob(
  job: ProveJob,
  cancel: SharedArrayBuffer,
  post: (message: Message) => void,
): Promise<ProveDone> {
  const { prove } = await import('@vouch/prover')
  const result = await prove(job.elf, {
    ...ADVICE,
    ...streams(job, cancel),
    sha256: nativeSha256,
    profile: job.profile,
    ...(job.maxMemoryBytes === undefined ? {} : { maxMemoryBytes: job.maxMemoryBytes }),
    ...(job.threads === undefined ? {} : { threads: job.threads }),
    onProgress: (progress) => post({ kind: 'progress', progress }),
    onEstimate: (estimate) => post({ kind: 'estimate', estimate }),
  })
  if (!job.verify) return result
  post({ kind: 'progress', progress: { phase: 'verify', done: 0, total: 1 } })
  const { verify } = await import('@vouch/verifier')
  const verdict = await verify(result.proof, {
    imageId: result.imageId,
    publicInput: job.publicInput,
    journal: result.journal,
    allowFailure: true,
    ...(result.audit === undefined ? {} : { audit: result.audit, policy: trusting(result.audit, job) }),
  })
  if (!verdict.ok)
    throw new CliError(
      EXIT.failed,
      'prover/self-check',
      `the new proof does not verify (${verdict.failure.code}): a bug in the prover; nothing was written`,
      { failure: verdict.failure },
    )
  return { ...result, verifySeconds: verdict.seconds }
}

/** Accepts what the prover itself chose: the check is of the proof, not of the host. */
function trusting(audit: Uint8Array, { inputFiles }: ProveJob): Policy {
  const opened = openLog(audit, nativeSha256)
  if (!opened.ok) return {}
  const { manifest, manifestDigest } = opened
  return {
    manifest: manifestDigest,
    files: inputFiles,
    advice: [...SERVICES.map(({ name }) => name), ...Object.keys(manifest.calls)],
  }
}

/** The run had begun, so that its files could be opened: the disk is full, say. */
function unwritable(error: unknown, paths: readonly string[]): CliError {
  return misuse('file/unwritable', `cannot write ${paths.join(' and ')}: ${systemReason(error)}`)
}

/** Inputs, console and cancellation, the same for running and proving. */
function streams(job: RunJob | ProveJob, cancel: SharedArrayBuffer): Omit<RunOptions, 'onProgress'> {
  const flag = new Int32Array(cancel)
  let closed = false
  return {
    privateInput: job.privateInput,
    publicInput: job.publicInput,
    ...(job.manifest === undefined ? {} : { manifest: job.manifest }),
    files: job.inputFiles,
    ...(job.salt === undefined ? {} : { salt: job.salt }),
    ...(job.maxCycles === undefined ? {} : { maxCycles: job.maxCycles }),
    signal: {
      get aborted() {
        return Atomics.load(flag, 0) !== 0
      },
    },
    onConsole: (fd, bytes) => {
      if (closed) return
      if (job.bar) writeAll(2, ERASE_LINE, flag)
      closed = !writeAll(fd === 1 ? job.console : 2, bytes, flag)
    },
  }
}

/** Waits for a full pipe, until `cancel`. False when there is nobody to write to any more. */
function writeAll(fd: number, bytes: Uint8Array, cancel: Int32Array): boolean {
  for (let at = 0; at < bytes.length;) {
    try {
      at += writeSync(fd, bytes, at)
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code !== 'EAGAIN' || Atomics.load(cancel, 0) !== 0) return false
      Atomics.wait(cancel, 0, 0, 1)
    }
  }
  return true
}
