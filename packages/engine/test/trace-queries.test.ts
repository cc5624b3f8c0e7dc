import { describe, expect, it } from 'vitest'
import { CHARGED, REGISTER_SLOTS, find, info, registerName, rows, traceToSink } from '@vouch/engine'
import type { Found, TraceRow } from '@vouch/engine'
import { busy, codeOf, forged, host, memorySink, open, sha256, written } from './trace-support.ts'

const program = busy(10)
const { bytes, trace, halt } = written(program, 32)
const reader = open(bytes)
const all = [...rows(reader, 1, trace.cycles)]

interface Seen {
  readonly lastAccess: Found | undefined
  readonly lastWrite: Found | undefined
}

/** What `find` should say, from all rows in order. */
function bruteForce(
  pick: (row: TraceRow) => readonly Omit<Found, 'clk' | 'pc' | 'name'>[],
  before: number,
): Seen {
  let seen: Seen = { lastAccess: undefined, lastWrite: undefined }
  for (const row of all.filter((r) => r.clk < before))
    for (const { kind, ts, prev, before: old, after } of pick(row)) {
      const found = { clk: row.clk, pc: row.pc, name: row.name, kind, ts, prev, before: old, after } as Found
      seen = { lastAccess: found, lastWrite: kind === 'write' ? found : seen.lastWrite }
    }
  return seen
}

describe('rows', () => {
  it('chain every access to the one before, in value and in time', () => {
    const registers = new Map<number, { ts: number; value: number }>()
    const memory = new Map<number, { ts: number; value: number }>()
    const image = new Map(Array.from(program.wordAddr, (a, i) => [a, program.wordValue[i]]))
    for (const row of all) {
      for (const r of row.registers) {
        const last = registers.get(r.register) ?? { ts: 0, value: r.register === 2 ? 2 ** 30 - 16 : 0 }
        expect([row.clk, r.register, r.prev, r.before]).toEqual([row.clk, r.register, last.ts, last.value])
        if (r.kind === 'read') expect(r.after).toBe(r.before)
        registers.set(r.register, { ts: r.ts, value: r.after })
      }
      for (const m of row.memory) {
        const last = memory.get(m.addr) ?? { ts: 0, value: image.get(m.addr) ?? 0 }
        expect([row.clk, m.addr, m.prev, m.before]).toEqual([row.clk, m.addr, last.ts, last.value])
        if (m.kind === 'read') expect(m.after).toBe(m.before)
        memory.set(m.addr, { ts: m.ts, value: m.after })
      }
    }
    for (const [slot, { ts, value }] of registers)
      expect([slot, trace.registersFinalTs[slot], trace.registersFinal[slot]]).toEqual([slot, ts, value])
    expect([...memory.keys()].toSorted((a, b) => a - b)).toEqual([...trace.memory.addr])
    trace.memory.addr.forEach((a, i) =>
      expect(memory.get(a)).toEqual({ ts: trace.memory.finalTs[i], value: trace.memory.final[i] }),
    )
  })

  it('show instructions, lanes, ecalls and the halt', () => {
    expect(all).toHaveLength(trace.cycles)
    expect(all.map((r) => r.clk)).toEqual(Array.from({ length: trace.cycles }, (_, i) => i + 1))
    const lane = (name: string) => all.find((r) => r.name === name)?.memory[0]
    expect(lane('lbu')).toMatchObject({ kind: 'read', addr: 0x20000, offset: 3, count: 1 })
    expect(lane('lh')).toMatchObject({ kind: 'read', addr: 0x20010, offset: 2, count: 2 })
    expect(lane('sb')).toMatchObject({ kind: 'write', addr: 0x20004, offset: 1, count: 1 })
    expect(lane('sw')).toMatchObject({ kind: 'write', addr: 0x20020, offset: 0, count: 4 })
    expect(all.find((r) => r.name === 'fence')?.registers.map((r) => r.register)).toEqual([0, 32])
    expect(all.filter((r) => r.ecall !== undefined).map((r) => r.ecall)).toEqual(trace.ecalls)
    expect(all.find((r) => r.ecall?.number === 63)?.memory).toMatchObject([
      { kind: 'write', addr: 0x20000, offset: 1, count: 3 },
      { kind: 'write', addr: 0x20004, offset: 0, count: 4 },
    ])
    expect(all.find((r) => r.ecall?.number === 64)?.memory[0]).toMatchObject({ kind: 'read', addr: 0x20000 })
    expect(all.filter((r) => r.halt !== undefined)).toEqual([all.at(-1)])
    expect(all.at(-1)).toMatchObject({ name: 'ecall', halt })
  })

  it('show what audited calls read, and then what they write', () => {
    const [row, other] = all.filter((r) => r.audited !== undefined)
    expect(trace.audited.map((e) => e.clk)).toEqual([row.clk, other.clk])
    expect(row).toMatchObject({ name: 'ecall', audited: { nextPc: row.pc + 4 } })
    expect(row.ecall).toBeUndefined()
    const ts = 4 * row.clk
    expect(row.registers).toMatchObject([
      { kind: 'read', register: 10, ts: ts + 1, after: 0 },
      { kind: 'read', register: 17, ts: ts + 1, after: 1000 },
      { kind: 'read', register: CHARGED, ts: ts + 1, after: 0 },
      { kind: 'write', register: 10, ts: ts + 2, prev: ts + 1, before: 0, after: 9 },
      { kind: 'write', register: CHARGED, ts: ts + 2, prev: ts + 1, before: 0, after: 5 },
    ])
    // Reads [0x20029, 0x20032) and writes [0x2002b, 0x20034), of which the last byte is hidden.
    expect(row.memory).toMatchObject([
      { kind: 'read', addr: 0x20028, offset: 1, count: 3, ts: ts + 1, prev: 0, before: 0 },
      { kind: 'read', addr: 0x2002c, offset: 0, count: 4, ts: ts + 1 },
      { kind: 'read', addr: 0x20030, offset: 0, count: 2, ts: ts + 1 },
      { kind: 'write', addr: 0x20028, offset: 3, count: 1, ts: ts + 2, prev: ts + 1, after: 200 * 2 ** 24 },
      { kind: 'write', addr: 0x2002c, offset: 0, count: 4, ts: ts + 2, prev: ts + 1, after: 0xcccbcac9 },
      { kind: 'write', addr: 0x20030, offset: 0, count: 4, ts: ts + 2, prev: ts + 1, after: 0xd0cfcecd },
    ])
    expect(find(reader, { addr: 0x20030 }, { before: other.clk }).lastWrite).toMatchObject({ clk: row.clk })
    expect(find(reader, { reg: CHARGED }).lastWrite).toMatchObject({ clk: other.clk, before: 5, after: 10 })
  })

  it('end with the trace and refuse nonsense', () => {
    expect([...rows(reader, trace.cycles, 10)]).toHaveLength(1)
    expect([...rows(reader, trace.cycles + 1, 10)]).toHaveLength(0)
    expect([...rows(reader, 1, 0)]).toHaveLength(0)
    for (const [from, count] of [
      [0, 1],
      [1.5, 1],
      [1, -1],
      [NaN, 1],
      [1, NaN],
    ])
      expect(() => [...rows(reader, from, count)]).toThrow(RangeError)
  })
})

describe('find', () => {
  const cycles = [1, 2, 10, 33, 34, 64, 65, 100, trace.cycles, trace.cycles + 1, 10 ** 9]

  it('agrees with reading every row, for words', () => {
    for (const addr of [0, 4, 0x10000, ...trace.memory.addr])
      for (const before of cycles)
        expect({ addr, before, ...find(reader, { addr: addr + 1 }, { before }) }).toEqual({
          addr,
          before,
          ...bruteForce((row) => row.memory.filter((m) => m.addr === addr), before),
        })
  })

  it('agrees with reading every row, for registers', () => {
    for (let reg = 0; reg < REGISTER_SLOTS; reg++)
      for (const before of cycles)
        expect({ reg, before, ...find(reader, { reg }, { before }) }).toEqual({
          reg,
          before,
          ...bruteForce((row) => row.registers.filter((r) => r.register === reg), before),
        })
  })

  it('agrees on a file that was cut', () => {
    const half = open(bytes.subarray(0, bytes.length - 3000))
    expect(half.complete).toBe(false)
    for (let reg = 0; reg < REGISTER_SLOTS; reg++)
      expect(find(half, { reg })).toEqual(find(reader, { reg }, { before: half.cycles + 1 }))
    for (const addr of trace.memory.addr)
      expect(find(half, { addr })).toEqual(find(reader, { addr }, { before: half.cycles + 1 }))
  })

  it('reads no more chunks than it needs', () => {
    const long = busy(14_000)
    const sink = memorySink()
    traceToSink(long, host(), sink)
    const whole = open(sink.bytes())
    const reads: number[] = []
    const counting = { ...whole, chunk: (i: number) => (reads.push(i), whole.chunk(i)) }
    const at = find(counting, { addr: 0x20010 }, { before: 140_000 })
    expect(new Set(reads)).toEqual(new Set([2, 1, 0]))
    expect(at.lastWrite?.name).toBe('ecall')
    reads.length = 0
    expect(find(counting, { reg: 33 })).toMatchObject({
      lastAccess: { kind: 'read' },
      lastWrite: { after: 5 },
    })
    expect(new Set(reads)).toEqual(new Set([2, 0]))
    reads.length = 0
    expect(find(counting, { addr: 0x3000 })).toEqual({ lastAccess: undefined, lastWrite: undefined })
    expect(find(counting, { addr: 0x20014 }).lastAccess?.clk).toBeLessThan(20)
    expect(new Set(reads)).toEqual(new Set([0]))
  })

  it('refuses what is no word, register or cycle', () => {
    for (const addr of [-1, 2 ** 30, 0.5, NaN]) expect(() => find(reader, { addr })).toThrow(RangeError)
    for (const reg of [-1, REGISTER_SLOTS, 0.5, NaN]) expect(() => find(reader, { reg })).toThrow(RangeError)
    for (const before of [0, -1, 0.5, NaN])
      expect(() => find(reader, { reg: 1 }, { before })).toThrow(RangeError)
  })

  it('comes to an end on any forged trace', () => {
    let seed = sha256(Uint8Array.of(7))
    for (let n = 0; n < 40; n++) {
      const forgery = forged(bytes, (parts) => {
        for (const p of parts.slice(0, n % 2 === 0 ? -1 : undefined))
          for (let i = 0; i + 4 <= p.payload.length; i += 4 * (1 + (n % 7))) {
            if (i % 1024 === 0) seed = sha256(seed)
            p.payload.set(seed.subarray(i % 28, (i % 28) + 1 + (n % 4)), i)
          }
      })
      codeOf(() => {
        const hostile = open(forgery)
        info(hostile)
        for (const reg of [0, 5, 8, 10, 33]) find(hostile, { reg })
        for (const addr of [0, 0x20000, 0x20020]) find(hostile, { addr })
        for (const row of rows(hostile, 1, 1000))
          expect(row.registers.length).toBeLessThan(9 + 2 * REGISTER_SLOTS)
      })
    }
  })
})

describe('info', () => {
  it('is what the file says', () => {
    expect(JSON.parse(JSON.stringify(info(reader)))).toMatchObject({
      version: 2,
      bytes: bytes.length,
      chunkRows: 32,
      chunks: Math.ceil(trace.cycles / 32),
      cycles: trace.cycles,
      ecalls: 3,
      copiedWords: 7,
      audited: 2,
      effects: trace.audited.reduce((n, e) => n + e.effects.length / 5, 0),
      complete: true,
      lostBytes: 0,
      touchedWords: trace.memory.addr.length,
      halt: { kind: 'exit', code: 9 },
    })
    expect(info(open(bytes.subarray(0, -1)))).not.toHaveProperty('halt')
  })

  it('registerName names every slot', () => {
    expect([0, 31, 32, 33, 34, 35].map(registerName)).toEqual([
      'x0',
      'x31',
      'sink',
      'public-cursor',
      'journal-cursor',
      'charged-cycles',
    ])
  })
})
