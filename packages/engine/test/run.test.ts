import { describe, expect, it } from 'vitest'
import { MAX_CYCLES, describeHalt, encode, run, runAsync, trace, traceAsync } from '@vouch/engine'
import type { Halt, Program } from '@vouch/engine'
import { BASE, plainHost, programFrom, programOf } from './support.ts'

const forever = programFrom('loop:\n addi a0, a0, 1\n j loop')
const asking = programFrom('li a7, 1\n loop:\n ecall\n j loop')

/** Running and tracing halt alike, with either engine. */
function haltOf(program: Program, maxCycles = 1000): Halt {
  const { halt } = run(program, plainHost, { maxCycles, engine: 'interpreter' })
  expect(run(program, plainHost, { maxCycles, engine: 'compiled' }).halt).toEqual(halt)
  expect(trace(program, plainHost, { maxCycles, engine: 'compiled' }).halt).toEqual(halt)
  const traced = trace(program, plainHost, { maxCycles, engine: 'interpreter' })
  expect(traced.halt).toEqual(halt)
  const provable = halt.kind === 'exit' || (halt.kind === 'trap' && halt.cause === 'ebreak')
  expect(traced.trace.halt !== undefined).toBe(provable)
  expect(traced.trace.cycles).toBe(halt.kind === 'trap' && !provable ? halt.cycle - 1 : halt.cycle)
  return halt
}

describe('halts', () => {
  const traps: readonly [string, string, object][] = [
    ['lw of 0x20001', 'li t0, 0x20001\n lw a0, 0(t0)', { cause: 'misaligned-load', address: 0x20001 }],
    ['lw of 0x20002', 'li t0, 0x20002\n lw a0, 0(t0)', { cause: 'misaligned-load', address: 0x20002 }],
    ['lh of 0x20001', 'li t0, 0x20000\n lh a0, 1(t0)', { cause: 'misaligned-load', address: 0x20001 }],
    ['lhu of 0x20003', 'li t0, 0x20000\n lhu a0, 3(t0)', { cause: 'misaligned-load', address: 0x20003 }],
    ['sw of 0x20002', 'li t0, 0x20000\n sw a0, 2(t0)', { cause: 'misaligned-store', address: 0x20002 }],
    ['sh of 0x20001', 'li t0, 0x20000\n sh a0, 1(t0)', { cause: 'misaligned-store', address: 0x20001 }],
    ['lw of 2^30', 'li t0, 0x40000000\n lw a0, 0(t0)', { cause: 'out-of-range-load', address: 2 ** 30 }],
    ['lb of 2^30', 'li t0, 0x40000000\n lb a0, 0(t0)', { cause: 'out-of-range-load', address: 2 ** 30 }],
    ['lbu of −1', 'li t0, 0\n lbu a0, -1(t0)', { cause: 'out-of-range-load', address: 2 ** 32 - 1 }],
    ['lh of 2^31', 'li t0, 0x80000000\n lh a0, 0(t0)', { cause: 'out-of-range-load', address: 2 ** 31 }],
    ['lhu of 2^30', 'li t0, 0x40000000\n lhu a0, 0(t0)', { cause: 'out-of-range-load', address: 2 ** 30 }],
    ['sw of 2^30', 'li t0, 0x40000000\n sw a0, 0(t0)', { cause: 'out-of-range-store', address: 2 ** 30 }],
    ['sh of 2^30', 'li t0, 0x40000000\n sh a0, 0(t0)', { cause: 'out-of-range-store', address: 2 ** 30 }],
    ['sb of −1', 'li t0, 0\n sb a0, -1(t0)', { cause: 'out-of-range-store', address: 2 ** 32 - 1 }],
    ['jalr to 2 mod 4', 'li t0, 0x20000\n jalr ra, t0, 3', { cause: 'misaligned-fetch', address: 0x20002 }],
  ]
  for (const [name, source, want] of traps)
    it(name, () => {
      const halt = haltOf(programFrom(`_start:\n${source}`))
      expect(halt).toEqual({ kind: 'trap', pc: BASE + 8, symbol: undefined, cycle: 3, ...want })
      expect(describeHalt(halt)).toContain('cycle 3')
    })

  it('jal and a taken branch to 2 mod 4; one not taken goes on', () => {
    const fault = { kind: 'trap', cause: 'misaligned-fetch', address: BASE + 6 }
    expect(haltOf(programOf([encode('jal', { rd: 1, imm: 6 })]))).toMatchObject({
      ...fault,
      pc: BASE,
      cycle: 1,
    })
    expect(haltOf(programOf([encode('beq', { imm: 6 })]))).toMatchObject({ ...fault, pc: BASE, cycle: 1 })
    const not = programOf([encode('bne', { imm: 6 }), encode('ebreak', {})])
    expect(haltOf(not)).toMatchObject({ cause: 'ebreak', pc: BASE + 4, cycle: 2 })
  })

  it('a word that is no instruction, and a pc outside the code', () => {
    expect(haltOf(programOf([encode('addi', {}), 0]))).toMatchObject({
      cause: 'illegal-instruction',
      pc: BASE + 4,
      cycle: 2,
    })
    expect(haltOf(programOf([encode('addi', {})]))).toMatchObject({
      cause: 'fetch-outside-code',
      pc: BASE + 4,
    })
    for (const target of [0, BASE - 4, 2 ** 30, 2 ** 31, 2 ** 32 - 4]) {
      const halt = haltOf(programFrom(`li t0, ${target}\n jalr ra, t0, 0`))
      expect(halt).toMatchObject({ cause: 'fetch-outside-code', pc: target, cycle: 4 })
    }
  })

  it('a store to code is not seen by fetches', () => {
    const source = `la t0, there\n sw zero, 0(t0)\n there:\n addi a0, zero, 5\n li a7, 93\n ecall`
    expect(haltOf(programFrom(source))).toMatchObject({ kind: 'exit', code: 5 })
  })

  it('exit, ebreak and an unknown call', () => {
    expect(haltOf(programFrom('li a0, -1\n li a7, 93\n ecall'))).toEqual({
      kind: 'exit',
      code: 2 ** 32 - 1,
      pc: BASE + 16,
      symbol: undefined,
      cycle: 5,
    })
    expect(haltOf(programFrom('nop\n ebreak'))).toMatchObject({ cause: 'ebreak', pc: BASE + 4, cycle: 2 })
    expect(haltOf(programFrom('li a7, 999\n ecall'))).toMatchObject({
      cause: 'denied-syscall',
      number: 999,
      cycle: 3,
    })
  })
})

describe('the cycle limit', () => {
  it('is exact', () => {
    const program = programFrom('nop\n nop\n li a7, 93\n ecall')
    expect(haltOf(program, 5)).toMatchObject({ kind: 'exit', cycle: 5 })
    expect(haltOf(program, 4)).toMatchObject({ kind: 'limit', limit: 4, cycle: 4, pc: BASE + 16 })
    for (const maxCycles of [1, 65535, 65536, 65537, 131072])
      expect(haltOf(forever, maxCycles)).toMatchObject({ kind: 'limit', limit: maxCycles, cycle: maxCycles })
    expect(haltOf(asking, 70_001)).toMatchObject({ kind: 'limit', cycle: 70_001 })
  })

  for (const maxCycles of [0, -1, 1.5, NaN, Infinity, MAX_CYCLES + 1])
    it(`is not ${maxCycles}`, () => {
      expect(() => run(forever, plainHost, { maxCycles })).toThrow(RangeError)
      expect(() => trace(forever, plainHost, { maxCycles })).toThrow(RangeError)
    })
})

describe('cancelling', () => {
  it('a synchronous run sees a flag that a callback sets', () => {
    for (const program of [forever, asking])
      for (const start of [run, trace] as const) {
        const signal = { aborted: false }
        let calls = 0
        const onProgress = (cycles: number): void => {
          expect(cycles).toBeGreaterThan(0)
          signal.aborted = ++calls === 3
        }
        const { halt } = start(program, plainHost, { signal, onProgress, keep: false })
        expect(halt.kind).toBe('aborted')
        expect(calls).toBe(3)
      }
  })

  for (const [name, program] of Object.entries({ forever, asking }))
    it(`a timer ends an asynchronous run: ${name}`, async () => {
      for (const start of [runAsync, traceAsync] as const) {
        const controller = new AbortController()
        const began = performance.now()
        setTimeout(() => controller.abort(), 30)
        const options = { signal: controller.signal, keep: false, maxCycles: 2 ** 27 }
        const { halt } = await start(program, plainHost, options)
        expect(halt.kind).toBe('aborted')
        expect(performance.now() - began).toBeLessThan(5000)
      }
    })

  it('asynchronous runs end as synchronous ones do', async () => {
    const program = programFrom('li s0, 100000\n l:\n addi s0, s0, -1\n bne s0, zero, l\n li a7, 93\n ecall')
    expect(await runAsync(program, plainHost)).toEqual(run(program, plainHost))
    const { halt, trace: made } = await traceAsync(program, plainHost)
    const sync = trace(program, plainHost)
    expect(halt).toEqual(sync.halt)
    expect(made.cycles).toBe(sync.trace.cycles)
    expect(made.registersFinalTs).toEqual(sync.trace.registersFinalTs)
    expect(made.chunks.map((c) => c.rows)).toEqual(sync.trace.chunks.map((c) => c.rows))
    await expect(runAsync(program, plainHost, { maxCycles: 0 })).rejects.toThrow(RangeError)
  })

  it('slices are shorter for guests that call a lot: a service may be slow', () => {
    for (const start of [run, trace] as const) {
      const progress: number[] = []
      start(asking, plainHost, { onProgress: (n) => progress.push(n), maxCycles: 1000, keep: false })
      expect(progress.length).toBeGreaterThan(10)
    }
  })

  it('what was traced before the end is kept', () => {
    const signal = { aborted: true }
    const { halt, trace: made } = trace(forever, plainHost, { signal })
    expect(halt).toMatchObject({ kind: 'aborted', cycle: made.cycles })
    expect(made.chunks.reduce((n, c) => n + c.rows, 0)).toBe(made.cycles)
    expect(made.halt).toBeUndefined()
  })
})
