import { afterEach, describe, expect, it } from 'vitest'
import { PAGE_BYTES, createMemory, moduleBuilder } from '@vouch/wasm'
import type { WasmMemory } from '@vouch/wasm'
import { createPool, soloPool } from '../src/kernels/pool.ts'
import type { Functions, Job, Pool, PoolOptions, StartThread } from '../src/kernels/pool.ts'
import { MAX_ROWS } from '../src/kernels/pool-layout.ts'
import { RESERVED_BYTES, SCRATCHES, SCRATCH_BYTES } from '../src/kernels/wasm-layout.ts'
import { wasmKernels } from '../src/kernels/wasm.ts'
import { startAndWait, startThread } from './helpers/threads.ts'

const DATA = RESERVED_BYTES

/**
 * store(at, value), where(at) which leaves the instance's scratch address, work(n) -> n² slowly, fail() which reads past
 * the memory, failFrom(scratch) which does so on threads whose scratch memory starts there or later.
 */
function testModule(shared: boolean): Uint8Array {
  const m = moduleBuilder({ shared })
  const scratch = m.importConstant('scratch')
  const store = m.func('store', ['i32', 'i32'])
  store.get(...store.params).store('i32.store')
  const where = m.func('where', ['i32'])
  where.get(where.param(0)).global(scratch).store('i32.store')
  const work = m.func('work', ['i32'], ['i32'])
  const [i, j, sum] = [work.local('i32'), work.local('i32'), work.local('i32')]
  work.while(i, 20_000, 1, () => {})
  work.while(j, work.param(0), 1, () => work.get(sum, work.param(0)).op('i32.add').set(sum))
  work.get(sum)
  const fail = m.func('fail', [])
  fail.i32(-16).load('i32.load').op('drop')
  const failFrom = m.func('failFrom', ['i32'])
  failFrom.global(scratch).get(failFrom.param(0)).op('i32.ge_u')
  failFrom.if(() => failFrom.call(fail))
  return m.bytes()
}

const pools: Pool[] = []
afterEach(() => {
  for (const pool of pools.splice(0)) pool.close()
})

interface Made {
  readonly memory: WasmMemory
  readonly pool: Pool
  readonly f: Functions
  words(): Uint32Array
}

function make(threads: number, start: StartThread = startAndWait, options: PoolOptions = {}): Made {
  const memory = createMemory(RESERVED_BYTES / PAGE_BYTES + 2, { shared: true })
  const pool = createPool(memory, threads, start, options)
  pools.push(pool)
  return {
    memory,
    pool,
    f: pool.link(testModule(true)),
    words: () => new Uint32Array(memory.buffer, DATA, 8192),
  }
}

/** Runs jobs that take long enough for all threads to take some. */
function spread({ pool, f, words }: Made): Set<number> {
  const seen = new Set<number>()
  for (let round = 0; round < 200 && seen.size < pool.threads; round++) {
    words().fill(0)
    pool.run(
      Array.from({ length: 64 }, (_, i): Job[] => [
        [f.work, 1000],
        [f.where, DATA + 4 * i],
      ]).flat(),
    )
    for (const at of words().subarray(0, 64)) seen.add((at - SCRATCHES) / SCRATCH_BYTES)
  }
  return seen
}

describe('pool', () => {
  it('runs every job once, on all threads, and gives results in order', () => {
    const made = make(3)
    const { pool, f } = made
    expect(pool.run([])).toEqual([])
    expect(pool.run([[f.work, 7]])).toEqual([49])
    const numbers = Array.from({ length: 100 }, (_, i) => i)
    expect(pool.run(numbers.map((n) => [f.work, n]))).toEqual(numbers.map((n) => n * n))
    expect([...spread(made)].sort()).toEqual([0, 1, 2])
  })

  it('runs more jobs than its table has rows, batch after batch', () => {
    const { pool, f, words } = make(2)
    for (let round = 1; round <= 5; round++) {
      const count = MAX_ROWS + 100
      pool.run(Array.from({ length: count }, (_, i) => [f.store, DATA + 4 * i, i + round]))
      expect(
        words()
          .subarray(0, count)
          .every((v, i) => v === i + round),
      ).toBe(true)
    }
  })

  it('covers a range by chunks and no more', () => {
    const { pool, f, words } = make(2)
    for (const [from, to, chunk] of [
      [0, 0, 16],
      [0, 5, 16],
      [3, 100, 16],
      [0, 8192, 1],
    ] as const) {
      words().fill(0)
      const calls: number[] = []
      pool.ranges(f.store, from, to, chunk, (a, b) => {
        for (let i = a; i < b; i++) calls.push(i)
        return [DATA + 4 * a, b - a]
      })
      expect(calls).toEqual(Array.from({ length: to - from }, (_, i) => from + i))
      expect(words().reduce((sum, v) => sum + v, 0)).toBe(to - from)
    }
  })

  it('gives each thread its own argument', () => {
    const made = make(3)
    const { pool, f, words } = made
    expect(spread(made).size).toBe(3)
    for (let round = 0; round < 50; round++) {
      words().fill(0)
      pool.run(Array.from({ length: 64 }, () => [f.where, { pointer: DATA, stride: 16 }]))
      const at = (t: number): number => words()[4 * t]
      for (const t of [0, 1, 2]) expect([0, SCRATCHES + t * SCRATCH_BYTES]).toContain(at(t))
    }
  })

  it('throws what a job of the caller threw, and works on', () => {
    const { pool, f } = make(2)
    expect(() => pool.run([[f.fail], [f.fail]])).toThrow(/bounds/)
    expect(
      pool.run([
        [f.work, 3],
        [f.work, 4],
      ]),
    ).toEqual([9, 16])
  })

  it('throws what a job of another thread threw, and works on', () => {
    const made = make(2)
    const { pool, f } = made
    const jobs = Array.from({ length: 64 }, (): Job[] => [
      [f.work, 1000],
      [f.failFrom, SCRATCHES + 1],
    ]).flat()
    const failing = (): void => {
      for (let round = 0; round < 200; round++) pool.run(jobs)
    }
    expect(failing).toThrow(/a thread of the kernels failed: .*bounds/)
    expect(
      pool.run([
        [f.work, 3],
        [f.work, 4],
      ]),
    ).toEqual([9, 16])
    expect(spread(made).size).toBe(2)
  })

  it('links modules after its threads have started', () => {
    const made = make(2)
    for (let i = 0; i < 20; i++) {
      const f = made.pool.link(testModule(true))
      expect(spread({ ...made, f }).size).toBe(2)
    }
  })

  it('keeps a module that finds no room with the caller', () => {
    const { pool } = make(2)
    // A custom section of 5 MiB: two of them fill the room.
    const size = 5 << 20
    const leb = [0, 7, 14, 21].map((s, i) => ((size >> s) & 127) | (i < 3 ? 128 : 0))
    const large = (): Uint8Array => {
      const bytes = testModule(true)
      const out = new Uint8Array(bytes.length + 5 + size)
      out.set(bytes)
      out.set([0, ...leb, 1, 120], bytes.length)
      return out
    }
    for (let i = 0; i < 4; i++) {
      const f = pool.link(large())
      expect(
        pool.run([
          [f.work, 3],
          [f.work, 4],
        ]),
      ).toEqual([9, 16])
    }
  })

  it('works alone while no thread has started, where none can be, and when closed', () => {
    const never: StartThread = () => ({ terminate() {} })
    const refused: StartThread = () => {
      throw new Error('no threads')
    }
    const dead: StartThread = (_, message) =>
      startThread('const start = () => { throw new Error("dead") }', message)
    for (const start of [never, refused, dead]) {
      const { pool, f } = make(3, start)
      expect(
        pool.run([
          [f.work, 3],
          [f.work, 4],
        ]),
      ).toEqual([9, 16])
    }
    const { pool, f } = make(3)
    pool.close()
    pool.close()
    expect(
      pool.run([
        [f.work, 3],
        [f.work, 4],
      ]),
    ).toEqual([9, 16])
  })

  it('gives up a thread that dies in the middle of a job, and works on alone', () => {
    const dying: StartThread = (source, message) =>
      startAndWait(
        source.replace('const run = ', 'const run = () => process.exit(); const other = '),
        message,
      )
    const { pool, f } = make(2, dying, { stallMs: 200 })
    const jobs = Array.from({ length: 64 }, (): Job => [f.work, 1000])
    const failing = (): void => {
      for (let round = 0; round < 200; round++) pool.run(jobs)
    }
    expect(failing).toThrow('does not answer')
    expect(pool.run(jobs)).toEqual(jobs.map(() => 1_000_000))
  })

  it('of one thread does the same', () => {
    const memory = createMemory(1)
    const pool = soloPool(memory)
    const f = pool.link(testModule(false))
    expect(
      pool.run([
        [f.work, 3],
        [f.work, 4],
      ]),
    ).toEqual([9, 16])
    expect(() => pool.run([[f.fail]])).toThrow(/bounds/)
    pool.close()
  })
})

describe('threads of the kernels', () => {
  it('are as many as asked for, up to 16', async () => {
    const start: StartThread = () => ({ terminate() {} })
    expect((await wasmKernels()).threads).toBe(1)
    for (const [count, threads] of [
      [1, 1],
      [2, 2],
      [99, 16],
    ])
      expect((await wasmKernels({ threads: { count, start } })).threads).toBe(threads)
  })
})
