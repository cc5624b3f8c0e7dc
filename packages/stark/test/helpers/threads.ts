import { Worker } from 'node:worker_threads'
import type { Kernels } from '../../src/kernels/kernels.ts'
import type { StartThread } from '../../src/kernels/pool.ts'
import { WORD } from '../../src/kernels/pool-layout.ts'
import { CONTROL } from '../../src/kernels/wasm-layout.ts'
import { wasmKernels } from '../../src/kernels/wasm.ts'
import type { WasmOptions } from '../../src/kernels/wasm.ts'

interface Message {
  readonly memory: { readonly buffer: SharedArrayBuffer }
  readonly thread: number
}

export const startThread: StartThread = (source, message) => {
  const script = `${source}\nstart(require('node:worker_threads').workerData)`
  const worker = new Worker(script, { eval: true, execArgv: [], workerData: message })
  worker.on('error', () => {})
  worker.unref()
  return { terminate: () => void worker.terminate() }
}

/** Starts a thread and sleeps until it takes jobs. */
export const startAndWait: StartThread = (source, message) => {
  const thread = startThread(source, message)
  const { memory, thread: index } = message as Message
  const words = new Int32Array(memory.buffer, CONTROL, WORD.table)
  while (Atomics.load(words, WORD.attached) < index) Atomics.wait(words, WORD.count, 0, 1)
  return thread
}

const made: Kernels[] = []

/** Kernels whose threads all run, on jobs of at most 16 rows. */
export async function threadedKernels(count: number, options: WasmOptions = {}): Promise<Kernels> {
  const kernels = await wasmKernels({ maxChunk: 16, ...options, threads: { count, start: startAndWait } })
  made.push(kernels)
  return kernels
}

/** Ends the threads of all of them. */
export function closeThreads(): void {
  for (const kernels of made.splice(0)) kernels.close()
}
