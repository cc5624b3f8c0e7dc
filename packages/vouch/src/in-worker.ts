import { Worker } from 'node:worker_threads'
import { withCancel } from './cancel.ts'
import { CliError } from './cli-error.ts'
import type { ProgressView } from './progress.ts'
import type { Estimate, Job, Message, Results, WorkerData } from './worker-protocol.ts'

/**
 * Does `job` in a thread of its own; Ctrl-C asks it to end. Throws `CliError` as the thread described its failure,
 * with status 130 when it was cancelled.
 */
export function inWorker<Kind extends Job['kind']>(
  job: Extract<Job, { kind: Kind }>,
  view: ProgressView,
  onEstimate: (estimate: Estimate) => void = () => undefined,
): Promise<Results[Kind]> {
  return withCancel(async (signal) => {
    const cancel = new SharedArrayBuffer(4)
    const flag = new Int32Array(cancel)
    signal.addEventListener('abort', () => {
      Atomics.store(flag, 0, 1)
      Atomics.notify(flag, 0)
    })
    const workerData: WorkerData = { job, cancel }
    const worker = new Worker(new URL('./worker.js', import.meta.url), { workerData })
    try {
      return await new Promise<Results[Kind]>((resolve, reject) => {
        worker.on('error', reject)
        worker.on('exit', () => reject(new Error('the worker ended without a result')))
        worker.on('message', (message: Message) => {
          switch (message.kind) {
            case 'progress':
              if (!signal.aborted) view.update(message.progress)
              break
            case 'estimate':
              onEstimate(message.estimate)
              break
            case 'done':
              resolve(message.result as Results[Kind])
              break
            case 'failed': {
              const { exit, code, message: text, details } = message.failure
              reject(new CliError(exit, code, text, details))
            }
          }
        })
      })
    } finally {
      view.end()
      await worker.terminate()
    }
  })
}
