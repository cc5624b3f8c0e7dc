import type { StartThread } from '@vouch/stark'

interface NodeWorker {
  on(event: 'error', listener: () => void): void
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
    const script = `${source}\nstart(require('node:worker_threads').workerData)`
    const options = { eval: true, execArgv: [], workerData: message, name: 'vouch kernels' }
    const worker = new node.Worker(script, options)
    worker.on('error', () => {})
    worker.unref()
    return { terminate: () => void worker.terminate() }
  }
  const { Worker, Blob, URL } = host
  if (Worker === undefined || Blob === undefined || URL === undefined) throw new Error('no threads here')
  const url = URL.createObjectURL(
    new Blob([`${source}\nonmessage = ({ data }) => start(data)`], { type: 'text/javascript' }),
  )
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
