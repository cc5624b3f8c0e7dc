import { afterEach, describe, expect, it, vi } from 'vitest'
import { CHUNK_ROWS, ISA, encode, run, trace } from '@vouch/engine'
import type { Host, Program, Trace, TraceOptions } from '@vouch/engine'
import { codeTable } from '../src/code.ts'
import { hasImage } from '../src/jit-image.ts'
import { Jit } from '../src/jit.ts'
import { MAX_SEGMENT } from '../src/jit-region.ts'
import { STOP, advance } from '../src/machine.ts'
import { memoryOf } from '../src/memory.ts'
import { RunPort } from '../src/port-run.ts'
import { TracePort } from '../src/port-trace.ts'
import { COLUMNS } from '../src/trace-file.ts'
import { calling, randomProgram } from './random-program.ts'
import { plainHost, programFrom, programOf } from './support.ts'

afterEach(() => vi.unstubAllGlobals())

/** What a trace says, its columns cut to their rows. */
const contentOf = ({ chunks, ...rest }: Trace) => ({
  ...rest,
  chunks: chunks.map((chunk) => [
    chunk.firstClk,
    ...COLUMNS.map((name) => Buffer.from(chunk[name].slice(0, chunk.rows).buffer).toString('base64')),
  ]),
})

/** Traces alike with either engine, and halts alike in all four ways. */
function checkRun(program: Program, host: Host, options: TraceOptions = {}): void {
  const want = trace(program, host, { ...options, engine: 'interpreter' })
  const got = trace(program, host, { ...options, engine: 'compiled' })
  expect(got.halt).toEqual(want.halt)
  expect(contentOf(got.trace)).toEqual(contentOf(want.trace))
  for (const engine of ['interpreter', 'compiled'] as const)
    expect(run(program, host, { ...options, engine }).halt).toEqual(want.halt)
}

const machines = (program: Program) =>
  [false, true].map((traced) => {
    const memory = memoryOf(program, traced)
    return traced ? new TracePort(memory, program.entry) : new RunPort(memory, program.entry)
  })

/** Where two machines stand after up to `count` cycles, and why they stopped. */
function checkMachine(program: Program, count: number, want: number = STOP.done): void {
  const code = codeTable(program)
  const compiled = machines(program)
  machines(program).forEach((port, i) => {
    const jit = new Jit(program, code, compiled[i], true)
    const state = (p: RunPort | TracePort, retired: number) => ({
      retired,
      stop: p.stop,
      pc: p.pc,
      registers: Array.from(p.registers),
      times: p instanceof TracePort ? [p.row, p.ts, ...p.times] : [],
      rows: p instanceof TracePort ? COLUMNS.map((name) => p.chunk[name].slice(0, p.row)) : [],
      memory: p.memory.pages.flatMap((page, index) =>
        page?.words.some((w) => w !== 0) ? [[index, page.words.join(), page.times.join()]] : [],
      ),
    })
    const expected = state(port, advance(port, code, count))
    expect(expected.stop).toBe(want)
    expect(state(compiled[i], jit.advance(count))).toEqual(expected)
  })
  expect(hasImage(program, false) && hasImage(program, true)).toBe(true)
}

describe('compiled code does what the interpreter does', () => {
  for (let seed = 1; seed <= 8; seed++) {
    it(`random program ${seed}`, () => checkRun(randomProgram(seed * 7919, 250, 12), calling))
    it(`random program ${seed}, with jumps anywhere`, () =>
      checkRun(randomProgram(seed * 104729, 150, 12, true), calling, { maxCycles: 6000 }))
  }

  const edges = [0, 1, -1, 2, 31, 32, 0xffff, 0x12345678, 2 ** 31 - 1, -(2 ** 31), -0x8000]
  const li = (rd: number, value: number): number[] => [
    encode('lui', { rd, imm: ((value + 0x800) & 0xfffff000) | 0 }),
    encode('addi', { rd, rs1: rd, imm: (value << 20) >> 20 }),
  ]
  for (const { name, format } of ISA) {
    if (format !== 'R' && format !== 'I' && format !== 'shift') continue
    if (name === 'jalr' || /^l[bhw]u?$/.test(name)) continue
    it(`${name} of the edges`, () => {
      const words: number[] = []
      for (const x of edges) {
        words.push(...li(6, x))
        if (format !== 'R')
          for (const imm of format === 'shift' ? [0, 1, 31] : [0, 1, -1, 2047, -2048])
            words.push(...[5, 0].map((rd) => encode(name, { rd, rs1: 6, imm })))
        else
          for (const y of edges)
            words.push(
              ...li(7, y),
              encode(name, { rd: 5, rs1: 6, rs2: 7 }),
              encode(name, { rd: 7, rs1: 7, rs2: 6 }),
            )
      }
      while (words.length < 2 * MAX_SEGMENT) words.push(...words)
      checkMachine(programOf(words), words.length)
    })
  }

  it('loads and stores of every width and lane, of pages there and not', () => {
    const lanes = [0, 1, 2, 3].flatMap((lane) =>
      ['b', ...(lane % 2 === 0 ? ['h'] : []), ...(lane === 0 ? ['w'] : [])].flatMap((width) => [
        `s${width} s2, ${lane}(s1)`,
        `l${width} t0, ${lane}(s1)`,
        ...(width === 'w' ? [] : [`l${width}u t1, ${lane}(s1)`, `s${width} t1, ${lane + 4}(s1)`]),
        `lw t2, 0(s1)`,
        `xor s2, s2, t2`,
      ]),
    )
    const source = `li s0, 40\n li s1, 0x50000\n li s3, 900\n li s2, 0x89abcdef\n l:\n ${lanes.join('\n')}
      lw x0, 0(s1)\n add s1, s1, s3\n andi s1, s1, -4\n addi s0, s0, -1\n bne s0, zero, l\n m:\n j m`
    checkMachine(programFrom(source), 2500)
  })

  it('more pages than a linear memory was made for', () => {
    const source = `li s0, 700\n li s1, 0x100000\n li s2, 4096\n l:\n sw s0, 8(s1)\n lw t0, 4(s1)\n add s1, s1, s2
      addi s0, s0, -1\n bne s0, zero, l\n li s1, 0x100000\n m:\n lw t0, 8(s1)\n add s1, s1, s2\n j m`
    checkMachine(programFrom(source), 5000)
  })

  it('stops in every cycle of a loop', () => {
    const program = programFrom(`li s0, 0x30000\n l:\n addi a0, a0, 3\n sw a0, 0(s0)\n andi t0, a0, 4
      beq t0, zero, m\n sub a1, a1, a0\n m:\n jal ra, f\n j l\n f:\n lw a2, 0(s0)\n ret`)
    for (let count = 0; count < 14; count++) checkMachine(program, 5 * MAX_SEGMENT + count)
  })

  it('a loop of one instruction', () => checkMachine(programFrom('nop\n l:\n beq zero, zero, l'), 1000))
})

describe('compiled code stops as the interpreter does', () => {
  /** After some rounds of a loop in which it does not. */
  const cases: Readonly<Record<string, readonly [string, number]>> = {
    'lw of 1 mod 4': ['lw a0, 0(s1)', STOP.misalignedLoad],
    'lh of 1 mod 2': ['lh a0, 0(s1)', STOP.misalignedLoad],
    'lhu of 1 mod 2': ['lhu a0, 0(s1)', STOP.misalignedLoad],
    'sw of 1 mod 4': ['sw a0, 0(s1)', STOP.misalignedStore],
    'sh of 1 mod 2': ['sh a0, 0(s1)', STOP.misalignedStore],
    'lw out of range': ['lw a0, 0(s2)', STOP.outOfRangeLoad],
    'lb out of range': ['lb a0, 0(s2)', STOP.outOfRangeLoad],
    'lbu out of range': ['lbu a0, 0(s2)', STOP.outOfRangeLoad],
    'lh out of range': ['lh a0, 0(s2)', STOP.outOfRangeLoad],
    'sw out of range': ['sw a0, 0(s2)', STOP.outOfRangeStore],
    'sh out of range': ['sh a0, 0(s2)', STOP.outOfRangeStore],
    'sb out of range': ['sb a0, 0(s2)', STOP.outOfRangeStore],
    'jalr to 2 mod 4': ['jalr ra, s4, 2', STOP.misalignedFetch],
    'jalr out of the code': ['jalr ra, s1, -1', STOP.noInstruction],
    'branch to 2 mod 4': ['beq s3, zero, 6', STOP.misalignedFetch],
    'a call': ['ecall', STOP.ecall],
    ebreak: ['ebreak', STOP.ebreak],
    'no instruction': ['.word 0', STOP.noInstruction],
  }
  for (const [name, [instruction, stop]] of Object.entries(cases))
    it(name, () => {
      const source = `_start:\n li s0, 50\n li s1, 0x30000\n li s2, 0x3ffffffd\n li s3, 50\n la s4, end\n li s5, 0x30000\n l:\n sb t0, 8(s5)
        addi t0, t0, 5\n addi s3, s3, -1\n bne s0, s3, m\n m:\n bne s3, zero, k\n addi s1, s1, 1\n addi s2, s2, 3\n k:
        add t1, t0, t0\n bne s3, zero, l\n addi t2, t1, 1\n end:\n ${instruction}\n addi t2, t2, 1`
      checkMachine(programFrom(source), 2000, stop)
    })

  it('a jump and a branch that would always be to 2 mod 4', () => {
    const loop = [encode('addi', { rd: 5, imm: 60 }), encode('addi', { rd: 5, rs1: 5, imm: -1 })]
    const back = encode('bne', { rs1: 5, imm: -4 })
    for (const last of [encode('jal', { rd: 1, imm: 6 }), encode('beq', { imm: 6 })])
      checkMachine(programOf([...loop, back, last]), 1000, STOP.misalignedFetch)
  })

  it('calls in a loop, up to limits', () => {
    const program = programFrom(
      'li a7, 1\n li s0, 400\n l:\n ecall\n addi s0, s0, -1\n bne s0, zero, l\n ebreak',
    )
    for (const maxCycles of [300, 301, 302, 5000]) checkRun(program, plainHost, { maxCycles })
  })

  it('a host that writes whole pages and parts of them', () => {
    const source = `li s0, 300\n li s1, 0x30000\n l:\n mv a7, s0\n lw a1, 8(s1)\n li a2, 9\n ecall\n lw t0, 0(s1)
      sb t0, 40(s1)\n nop\n addi s0, s0, -1\n li t1, 93\n beq s0, t1, l\n bne s0, zero, l\n li a7, 93\n ecall`
    checkRun(programFrom(source), calling, { maxCycles: 9000 })
  })
})

describe('a run goes over to compiled code, and back', () => {
  const long = () =>
    programFrom(`li s0, 0x30000\n l:\n lw a0, 0(s0)\n addi a0, a0, 7\n sb a0, 1(s0)\n mul a1, a0, a0\n sw a1, 4(s0)
      andi t0, a0, 255\n bne t0, zero, l\n addi s1, s1, 1\n j l`)

  it('when it has gone on for long', () => {
    const program = long()
    const options = { maxCycles: 18 * CHUNK_ROWS + 77 }
    const got = trace(program, plainHost, options)
    expect(hasImage(program, true)).toBe(true)
    const want = trace(program, plainHost, { ...options, engine: 'interpreter' })
    expect(contentOf(got.trace)).toEqual(contentOf(want.trace))
    expect(contentOf(trace(program, plainHost, { maxCycles: 70_000 }).trace)).toEqual(
      contentOf(trace(program, plainHost, { maxCycles: 70_000, engine: 'interpreter' }).trace),
    )
  })

  it('not for a short one', () => {
    const program = long()
    trace(program, plainHost, { maxCycles: CHUNK_ROWS })
    run(program, plainHost, { maxCycles: CHUNK_ROWS })
    expect(hasImage(program, true) || hasImage(program, false)).toBe(false)
  })

  it('not without WebAssembly, nor without address space', () => {
    for (const stub of [undefined, withMemory(unavailable(0))]) {
      const program = long()
      vi.stubGlobal('WebAssembly', stub)
      const got = trace(program, plainHost, { maxCycles: 5000, engine: 'compiled' })
      vi.unstubAllGlobals()
      const want = trace(program, plainHost, { maxCycles: 5000, engine: 'interpreter' })
      expect(contentOf(got.trace)).toEqual(contentOf(want.trace))
      expect(hasImage(program, true)).toBe(false)
    }
  })

  it('back when pages find no address space any more', () => {
    const program = programFrom(
      `li s0, 0x100000\n li s1, 2048\n l:\n sw s0, 0(s0)\n lw t0, 0(s0)\n add s0, s0, s1\n j l`,
    )
    vi.stubGlobal('WebAssembly', withMemory(unavailable(1)))
    const got = trace(program, plainHost, { maxCycles: 9000, engine: 'compiled' })
    vi.unstubAllGlobals()
    expect(hasImage(program, true)).toBe(true)
    const want = trace(program, plainHost, { maxCycles: 9000, engine: 'interpreter' })
    expect(contentOf(got.trace)).toEqual(contentOf(want.trace))
  })

  const withMemory = (Memory: unknown): unknown => Object.create(WebAssembly, { Memory: { value: Memory } })

  /** A WebAssembly.Memory that can be had `times` times. */
  function unavailable(times: number): unknown {
    let left = times
    const Real = WebAssembly.Memory
    return function (descriptor: { initial: number }) {
      if (left-- <= 0) throw new RangeError('no address space')
      return new Real(descriptor)
    }
  }
})
