import { createKernels } from '@vouch/stark'
import type { Kernels } from '@vouch/stark'
import { availableThreads, startThread } from './threads.ts'

type Kind = Kernels['name']

interface Made {
  readonly threads: number
  readonly kernels: Promise<Kernels>
}

const made = new Map<Kind, Made>()
let last: Promise<unknown> = Promise.resolve()

function make(kind: Kind, threads: number): Promise<Kernels> {
  const kernels = createKernels({ kind, threads: { count: threads, start: startThread } })
  made.set(kind, { threads, kernels })
  return kernels
}

/** Begins to make the kernels, so that their threads start while something else runs. */
export function prepareKernels(kind: Kind, threads: number): void {
  // Whoever uses them is told of a failure.
  if (!made.has(kind)) make(kind, threads).catch(() => {})
}

/**
 * Runs `use` with the process's kernels, alone: one memory serves one proof at a time, later calls wait. Whatever
 * `use` allocates is given back. Kernels of another number of threads than asked for are made anew; undefined asks for
 * none.
 */
export function withKernels<T>(
  kind: Kind,
  threads: number | undefined,
  use: (kernels: Kernels) => Promise<T>,
): Promise<T> {
  const turn = last.then(async () => {
    const known = made.get(kind)
    const fits = known !== undefined && (threads === undefined || known.threads === threads)
    if (known !== undefined && !fits) (await known.kernels).close()
    const kernels = await (fits ? known.kernels : make(kind, threads ?? availableThreads()))
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
