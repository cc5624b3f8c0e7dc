import { createKernels } from '@vouch/stark'
import type { Kernels } from '@vouch/stark'

type Kind = Kernels['name']

const made = new Map<string, Promise<Kernels>>()
let last: Promise<unknown> = Promise.resolve()

/**
 * Runs `use` with the process's kernels, alone: one memory serves one proof at a time, later calls wait. Whatever
 * `use` allocates is given back.
 */
export function withKernels<T>(
  kind: Kind,
  maxMemoryBytes: number | undefined,
  use: (kernels: Kernels) => Promise<T>,
): Promise<T> {
  const turn = last.then(async () => {
    const maxWords = maxMemoryBytes === undefined ? undefined : Math.floor(maxMemoryBytes / 4)
    const key = `${kind} ${maxWords ?? ''}`
    if (!made.has(key))
      made.set(key, createKernels({ kind, ...(maxWords === undefined ? {} : { maxWords }) }))
    const kernels = await made.get(key)!
    const mark = kernels.mark()
    try {
      return await use(kernels)
    } finally {
      kernels.release(mark)
    }
  })
  last = turn.catch(() => {})
  return turn
}
