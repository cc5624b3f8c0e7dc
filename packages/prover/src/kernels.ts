import { createKernels } from '@vouch/stark'
import type { Kernels } from '@vouch/stark'

type Kind = Kernels['name']

const made = new Map<Kind, Promise<Kernels>>()
let last: Promise<unknown> = Promise.resolve()

/**
 * Runs `use` with the process's kernels, alone: one memory serves one proof at a time, later calls wait. Whatever
 * `use` allocates is given back; what `prepare` allocates stays for later calls.
 */
export function withKernels<T>(
  kind: Kind,
  prepare: (kernels: Kernels) => void,
  use: (kernels: Kernels) => Promise<T>,
): Promise<T> {
  const turn = last.then(async () => {
    if (!made.has(kind)) made.set(kind, createKernels({ kind }))
    const kernels = await made.get(kind)!
    prepare(kernels)
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
