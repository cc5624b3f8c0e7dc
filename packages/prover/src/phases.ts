import { ProverAborted } from '@vouch/stark'
import type { PhaseTime, Progress } from '@vouch/stark'

/** Keeps time of the phases before the STARK's own, tells of progress, and throws `ProverAborted`. */
export interface Phases {
  phase(name: string, total: number): void
  step(): Promise<void>
  end(): void
  times(): readonly PhaseTime[]
}

export function phases(
  onProgress: ((p: Progress) => void) | undefined,
  signal: { readonly aborted: boolean } | undefined,
): Phases {
  const times: PhaseTime[] = []
  let current: { name: string; total: number; done: number; start: number } | undefined
  const end = (): void => {
    if (current === undefined) return
    times.push({ name: current.name, seconds: (performance.now() - current.start) / 1000 })
    current = undefined
  }
  return {
    phase(name, total) {
      end()
      current = { name, total, done: 0, start: performance.now() }
      onProgress?.({ phase: name, done: 0, total })
    },
    async step() {
      if (current !== undefined)
        onProgress?.({ phase: current.name, done: ++current.done, total: current.total })
      await new Promise<void>((resolve) => setTimeout(resolve, 0))
      if (signal?.aborted === true) throw new ProverAborted('aborted')
    },
    end,
    times: () => times,
  }
}
