import { describe, expect, it } from 'vitest'
import {
  CHARGED,
  EFFECT,
  JOURNAL_CURSOR,
  SHOWN_READ,
  SHOWN_WRITE,
  effectRows,
  run,
  trace,
} from '@vouch/engine'
import type { AuditedCall, Guest, Host } from '@vouch/engine'
import { effectsFault } from '../src/effects.ts'
import { auditedCall, bytesAt, programFrom, random } from './support.ts'
import type { Effects } from './support.ts'

/** A guest whose registers hold 100 + slot, and whose byte at `a` is a mod 251. */
const guest: Guest = {
  clk: 1,
  pc: 0x10000,
  reg: (slot) => 100 + slot,
  page: (index) => Uint8Array.from({ length: 4096 }, (_, i) => (4096 * index + i) % 251),
}

const rowsOf = (words: Uint32Array): number[][] =>
  Array.from({ length: words.length / EFFECT.words }, (_, i) => [...words.subarray(5 * i, 5 * i + 5)])

/** Flags, address and after of each row, one byte at a time. */
function slowly(call: AuditedCall): number[][] {
  const sorted = (pairs: AuditedCall['registersRead']) => [...pairs].sort(([a], [b]) => a - b)
  const rows = sorted(call.registersRead).map(([slot, value]) => [1 | SHOWN_READ, slot, 0, value, 0])
  rows.push(...sorted(call.registersWritten).map(([slot, value]) => [1 | SHOWN_WRITE, slot, 0, value, 0]))
  const words = new Map<string, number[]>()
  const add = (kind: 'read' | 'write', address: number, byte: number, shown: boolean): void => {
    const lane = address % 4
    const key = `${kind} ${address - lane}`
    const row = words.get(key) ?? [kind === 'write' ? 2 : 0, address - lane, 0, 0, 0]
    words.set(key, row)
    if (kind === 'write') row[0] |= 0x10 << lane
    if (shown) row[0] |= 0x100 << lane
    if (shown) row[3] += byte * 256 ** lane
  }
  for (const { address, bytes } of call.memoryRead) bytes.forEach((b, i) => add('read', address + i, b, true))
  for (const { bytes, written, hidden } of call.pages)
    for (const { address, length } of written)
      for (let at = address; at < address + length; at++) {
        const isHidden = hidden.some((h) => at >= h.address && at < h.address + h.length)
        add('write', at, bytes[at % 4096], !isHidden)
      }
  return [...rows, ...words.values()]
}

/** Ascending runs that do not touch, with random hidden parts. */
function randomCall(below: (n: number) => number): AuditedCall {
  const runs = (): (readonly [number, number])[] => {
    const list: [number, number][] = []
    for (let at = 0x20f80 + below(120); list.length < 6 && below(6) > 0;) {
      const length = below(4) === 0 ? 0 : 1 + below(13)
      if (length > 0) list.push([at, length])
      at += length + 1 + below(9)
    }
    return list
  }
  const writes = runs().map(([address, length]) => {
    const hidden: { address: number; length: number }[] = []
    for (let at = address + below(4); at < address + length;) {
      const count = Math.min(1 + below(6), address + length - at)
      hidden.push({ address: at, length: count })
      at += count + 1 + below(5)
    }
    return { address, bytes: Uint8Array.from({ length }, () => below(256)), hidden }
  })
  return auditedCall(guest, { reads: runs(), writes, charge: below(10), registersRead: [30 - below(9), 5] })
}

describe('effectRows', () => {
  it('lists registers and words, read before written, each ascending', () => {
    const hidden = [{ address: 0x20002, length: 3 }]
    const writes = [{ address: 0x20001, bytes: Uint8Array.of(1, 2, 3, 4, 5), hidden }]
    const reads = [
      [0x20001, 1],
      [0x20003, 3],
    ] as const
    const call = auditedCall(guest, { result: -14 >>> 0, charge: 1, reads, writes })
    const byte = (a: number): number => a % 251
    expect(rowsOf(effectRows(call))).toEqual([
      [0xf01, 10, 0, 110, 0],
      [0xf01, 17, 0, 117, 0],
      [0xf01, CHARGED, 0, 135, 0],
      [0xff3, 10, 0, 2 ** 32 - 14, 0],
      [0xff3, CHARGED, 0, 136, 0],
      [0xa00, 0x20000, 0, byte(0x20001) * 2 ** 8 + byte(0x20003) * 2 ** 24, 0],
      [0x300, 0x20004, 0, byte(0x20004) + byte(0x20005) * 2 ** 8, 0],
      [0x2e2, 0x20000, 0, 1 * 2 ** 8, 0],
      [0x232, 0x20004, 0, 5 * 2 ** 8, 0],
    ])
  })

  it('agrees with going byte by byte', () => {
    const below = random(77)
    for (let n = 0; n < 500; n++) {
      const call = randomCall(below)
      const rows = effectRows(call)
      expect(rowsOf(rows)).toEqual(slowly(call))
    }
  })

  it('takes runs and pages of nothing', () => {
    const nothing = { address: 0x20001, bytes: new Uint8Array(0) }
    const page = { index: 0x20, bytes: new Uint8Array(4096), written: [], hidden: [] }
    const call: AuditedCall = { ...auditedCall(guest, {}), memoryRead: [nothing], pages: [page] }
    expect(effectRows(call)).toEqual(effectRows(auditedCall(guest, {})))
    const program = programFrom('ecall\n li a7, 93\n ecall')
    const host: Host = { ecall: (g) => (g.clk === 1 ? call : { kind: 'exit', code: 0 }) }
    expect(run(program, host).halt).toEqual(trace(program, host).halt)
  })

  it('refuses hidden bytes that are not written', () => {
    const call = auditedCall(guest, { writes: [{ address: 0x20000, bytes: new Uint8Array(4) }] })
    const hidden = [{ address: 0x20004, length: 1 }]
    expect(() => effectRows({ ...call, pages: [{ ...call.pages[0], hidden }] })).toThrow(RangeError)
  })
})

describe('effectsFault', () => {
  // Rows: 0 to 2 registers read, 3 and 4 written, 5 to 7 memory read, 8 to 10 written.
  const rows = effectRows(
    auditedCall(guest, {
      charge: 1,
      reads: [[0x20029, 9]],
      writes: [{ address: 0x2002b, bytes: new Uint8Array(9), hidden: [{ address: 0x20033, length: 1 }] }],
    }),
  )
  for (let row = 0; row < rows.length; row += 5) if ((rows[row] & 2) === 0) rows[row + 2] = rows[row + 3]
  for (let row = 15; row < 25; row += 5) rows[row + 2] = 0

  it('finds nothing in what a call has', () => {
    expect(rowsOf(rows).map(([flags]) => flags)).toEqual([
      0xf01, 0xf01, 0xf01, 0xff3, 0xff3, 0xe00, 0xf00, 0x300, 0x882, 0xff2, 0x7f2,
    ])
    expect(effectsFault(rows)).toBeUndefined()
    expect(effectsFault(new Uint32Array(0))).toBeUndefined()
  })

  const flags: readonly [string, number, (row: Uint32Array) => unknown][] = [
    ['unknown flag 2', 0, (row) => (row[0] |= 4)],
    ['unknown flag 3', 5, (row) => (row[0] |= 8)],
    ['unknown flag 12', 8, (row) => (row[0] |= 0x1000)],
    ['unknown flag 31', 8, (row) => (row[0] |= 2 ** 31)],
    ['register shown in part', 0, (row) => (row[0] &= ~0x100)],
    ['register read that may change', 0, (row) => (row[0] |= 0x10)],
    ['register written in part', 3, (row) => (row[0] &= ~0x10)],
    ['read of a word that may change', 5, (row) => (row[0] |= 0x80)],
    ['read of no byte', 5, (row) => (row[0] = 0)],
    ['write of no byte', 8, (row) => (row[0] = 2)],
    ['write that shows more than it changes', 8, (row) => (row[0] |= 0x100)],
  ]
  const places: typeof flags = [
    ['register slot that is none', 2, (row) => (row[1] = 36)],
    ['write to x0', 3, (row) => (row[1] = 0)],
    ['word not aligned', 10, (row) => (row[1] += 2)],
    ['word outside RAM', 10, (row) => (row[1] = 2 ** 30)],
  ]
  const orders: readonly [string, number, (row: Uint32Array, all: Uint32Array) => unknown][] = [
    ['registers out of order', 1, (row) => (row[1] = 9)],
    ['one register read twice', 1, (row) => (row[1] = 10)],
    ['one word written twice', 9, (row) => (row[1] = 0x20028)],
    ['memory before registers', 6, (_, all) => all.set([...all.slice(25), ...all.slice(0, 25)])],
    ['registers written before read', 2, (_, all) => all.set([...all.slice(15, 25), ...all.slice(0, 15)])],
    ['memory written before read', 8, (_, all) => all.set([...all.slice(40), ...all.slice(25, 40)], 25)],
  ]
  const changes: typeof flags = [
    ['register read', 1, (row) => (row[3] ^= 1)],
    ['word read', 6, (row) => (row[3] ^= 1)],
    ['byte that may not', 8, (row) => (row[3] ^= 1)],
  ]
  const cases = { 'has impossible flags': flags, 'is of no': places, 'is out of order': orders, changes }
  for (const [fault, list] of Object.entries(cases))
    for (const [name, index, change] of list)
      it(`${fault}: ${name}`, () => {
        const forged = rows.slice()
        change(forged.subarray(5 * index), forged)
        expect(effectsFault(forged)).toContain(`effect ${index} ${fault}`)
      })
})

/** The trace of a program that makes one call and exits, and the machine before each of them, run and traced alike. */
function traced(source: string, make: (guest: Guest) => Effects | AuditedCall) {
  const program = programFrom(`${source}\n li a7, 93\n ecall`)
  const seen: { run: unknown[]; trace: unknown[] } = { run: [], trace: [] }
  const host = (states: unknown[]): Host => ({
    ecall(g) {
      const registers = Array.from({ length: 36 }, (_, slot) => g.reg(slot))
      states.push({ clk: g.clk, pc: g.pc, registers, memory: bytesAt(g, 0x20000, 0x3000) })
      if (g.reg(17) === 93) return { kind: 'exit', code: g.reg(10) }
      const made = make(g)
      return 'kind' in made ? made : auditedCall(g, made)
    },
  })
  const halts = [run(program, host(seen.run)).halt, trace(program, host(seen.trace))] as const
  expect(halts[1].halt).toEqual(halts[0])
  expect(seen.trace).toEqual(seen.run)
  const [first] = halts[1].trace.audited
  const memory = (seen.run.at(-1) as { memory: Uint8Array }).memory
  return { ...halts[1], rows: rowsOf(first.effects), memory, clk: first.clk, nextPc: first.nextPc }
}

describe('an audited call', () => {
  it('shows whole words before and after, whatever the log hides', () => {
    const { rows, clk, memory } = traced('li s0, 0x20000\n li t0, 0x44332211\n sw t0, 0(s0)\n ecall', () => ({
      writes: [
        {
          address: 0x20001,
          bytes: Uint8Array.of(7, 8, 9, 10),
          hidden: [{ address: 0x20001, length: 4 }],
        },
      ],
    }))
    const store = 4 * 5 + 2
    expect(clk).toBe(6)
    expect(rows.slice(-2)).toEqual([
      [0x0e2, 0x20000, 0x44332211, 0x09080711, store],
      [0x012, 0x20004, 0, 10, 0],
    ])
    expect([...memory.subarray(0, 5)]).toEqual([0x11, 7, 8, 9, 10])
  })

  it('reads and writes one word at two times', () => {
    const {
      rows,
      clk,
      trace: made,
    } = traced('li a2, 5\n ecall', () => ({
      registersRead: [12],
      registersWritten: [[12, 6]],
      reads: [[0x20002, 1]],
      writes: [{ address: 0x20001, bytes: Uint8Array.of(3, 4) }],
    }))
    const ts = 4 * clk
    // li of a small number is two instructions: the last one writes at slot 3 of cycle 2.
    expect(rows).toEqual([
      [0xf01, 10, 0, 0, 0],
      [0xf01, 12, 5, 5, 11],
      [0xf01, 17, 0, 0, 0],
      [0xff3, 10, 0, 0, ts + 1],
      [0xff3, 12, 5, 6, ts + 1],
      [0x400, 0x20000, 0, 0, 0],
      [0x662, 0x20000, 0, 0x040300, ts + 1],
    ])
    const at = made.memory.addr.indexOf(0x20000)
    expect([made.memory.initial[at], made.memory.final[at], made.memory.finalTs[at]]).toEqual([
      0,
      0x040300,
      ts + 2,
    ])
    expect(made.registersFinalTs[12]).toBe(ts + 2)
  })

  it('touches what it reads, of pages that were never touched too', () => {
    const { trace: made, clk } = traced('ecall', () => ({ reads: [[0x21003, 2]] }))
    expect([...made.memory.addr]).toEqual([0x21000, 0x21004])
    expect([...made.memory.finalTs]).toEqual([4 * clk + 1, 4 * clk + 1])
  })

  it('does not look at what a page has outside of what was written', () => {
    const { memory, trace: made } = traced('ecall', () => ({
      writes: [{ address: 0x21ffe, bytes: Uint8Array.of(1, 2, 3, 4) }],
    }))
    expect(memory.reduce((sum, b) => sum + b, 0)).toBe(10)
    expect([...made.memory.addr]).toEqual([0x21ffc, 0x22000])
  })

  it('swaps pages that are written whole, from any buffer, and keeps their times', () => {
    for (const offset of [0, 4, 1]) {
      const bytes = new Uint8Array(9000).subarray(offset, offset + 4096).map((_, i) => i % 255)
      const whole = new Uint8Array(9000).subarray(offset, offset + 4096)
      whole.set(bytes)
      const source = `li s0, 0x21000\n lw t0, 8(s0)\n ecall\n lw a0, 4(s0)\n sb s0, 9(s0)`
      const {
        rows,
        memory,
        halt,
        trace: made,
        clk,
      } = traced(source, (g) => {
        whole.set(bytes)
        const written = [{ address: 0x21000, length: 4096 }]
        return { ...auditedCall(g, {}), pages: [{ index: 0x21, bytes: whole, written, hidden: [] }] }
      })
      expect(halt).toMatchObject({ kind: 'exit', code: 0x07060504 })
      expect(rows).toHaveLength(3 + 1024)
      expect(rows[5]).toEqual([0xff2, 0x21008, 0, 0x0b0a0908, 14])
      expect(memory.subarray(0x1000, 0x2000)).toEqual(bytes.map((b, i) => (i === 9 ? 0 : b)))
      expect(made.memory.addr).toHaveLength(1024)
      expect(made.memory.finalTs[1023]).toBe(4 * clk + 2)
    }
  })

  it('moves the slots that are no register of the guest', () => {
    const { trace: made, clk } = traced('ecall', () => ({
      charge: 40,
      registersRead: [0, JOURNAL_CURSOR],
      registersWritten: [[JOURNAL_CURSOR, 3]],
    }))
    expect([...made.registersFinal.subarray(32)]).toEqual([0, 0, 3, 40])
    expect(made.registersFinalTs[CHARGED]).toBe(4 * clk + 2)
    expect(made.registersFinalTs[0]).toBeGreaterThan(0)
    expect(made.halt).toMatchObject({ journalCursor: 3, journalCursorPrev: 4 * clk + 2 })
  })

  it('goes on where it says', () => {
    const skip = traced('ecall\n li a0, 9', (g) => ({ result: 4, nextPc: g.pc + 12 }))
    expect(skip.halt).toMatchObject({ kind: 'exit', code: 4 })
    expect(skip.nextPc).toBe(0x1000c)
    const program = programFrom('ecall')
    const away: Host = { ecall: (g) => auditedCall(g, { nextPc: 0x3fff_fffc }) }
    const { halt, trace: made } = trace(program, away)
    expect(halt).toEqual(run(program, away).halt)
    expect(halt).toMatchObject({ kind: 'trap', cause: 'fetch-outside-code', pc: 0x3fff_fffc, cycle: 2 })
    expect(made.audited).toHaveLength(1)
  })

  it('is none when the host traps or throws', () => {
    const program = programFrom('li t0, 3\n ecall')
    for (const cause of ['denied-syscall', 'audit-full'] as const) {
      const { halt, trace: made } = trace(program, { ecall: () => ({ kind: 'trap', cause }) })
      expect(halt).toMatchObject({ kind: 'trap', cause, number: 0, cycle: 3 })
      expect([made.cycles, made.audited, made.ecalls]).toEqual([2, [], []])
      expect(made.registersFinalTs[17]).toBe(0)
    }
  })
})
