import { writeSync } from 'node:fs'
import { parentPort, workerData } from 'node:worker_threads'
import type { Halt } from '@vouch/engine'
import { describeError } from './cli-error.ts'
import type { Failure } from './cli-error.ts'
import { run } from './sdk-run.ts'
import { runToFile } from './sdk-trace.ts'

/** The engine runs without pause; in a thread of its own, Ctrl-C still reaches the main one. */
export interface RunJob {
  readonly elf: Uint8Array
  readonly privateInput: Uint8Array
  readonly publicInput: Uint8Array
  readonly maxCycles: number | undefined
  /** Where the trace goes while running, if anywhere. */
  readonly traceFile: string | undefined
  /** One word of shared memory; anything but 0 asks for the end. */
  readonly cancel: SharedArrayBuffer
  /** Where the guest's descriptor 1 goes; 2 goes to 2. */
  readonly console: 1 | 2
  /** Whether a progress line may stand on the terminal. */
  readonly progress: boolean
}

export interface RunDone {
  readonly halt: Halt
  readonly journal: Uint8Array
  readonly cycles: number
  readonly seconds: number
}

export type RunMessage =
  | { readonly kind: 'progress'; readonly cycles: number }
  | { readonly kind: 'done'; readonly result: RunDone }
  | { readonly kind: 'failed'; readonly failure: Failure }

const PROGRESS_MS = 200
const ERASE_LINE = '\r\x1b[2K'

if (parentPort !== null) {
  const port = parentPort
  const post = (message: RunMessage): void => port.postMessage(message)
  try {
    post({ kind: 'done', result: work(workerData as RunJob, post) })
  } catch (error) {
    post({ kind: 'failed', failure: describeError(error) })
  }
}

function work(job: RunJob, post: (message: RunMessage) => void): RunDone {
  const cancel = new Int32Array(job.cancel)
  let closed = false
  let drawn = performance.now()
  const options = {
    privateInput: job.privateInput,
    publicInput: job.publicInput,
    ...(job.maxCycles === undefined ? {} : { maxCycles: job.maxCycles }),
    signal: {
      get aborted() {
        return closed || Atomics.load(cancel, 0) !== 0
      },
    },
    onConsole: (fd: 1 | 2, bytes: Uint8Array): void => {
      if (closed) return
      if (job.progress) writeAll(2, new TextEncoder().encode(ERASE_LINE))
      closed = !writeAll(fd === 1 ? job.console : 2, bytes)
    },
    onProgress: (cycles: number): void => {
      if (!job.progress || performance.now() - drawn < PROGRESS_MS) return
      drawn = performance.now()
      post({ kind: 'progress', cycles })
    },
  }
  return job.traceFile === undefined ? run(job.elf, options) : runToFile(job.elf, job.traceFile, options)
}

/** False when the reader is gone. A full pipe is waited for. */
function writeAll(fd: number, bytes: Uint8Array): boolean {
  const pause = new Int32Array(new SharedArrayBuffer(4))
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(fd, bytes, at)
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === 'EPIPE') return false
      if (code !== 'EAGAIN') throw error
      Atomics.wait(pause, 0, 0, 1)
    }
  }
  return true
}
