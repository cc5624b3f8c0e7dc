import { CHUNK_ROWS } from './trace-types.ts'

declare const setTimeout: (f: () => void) => unknown
declare const performance: { now(): number }

/** Calls back after the event loop has turned. A timer, which browsers have alone, takes a millisecond for it. */
const nextTurn = (globalThis as { setImmediate?: typeof setTimeout }).setImmediate ?? setTimeout

/** A run that goes on only when told to, so that something else can happen between. */
export interface Stepper<Result> {
  /** Cycles done. */
  readonly cycles: number
  /** Runs about `count` cycles; the result when the run has ended. */
  advance(count: number): Result | undefined
  /** Ends the run where it is. */
  abort(): Result
}

export interface DriveOptions {
  /** Only its flag is read, between slices of a few milliseconds; an `AbortSignal` fits. */
  readonly signal?: { readonly aborted: boolean }
  /** Called after every slice. */
  readonly onProgress?: (cycles: number) => void
}

/** Cycles of a slice: a few milliseconds, running or tracing. */
export const SLICE = CHUNK_ROWS
/** What an ecall counts for in a slice: a service may take as long as many instructions. */
export const ECALL_WEIGHT = 1 << 11
/** Longest time that a run keeps the event loop waiting, but for one slice. */
const YIELD_MS = 20

/** Runs to the end. */
export function drive<Result>(stepper: Stepper<Result>, options: DriveOptions): Result {
  for (;;) {
    const result = slice(stepper, options)
    if (result !== undefined) return result
  }
}

/** As `drive`, but lets the event loop turn from time to time: timers and signals of the process are served. */
export async function driveAsync<Result>(stepper: Stepper<Result>, options: DriveOptions): Promise<Result> {
  let yielded = performance.now()
  for (;;) {
    const result = slice(stepper, options)
    if (result !== undefined) return result
    if (performance.now() - yielded < YIELD_MS) continue
    await new Promise<void>(nextTurn)
    yielded = performance.now()
  }
}

function slice<Result>(stepper: Stepper<Result>, { signal, onProgress }: DriveOptions): Result | undefined {
  const result = stepper.advance(SLICE)
  if (result !== undefined) return result
  onProgress?.(stepper.cycles)
  return signal?.aborted === true ? stepper.abort() : undefined
}
