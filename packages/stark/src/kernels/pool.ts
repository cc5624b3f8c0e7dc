import type { Pointer } from './kernels.ts'
import { MAX_MODULES, MAX_ROWS, ROW_ARGUMENTS, ROW_WORDS, SPIN_MS, WORD } from './pool-layout.ts'
import { WORKER_SOURCE } from './pool-worker.ts'
import { CONTROL, CONTROL_BYTES, MODULES, MODULES_BYTES, SCRATCHES } from './wasm-layout.ts'
import { instantiate, instantiateAsync } from '@vouch/wasm'
import type { WasmFunction, WasmMemory } from '@vouch/wasm'

declare const performance: { now(): number }

export type Functions = Readonly<Record<string, WasmFunction>>

/** An argument that differs by thread: `pointer` on the caller's, `pointer + t·stride` on thread t < `threads`. */
export interface PerThread {
  readonly pointer: Pointer
  readonly stride: number
}
export type Argument = number | PerThread
/** One call of a function that `link` gave, with at most 14 arguments of type i32. */
export type Job = readonly [run: WasmFunction, ...args: Argument[]]

/** A thread that runs a script. */
export interface Thread {
  terminate(): void
}

/**
 * Starts a thread that runs `source`, a script that defines `start`, and then `start(message)`; it is to keep no process
 * alive. It may never come to run, and what it ends with is nobody's error. May throw where there are no threads.
 */
export type StartThread = (source: string, message: object) => Thread

/** Threads over one memory. The calling thread works too, and alone while no other has started. */
export interface Pool {
  /** The most threads that run jobs, the caller's included. */
  readonly threads: number
  /** Whether modules are to import a shared memory. */
  readonly shared: boolean
  /** Compiles and links a module for all threads. */
  link(bytes: Uint8Array): Functions
  linkAsync(bytes: Uint8Array): Promise<Functions>
  /**
   * Runs jobs, which may write nothing that another of them touches, in any order; gives their results (as signed
   * integers) in the order of the jobs. When one fails, the others are finished or dropped and its error is thrown.
   */
  run(jobs: readonly Job[]): number[]
  /** `run` of one job a chunk of [from, to): at most `chunk` each, or a multiple of it where there would be too many. */
  ranges(
    run: WasmFunction,
    from: number,
    to: number,
    chunk: number,
    args: (from: number, to: number) => readonly Argument[],
  ): number[]
  /** Ends the threads; jobs then run on the calling thread. */
  close(): void
}

export interface PoolOptions {
  /** Without a job finished for so long, the threads are given up: `run` throws and the pool is closed. */
  readonly stallMs?: number
  /** The most rows of a job, a multiple of 16, for tests that want many jobs of little work. */
  readonly maxChunk?: number
}

const STALL_MS = 60_000
/** Jobs that `ranges` makes at most. */
const MAX_RANGES = 256

const alone = ([run, ...args]: Job): number =>
  run(...args.map((a) => (typeof a === 'number' ? a : a.pointer))) | 0

const ranges =
  (run: Pool['run'], most: number, maxChunk = Infinity): Pool['ranges'] =>
  (f, from, to, least, args) => {
    const chunk = Math.min(least, maxChunk)
    const step = chunk * Math.ceil(Math.max(1, (to - from) / chunk / most))
    const jobs: Job[] = []
    for (let at = from; at < to; at += step) jobs.push([f, ...args(at, Math.min(at + step, to))])
    return run(jobs)
  }

/** The calling thread alone, over a memory that need not be shared. */
export function soloPool(memory: WasmMemory): Pool {
  const run: Pool['run'] = (jobs) => jobs.map(alone)
  return {
    threads: 1,
    shared: false,
    link: (bytes) => instantiate(bytes, { memory, scratch: SCRATCHES }),
    linkAsync: (bytes) => instantiateAsync(bytes, { memory, scratch: SCRATCHES }),
    run,
    ranges: ranges(run, Infinity),
    close() {},
  }
}

/** Threads over a shared memory, counted with the caller's. */
export function createPool(
  memory: WasmMemory,
  threads: number,
  start: StartThread,
  options: PoolOptions = {},
): Pool {
  const c = new Int32Array(memory.buffer, CONTROL, CONTROL_BYTES / 4)
  const ids = new Map<WasmFunction, number>()
  const stallMs = options.stallMs ?? STALL_MS
  const started: Thread[] = []
  let published = MODULES
  let closed = false

  const close = (): void => {
    if (closed) return
    closed = true
    Atomics.store(c, WORD.closed, 1)
    wake(started.length)
    for (const thread of started) thread.terminate()
  }
  const wake = (count: number): void => {
    Atomics.add(c, WORD.epoch, 1)
    if (Atomics.load(c, WORD.asleep) > 0) Atomics.notify(c, WORD.epoch, count)
  }
  /** Makes a module known to the threads. One that finds no room stays with the caller. */
  const publish = (bytes: Uint8Array, functions: Functions): Functions => {
    const index = Atomics.load(c, WORD.modules)
    if (published + bytes.length > MODULES + MODULES_BYTES || index === MAX_MODULES) return functions
    new Uint8Array(memory.buffer).set(bytes, published)
    c.set([published, bytes.length], WORD.moduleTable + 2 * index)
    published += bytes.length
    Object.values(functions).forEach((run, i) => ids.set(run, (index << 16) | i))
    Atomics.store(c, WORD.modules, index + 1)
    wake(started.length)
    return functions
  }

  const write = (jobs: readonly Job[]): void => {
    const count = jobs.length
    jobs.forEach(([run, ...args], j) => {
      const row = WORD.table + ROW_WORDS * (count - 1 - j)
      c[row] = ids.get(run)!
      c[row + 1] = args.length
      args.forEach((a, i) => {
        const at = row + ROW_ARGUMENTS + 2 * i
        c[at] = typeof a === 'number' ? a : a.pointer
        c[at + 1] = typeof a === 'number' ? 0 : a.stride
      })
    })
    Atomics.store(c, WORD.fault, 0)
    Atomics.store(c, WORD.done, 0)
    Atomics.store(c, WORD.count, count)
    Atomics.store(c, WORD.open, count)
    wake(count - 1)
  }

  /** Waits until `count` jobs are done. */
  const join = (count: number): void => {
    const spinUntil = performance.now() + SPIN_MS
    let last = -1
    let stalled = 0
    for (;;) {
      const done = Atomics.load(c, WORD.done)
      if (done === count) return
      if (done !== last) stalled = 0
      last = done
      const now = performance.now()
      if (now < spinUntil) continue
      const slice = Math.min(100, stallMs)
      if (!sleep(c, WORD.done, done, slice))
        while (performance.now() < now + slice && done === Atomics.load(c, WORD.done));
      // Slices, not the clock: a machine that was asleep has not waited.
      stalled += slice
      if (stalled <= stallMs || Atomics.load(c, WORD.done) !== done) continue
      close()
      throw new Error('a thread of the kernels does not answer')
    }
  }

  const together = (jobs: readonly Job[]): number[] => {
    const count = jobs.length
    write(jobs)
    const results: number[] = Array.from({ length: count }, () => 0)
    const own = new Set<number>()
    let failure: { readonly error: unknown } | undefined
    for (let n; (n = Atomics.load(c, WORD.open)) > 0;) {
      if (Atomics.compareExchange(c, WORD.open, n, n - 1) !== n) continue
      const j = count - n
      try {
        results[j] = alone(jobs[j])
        own.add(j)
      } catch (error) {
        failure = { error }
        Atomics.add(c, WORD.done, Atomics.exchange(c, WORD.open, 0))
      }
      Atomics.add(c, WORD.done, 1)
    }
    join(count)
    if (failure !== undefined) throw failure.error
    if (Atomics.load(c, WORD.fault) !== 0) {
      const text = c.subarray(WORD.faultText + 1, WORD.faultText + 1 + c[WORD.faultText])
      throw new Error(`a thread of the kernels failed: ${String.fromCharCode(...text)}`)
    }
    for (let j = 0; j < count; j++)
      if (!own.has(j)) results[j] = c[WORD.table + ROW_WORDS * (count - 1 - j) + 2]
    return results
  }

  const run = (jobs: readonly Job[]): number[] => {
    if (closed || jobs.length < 2 || Atomics.load(c, WORD.attached) === 0 || !jobs.every(([f]) => ids.has(f)))
      return jobs.map(alone)
    const results: number[] = []
    for (let at = 0; at < jobs.length; at += MAX_ROWS)
      for (const result of together(jobs.slice(at, at + MAX_ROWS))) results.push(result)
    return results
  }

  for (let thread = 1; thread < threads; thread++) {
    try {
      started.push(start(WORKER_SOURCE, { memory, thread }))
    } catch {
      // Where there are no threads the caller's does it all.
      break
    }
  }

  return {
    threads,
    shared: true,
    link: (bytes) => publish(bytes, instantiate(bytes, { memory, scratch: SCRATCHES })),
    linkAsync: async (bytes) => publish(bytes, await instantiateAsync(bytes, { memory, scratch: SCRATCHES })),
    run,
    ranges: ranges(run, MAX_RANGES, options.maxChunk),
    close,
  }
}

/** Sleeps until the word changes, for `ms` at most; false where the host lets this thread not sleep. */
function sleep(c: Int32Array, word: number, value: number, ms: number): boolean {
  try {
    Atomics.wait(c, word, value, ms)
    return true
  } catch {
    return false
  }
}
