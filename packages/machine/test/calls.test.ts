import { describe, expect, it } from 'vitest'
import { INITIAL_SP, effectRows } from '@vouch/engine'
import type { AuditedCall } from '@vouch/engine'
import { busBalance } from '../../stark/src/air/check.ts'
import { listPublicTerms, publicTermCount } from '../src/index.ts'
import type { TinyCall } from './tiny-machine.ts'
import { fillProgram, problem, valueAt } from './harness.ts'
import type { Filled } from './harness.ts'
import { chipOf, missedLookUps, peek, poke } from './kill-check.ts'
import { AUDITED_CALLS, auditedCalls, HOST_INPUT, hostCalls } from './programs.ts'

const audited = (): Filled => fillProgram(auditedCalls(), { ...HOST_INPUT, calls: AUDITED_CALLS })
const direct = (): Filled => fillProgram(hostCalls(), { ...HOST_INPUT, calls: {} })

/** Buses that do not balance against another log. */
const openBuses = (f: Filled, calls: readonly TinyCall[], publics = f.publics): string[] => {
  const terms = listPublicTerms(f.statement, { entry: f.entry, sp: INITIAL_SP }, calls)
  return [...new Set(busBalance(f.chips, terms, publics, 1000).map((i) => i.bus))].sort()
}

/** The log with one call changed. */
const changed = (f: Filled, i: number, change: (call: TinyCall) => TinyCall): TinyCall[] =>
  f.calls.map((call, j) => (j === i ? change(call) : call))

const withCall =
  (change: (call: AuditedCall) => Partial<AuditedCall>) =>
  (logged: TinyCall): TinyCall => {
    if (logged.kind !== 'audited' || logged.call === undefined) return logged
    const call = { ...logged.call, ...change(logged.call) }
    return { ...logged, nextPc: call.nextPc, effects: effectRows(call) }
  }

describe('calls with an audit log', () => {
  it('audited calls balance against the log', () => {
    const f = audited()
    expect(f.publics).toEqual([10, 1])
    expect(f.calls.map((c) => c.kind)).toEqual(['audited', 'audited', 'direct', 'audited', 'direct', 'exit'])
    expect(problem(f)).toBeUndefined()
  })
  it('so do direct ones that are logged', () => {
    expect(problem(direct())).toBeUndefined()
  })
  it('terms are counted as they are listed', () => {
    const f = audited()
    const terms = listPublicTerms(f.statement, { entry: f.entry, sp: INITIAL_SP }, f.calls)
    expect(publicTermCount(f.statement, f.calls)).toBe(terms.length)
  })
})

describe('another log than the run has', () => {
  it('no log, where calls are audited', () => {
    expect(openBuses(audited(), [], [10, 0])).toEqual(['Call', 'Effect', 'EffectBytes', 'EffectHidden'])
  })
  it('a log, where the statement has none', () => {
    const f = fillProgram(hostCalls(), HOST_INPUT)
    expect(openBuses(f, direct().calls)).toEqual(['Call', 'Effect'])
  })

  const f = audited()
  const cases: [string, number, (call: TinyCall) => TinyCall, readonly string[]][] = [
    [
      'another cycle',
      0,
      (c) => ({ ...c, clk: c.clk + 1 }),
      ['Call', 'Effect', 'EffectBytes', 'EffectHidden'],
    ],
    ['another pc', 0, (c) => ({ ...c, pc: c.pc + 4 }), ['Call']],
    ['another next pc', 0, withCall((c) => ({ nextPc: c.nextPc + 4 })), ['Call']],
    [
      'a register read that was not',
      0,
      withCall((c) => ({ registersRead: [...c.registersRead, [5, 0]] })),
      ['Effect'],
    ],
    [
      'a register read left out',
      0,
      withCall((c) => ({ registersRead: c.registersRead.slice(1) })),
      ['Effect'],
    ],
    [
      'another value read',
      0,
      withCall((c) => ({
        registersRead: c.registersRead.map(([s, v]) => [s, s === 10 ? v + 1 : v] as const),
      })),
      ['Effect'],
    ],
    [
      'another result',
      0,
      withCall((c) => ({
        registersWritten: c.registersWritten.map(([s, v]) => [s, s === 10 ? v + 1 : v] as const),
      })),
      ['Effect'],
    ],
    [
      'a register write left out',
      0,
      withCall((c) => ({ registersWritten: c.registersWritten.slice(1) })),
      ['Effect'],
    ],
    [
      'a write told as a read',
      0,
      withCall((c) => ({
        registersRead: [...c.registersRead, [13, 77]],
        registersWritten: c.registersWritten.filter(([s]) => s !== 13),
      })),
      ['Effect'],
    ],
    [
      'another byte read',
      0,
      withCall((c) => ({
        memoryRead: c.memoryRead.map((r, i) => (i === 0 ? { ...r, bytes: r.bytes.map((b) => b ^ 1) } : r)),
      })),
      ['Effect', 'EffectBytes'],
    ],
    [
      'one byte fewer read',
      0,
      withCall((c) => ({
        memoryRead: c.memoryRead.map((r, i) => (i === 0 ? { ...r, bytes: r.bytes.subarray(0, 8) } : r)),
      })),
      ['EffectBytes'],
    ],
    [
      'a read left out',
      0,
      withCall((c) => ({ memoryRead: c.memoryRead.slice(1) })),
      ['Effect', 'EffectBytes'],
    ],
    [
      'another byte written',
      0,
      withCall((c) => ({ pages: c.pages.map((p) => ({ ...p, bytes: p.bytes.map((b) => b ^ 2) })) })),
      ['Effect', 'EffectBytes'],
    ],
    [
      'a write elsewhere',
      0,
      withCall((c) => ({ pages: c.pages.map((p) => ({ ...p, index: p.index + 1 })) })),
      ['Effect', 'EffectBytes'],
    ],
    ['a page left out', 0, withCall((c) => ({ pages: c.pages.slice(0, 1) })), ['Effect']],
    [
      'hidden bytes told to be shown',
      0,
      withCall((c) => ({ pages: c.pages.map((p) => ({ ...p, hidden: [] })) })),
      ['Effect', 'EffectBytes', 'EffectHidden'],
    ],
    [
      'shown bytes told to be hidden',
      0,
      withCall((c) => ({ pages: c.pages.map((p) => ({ ...p, hidden: p.written })) })),
      ['Effect', 'EffectBytes', 'EffectHidden'],
    ],
    ['another direct result', 2, (c) => ({ ...c, result: 4 }) as TinyCall, ['Effect']],
    ['another descriptor', 2, (c) => ({ ...c, a0: 4 }) as TinyCall, ['Effect']],
    ['another pointer', 2, (c) => ({ ...c, a1: 0x2103 }) as TinyCall, ['Effect']],
    ['another length', 2, (c) => ({ ...c, a2: 6 }) as TinyCall, ['Effect']],
    ['another number', 2, (c) => ({ ...c, number: 64 }) as TinyCall, ['Effect']],
    ['another exit code', 5, (c) => ({ ...c, code: 4 }) as TinyCall, ['Effect']],
    ['another exit call', 5, (c) => ({ ...c, number: 94 }) as TinyCall, ['Effect']],
    [
      'a direct call told as an exit',
      2,
      (c) => ({ kind: 'exit', clk: c.clk, pc: c.pc, number: 63, code: 0 }),
      ['Call', 'Effect'],
    ],
  ]
  it.each(cases)('%s', (_, i, change, buses) => {
    expect(openBuses(f, changed(f, i, change))).toEqual(buses)
  })
  it('calls left out, twice, exchanged', () => {
    f.calls.forEach((_, i) => {
      expect(openBuses(f, f.calls.toSpliced(i, 1)), `without ${i}`).toContain('Call')
      expect(openBuses(f, f.calls.toSpliced(i, 0, f.calls[i])), `${i} twice`).toContain('Call')
    })
    const swapped = f.calls.map((c, i) => ({ ...(f.calls[i ^ 1] ?? c), clk: c.clk }))
    expect(openBuses(f, swapped as TinyCall[])).toContain('Call')
  })
})

describe('effects that the log does not tell', () => {
  const rowOf = (f: Filled, chip: string, cells: Readonly<Record<string, number>>): number => {
    const c = chipOf(f, chip)
    const height = c.columns.main[0].length
    for (let r = 0; r < height; r++)
      if (Object.entries(cells).every(([name, value]) => peek(c, name, r) === value)) return r
    throw new RangeError('no such row')
  }
  const failing = (f: Filled, chip: string, row: number): string[] => {
    const c = chipOf(f, chip)
    return c.chip.constraints
      .filter((k) => valueAt(k.expr, c.columns, row, f.publics) !== 0)
      .map((k) => k.name)
  }

  it('a read that changes what it reads', () => {
    const f = audited()
    const row = rowOf(f, 'effect', { space: 1, write: 0, addr: 10 })
    const c = chipOf(f, 'effect')
    poke(c, row, { b0: peek(c, 'b0', row) + 1 })
    expect(failing(f, 'effect', row)).toEqual(['a read keeps the low limb'])
  })
  it('a hidden write that reaches a byte beside it', () => {
    const f = audited()
    const row = rowOf(f, 'effect-bytes', { m0: 1, m1: 1, m2: 0, s0: 0 })
    poke(chipOf(f, 'effect-bytes'), row, { n2: 99 })
    expect(failing(f, 'effect-bytes', row)).toEqual(['byte 2 keeps'])
  })
  it('a hidden word that is no word', () => {
    const f = audited()
    const row = rowOf(f, 'effect-hidden', { en: 1 })
    poke(chipOf(f, 'effect-hidden'), row, { a0: 65536 })
    expect(failing(f, 'effect-hidden', row)).toEqual([])
    const { chip, columns } = chipOf(f, 'effect-hidden')
    expect(missedLookUps(chip, columns, f.publics)).toEqual(['a0 is a limb'])
  })
  it('a byte of 256, which would carry into the one above', () => {
    const f = audited()
    const row = rowOf(f, 'effect-bytes', { m0: 1, m1: 1, m2: 0, s0: 1 })
    const c = chipOf(f, 'effect-bytes')
    poke(c, row, { n0: peek(c, 'n0', row) + 256, n1: peek(c, 'n1', row) - 1 })
    expect(failing(f, 'effect-bytes', row)).toEqual([])
    expect(problem(f)).toMatch(/^Bitwise\(/)
  })
  it('one more effect, on a padding row', () => {
    const f = audited()
    const c = chipOf(f, 'effect')
    const end = c.columns.main[0].length - 1
    expect(peek(c, 'en', end)).toBe(0)
    poke(c, end, { en: 1, ts: 4, space: 1, write: 1, addr: 9, a0: 1 })
    expect(failing(f, 'effect', end)).toEqual([])
    expect(openBuses(f, f.calls)).toContain('Effect')
  })
  it('a stream call past the end of RAM', () => {
    const f = fillProgram(hostCalls(), HOST_INPUT)
    const c = chipOf(f, 'ecall')
    const row = rowOf(f, 'ecall', { console2: 1 })
    // 0x3fffffff + 2 bytes: 2^30 + 1
    poke(c, row, { l0: 2, r0: 2, e0: 0xffff, e1: 0x7fff + 0x8000 })
    expect(failing(f, 'ecall', row)).toEqual(['the buffer ends in RAM'])
    poke(c, row, { some: 0 })
    expect(failing(f, 'ecall', row)).toEqual(['without some, len is 0'])
  })
})
