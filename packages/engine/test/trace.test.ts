import { describe, expect, it } from 'vitest'
import {
  CHUNK_ROWS,
  EFFECT,
  INITIAL_SP,
  ISA,
  JOURNAL_CURSOR,
  PUBLIC_CURSOR,
  REGISTER_SLOTS,
  decode,
  run,
  trace,
} from '@vouch/engine'
import type { Calls, Host, Program, Trace } from '@vouch/engine'
import { calling, randomProgram } from './random-program.ts'
import { bytesAt, programFrom } from './support.ts'

/** Follows every access of a trace in time order: each must start where the last one at its place ended. */
function checkChains(program: Program, made: Trace): void {
  const registers = new Uint32Array(REGISTER_SLOTS)
  registers[2] = INITIAL_SP
  const times = new Uint32Array(REGISTER_SLOTS)
  const initial = new Map(Array.from(program.wordAddr, (a, i) => [a, program.wordValue[i]]))
  const memory = new Map<number, { value: number; ts: number }>()
  const instructions = new Map(program.code.map((c) => [c.pc, c]))
  const same = (what: string, got: readonly unknown[], want: readonly unknown[]): void => {
    if (`${got}` !== `${want}`) expect([what, ...got]).toEqual([what, ...want])
  }
  const access = (at: string, r: number, ts: number, prev: number, before: number, after = before): void => {
    same(`${at} register ${r}`, [prev, before], [times[r], registers[r]])
    times[r] = ts
    registers[r] = after
  }
  const word = (at: string, addr: number, ts: number, prev: number, before: number, after: number): void => {
    const last = memory.get(addr) ?? { value: initial.get(addr) ?? 0, ts: 0 }
    same(`${at} word ${addr}`, [prev, before], [last.ts, last.value])
    memory.set(addr, { value: after, ts })
  }
  const ecalls = new Map(made.ecalls.map((e) => [e.clk, e]))
  const audited = new Map(made.audited.map((e) => [e.clk, e]))
  let wanted: number | undefined
  let clk = 0
  for (const chunk of made.chunks) {
    expect(chunk.firstClk).toBe(clk + 1)
    for (let i = 0; i < chunk.rows; i++) {
      clk++
      const ts = 4 * clk
      const at = `clk ${clk}`
      if (wanted !== undefined) same(`${at} pc`, [chunk.pc[i]], [wanted])
      wanted = audited.get(clk)?.nextPc
      const c = instructions.get(chunk.pc[i])
      if (c === undefined) throw new Error(`${at}: no instruction`)
      const { format } = ISA[c.op]
      const uses = { rs1: /^(R|I|shift|S|B|fence)$/, rs2: /^(R|S|B)$/, rd: /^(R|I|shift|U|J|fence)$/ }
      const isMemory = format === 'S' || /^l[bhw]u?$/.test(c.name)
      if (uses.rs1.test(format)) access(at, c.rs1, ts, chunk.rs1Prev[i], chunk.rs1Value[i])
      else same(`${at} rs1`, [chunk.rs1Prev[i], chunk.rs1Value[i]], [0, 0])
      if (uses.rs2.test(format)) access(at, c.rs2, ts + 1, chunk.rs2Prev[i], chunk.rs2Value[i])
      else same(`${at} rs2`, [chunk.rs2Prev[i], chunk.rs2Value[i]], [0, 0])
      const [before, after] = [chunk.memBefore[i], chunk.memAfter[i]]
      if (isMemory) word(at, chunk.memAddr[i] & ~3, ts + 2, chunk.memPrev[i], before, after)
      else same(`${at} memory`, [chunk.memAddr[i], chunk.memPrev[i], before, after], [0, 0, 0, 0])
      if (uses.rd.test(format)) access(at, c.rd, ts + 3, chunk.rdPrev[i], chunk.rdBefore[i], chunk.rdAfter[i])
      else same(`${at} rd`, [chunk.rdPrev[i], chunk.rdBefore[i], chunk.rdAfter[i]], [0, 0, 0])
      const e = ecalls.get(clk)
      const call = audited.get(clk)
      if (call !== undefined) {
        same(at, [call.pc, c.name, e], [chunk.pc[i], 'ecall', undefined])
        const { effects } = call
        for (let row = 0; row < effects.length; row += EFFECT.words) {
          const [flags, address, old, now, prev] = effects.subarray(row, row + EFFECT.words)
          const [isRegister, isWrite] = [(flags & 1) !== 0, (flags & 2) !== 0]
          if (!isWrite) same(`${at} read`, [old], [now])
          const touch = isRegister ? access : word
          touch(at, address, ts + (isWrite ? 2 : 1), prev, old, now)
        }
      } else if (e !== undefined) {
        same(at, [e.pc, c.name], [chunk.pc[i], 'ecall'])
        access(at, 17, ts, e.a7Prev, e.number)
        access(at, 11, ts, e.a1Prev, e.a1)
        access(at, 12, ts, e.a2Prev, e.a2)
        for (const copy of e.copies) {
          expect(copy.count).toBeGreaterThan(0)
          expect(copy.offset + copy.count).toBeLessThanOrEqual(4)
          word(at, copy.addr, ts + 2, copy.prev, copy.before, copy.after)
        }
        expect(e.copies.reduce((n, copy) => n + copy.count, 0)).toBe(e.result)
        access(at, 10, ts + 3, e.a0Prev, e.a0, e.result)
        access(at, e.cursor, ts + 3, e.cursorPrev, e.cursorBefore, e.cursorBefore + e.result)
      } else if (c.name === 'ecall') expect(clk).toBe(made.halt?.clk)
    }
  }
  expect(clk).toBe(made.cycles)
  const { halt } = made
  if (halt !== undefined) {
    const [at, ts] = ['halt', 4 * halt.clk]
    expect(halt.clk).toBe(clk)
    if (halt.kind === 'exit') {
      access(at, 17, ts, halt.a7Prev, halt.number)
      access(at, 10, ts + 3, halt.a0Prev, halt.code)
    }
    access(at, PUBLIC_CURSOR, ts + 3, halt.publicCursorPrev, halt.publicCursor)
    access(at, JOURNAL_CURSOR, ts + 3, halt.journalCursorPrev, halt.journalCursor)
  }
  expect(made.registersFinal).toEqual(registers)
  expect(made.registersFinalTs).toEqual(times)
  const touched = [...memory].sort(([a], [b]) => a - b)
  expect(Array.from(made.memory.addr)).toEqual(touched.map(([a]) => a))
  expect(Array.from(made.memory.initial)).toEqual(touched.map(([a]) => initial.get(a) ?? 0))
  expect(Array.from(made.memory.final)).toEqual(touched.map(([, w]) => w.value))
  expect(Array.from(made.memory.finalTs)).toEqual(touched.map(([, w]) => w.ts))
}

/** The machine before each call: registers, and what memory the calls touch. */
function watched(host: Host): Host & { readonly states: string[] } {
  const states: string[] = []
  return {
    states,
    ecall(guest) {
      const registers = Array.from({ length: REGISTER_SLOTS }, (_, slot) => guest.reg(slot))
      const memory = Buffer.from(bytesAt(guest, 0x30000, 0x2000)).toString('base64')
      states.push(JSON.stringify([guest.clk, guest.pc, registers, memory]))
      return host.ecall(guest)
    },
  }
}

describe.each(['interpreter', 'compiled'] as const)('every access points at the one before: %s', (engine) => {
  for (let seed = 1; seed <= 12; seed++)
    it(`random program ${seed}`, () => {
      const program = randomProgram(seed * 7919, 300)
      expect(program.code.every((c) => decode(c.word) !== undefined)).toBe(true)
      const [ran, traced] = [watched(calling), watched(calling)]
      const { halt, trace: made } = trace(program, traced, { engine })
      expect(halt).toEqual(run(program, ran, { engine }).halt)
      expect(halt.kind).toBe('exit')
      expect(traced.states).toEqual(ran.states)
      expect(made.ecalls.length + made.audited.length + 1).toBe(ran.states.length)
      expect(made.audited.length).toBeGreaterThan(3)
      checkChains(program, made)
    })

  it('over chunks, and up to a limit', () => {
    const source = `li s0, 0x30000\n l:\n lw a0, 0(s0)\n addi a0, a0, 1\n sb a0, 1(s0)\n sw a0, 4(s0)\n j l`
    const program = programFrom(source)
    const { trace: made } = trace(program, calling, { maxCycles: CHUNK_ROWS + 1000, engine })
    expect(made.chunks.map((c) => c.rows)).toEqual([CHUNK_ROWS, 1000])
    checkChains(program, made)
  })

  it('a cycle that trapped left no mark', () => {
    for (const end of [
      'lw t2, 1(t1)',
      'sw t2, 1(t1)',
      'sw t1, 1(t1)',
      'jalr ra, t1, 2',
      'beq t1, t1, 6',
      '.word 0',
      'ebreak',
    ]) {
      const program = programFrom(`li t1, 0x30000\n li t2, 5\n add t1, t1, zero\n sw t2, 0(t1)\n ${end}`)
      checkChains(program, trace(program, calling, { engine }).trace)
    }
  })

  it('also when chunks are only handed on', () => {
    const program = programFrom('l:\n xori a7, a7, 2\n ecall\n addi a2, a2, 1\n j l')
    const options = { maxCycles: CHUNK_ROWS + 500, engine }
    const whole = trace(program, calling, options).trace
    const [chunks, calls]: [number[], Calls[]] = [[], []]
    const { trace: none } = trace(program, calling, {
      ...options,
      keep: false,
      onChunk: (chunk, records) => {
        chunks.push(chunk.rows)
        calls.push(records)
        for (const e of [...records.ecalls, ...records.audited])
          expect(e.clk >= chunk.firstClk && e.clk < chunk.firstClk + chunk.rows).toBe(true)
      },
    })
    expect([none.chunks, none.ecalls, none.audited]).toEqual([[], [], []])
    expect(chunks).toEqual([CHUNK_ROWS, 500])
    expect(calls.flatMap((c) => c.ecalls)).toEqual(whole.ecalls)
    expect(calls.flatMap((c) => c.audited.map((e) => e.clk))).toEqual(whole.audited.map((e) => e.clk))
    expect(none.memory).toEqual(whole.memory)
    checkChains(program, whole)
  })
})
