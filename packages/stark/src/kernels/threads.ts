/** A thread that runs a script; it keeps no process alive. */
export interface Thread {
  terminate(): void
}

/**
 * Starts a thread with the text of its script and the one message that it waits for. It may never come to run: what it
 * ends with is nobody's error. Throws where there are no threads.
 */
export type StartThread = (source: string, message: object) => Thread

interface NodeWorker {
  on(event: 'error', listener: () => void): void
  postMessage(message: object): void
  unref(): void
  terminate(): unknown
}
interface WebWorker {
  postMessage(message: object): void
  terminate(): void
  onerror: ((event: { preventDefault(): void }) => void) | null
}
/** The parts of Node and of browsers used here, neither of which need be there. */
interface Host {
  readonly process?: { getBuiltinModule?(id: string): unknown }
  readonly navigator?: { readonly hardwareConcurrency?: number }
  readonly Worker?: new (url: string) => WebWorker
  readonly Blob?: new (parts: readonly string[], options: { type: string }) => object
  readonly URL?: { createObjectURL(blob: object): string; revokeObjectURL(url: string): void }
}

const host = globalThis as unknown as Host
/** A module of Node, by a way that bundlers do not follow: from 20.16 on; elsewhere undefined. */
const nodeModule = (id: string): unknown => host.process?.getBuiltinModule?.(id)

/** Node's worker_threads, or a browser's workers (`worker-src blob:` where there is a content security policy). */
export const startThread: StartThread = (source, message) => {
  const node = nodeModule('node:worker_threads') as
    { Worker: new (source: string, options: object) => NodeWorker } | undefined
  if (node !== undefined) {
    const worker = new node.Worker(source, { eval: true, execArgv: [], name: 'vouch kernels' })
    worker.on('error', () => {})
    worker.unref()
    worker.postMessage(message)
    return { terminate: () => void worker.terminate() }
  }
  const { Worker, Blob, URL } = host
  if (Worker === undefined || Blob === undefined || URL === undefined) throw new Error('no threads here')
  const url = URL.createObjectURL(new Blob([source], { type: 'text/javascript' }))
  const worker = new Worker(url)
  worker.onerror = (event) => {
    event.preventDefault()
    URL.revokeObjectURL(url)
  }
  worker.postMessage(message)
  return {
    terminate() {
      worker.terminate()
      URL.revokeObjectURL(url)
    },
  }
}

/** As many threads as pay: the cores of the machine, at most 8. 1 where memory cannot be shared. */
export function availableThreads(): number {
  if (typeof SharedArrayBuffer === 'undefined') return 1
  const os = nodeModule('node:os') as { availableParallelism(): number } | undefined
  return Math.max(1, Math.min(8, os?.availableParallelism() ?? host.navigator?.hardwareConcurrency ?? 1))
}
