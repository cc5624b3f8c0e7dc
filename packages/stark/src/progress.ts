declare const setTimeout: (f: () => void) => unknown
declare const performance: { now(): number }

/** Calls back after the event loop has turned. A timer, which browsers have alone, takes a millisecond for it. */
const nextTurn = (globalThis as { setImmediate?: typeof setTimeout }).setImmediate ?? setTimeout

/** How far a proof is: `done` of `total` steps of `phase`. */
export interface Progress {
  readonly phase: string
  readonly done: number
  readonly total: number
}

/** The part of an AbortSignal that is looked at. */
export interface Abort {
  readonly aborted: boolean
}

/** The caller's signal was raised. */
export class ProverAborted extends Error {
  override readonly name = 'ProverAborted'
  readonly code = 'prover/aborted'
}

/** Seconds spent in one phase. */
export interface PhaseTime {
  readonly name: string
  readonly seconds: number
}

const YIELD_MS = 20

/** Tells of progress, keeps time, lets the event loop run every 20 ms or so, and throws `ProverAborted`. */
export interface Pacer {
  /** Begins a phase of `total` steps. */
  phase(name: string, total: number): void
  /** One step is done. */
  step(): Promise<void>
  /** Ends the last phase. */
  times(): PhaseTime[]
}

export function pacer(onProgress: ((p: Progress) => void) | undefined, signal: Abort | undefined): Pacer {
  const times: PhaseTime[] = []
  let name: string | undefined
  let start = 0
  let done = 0
  let total = 0
  let yielded = performance.now()
  const close = (): void => {
    if (name !== undefined) times.push({ name, seconds: (performance.now() - start) / 1000 })
    name = undefined
  }
  return {
    phase(next, steps) {
      close()
      name = next
      start = performance.now()
      done = 0
      total = steps
      onProgress?.({ phase: next, done, total })
    },
    async step() {
      done = Math.min(done + 1, total)
      if (performance.now() - yielded >= YIELD_MS) {
        onProgress?.({ phase: name ?? '', done, total })
        await new Promise<void>(nextTurn)
        yielded = performance.now()
      }
      if (signal?.aborted === true) throw new ProverAborted('aborted')
    },
    times() {
      close()
      return times
    },
  }
}
