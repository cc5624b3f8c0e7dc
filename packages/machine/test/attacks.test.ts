import { describe, expect, it } from 'vitest'
import { busBalance, checkRows } from '../../stark/src/air/check.ts'
import type { FilledChip } from '../../stark/src/air/check.ts'
import { INITIAL_SP } from '@vouch/engine'
import { listPublicTerms } from '../src/index.ts'
import { exit, fillProgram, load, problem, program, valueAt } from './harness.ts'
import type { Filled, Line } from './harness.ts'
import { HOST_INPUT, hostCalls, longLoop, memoryAccesses } from './programs.ts'

const P = 2 ** 31 - 1

const chipOf = (f: Filled, name: string): FilledChip => f.chips.find((c) => c.chip.name === name)!

/** Writes cells of one row; values may be negative. */
function poke(c: FilledChip, row: number, cells: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(cells)) {
    const j = c.chip.columns.indexOf(name)
    if (j < 0) throw new RangeError(`${c.chip.name} has no ${name}`)
    c.columns.main[j]![row] = ((value % P) + P) % P
  }
}
const peek = (c: FilledChip, name: string, row: number): number =>
  c.columns.main[c.chip.columns.indexOf(name)]![row]!

/** The look-ups that a row makes outside their table. */
function badLookUps(c: FilledChip, row: number, publics: readonly number[]): string[] {
  return c.chip.messages
    .filter((m) => {
      if (m.sign === 1 || valueAt(m.multiplicity, c.columns, row, publics) === 0) return false
      const [v, x, y, z] = m.tuple.map((e) => valueAt(e, c.columns, row, publics))
      if (m.bus.name === 'Range16') return v! >= 65536
      if (m.bus.name === 'Range15') return v! >= 32768
      if (m.bus.name === 'Bitwise') return !(x! < 256 && y! < 256 && z === [0, x! & y!, x! | y!, x! ^ y!][v!])
      return false
    })
    .map((m) => m.name)
}

/** Constraints of the row that fail, by name, and look-ups that miss. */
function refusals(f: Filled, chip: string, row = 0): string[] {
  const c = chipOf(f, chip)
  return [
    ...c.chip.constraints.filter((k) => valueAt(k.expr, c.columns, row, f.publics) !== 0).map((k) => k.name),
    ...badLookUps(c, row, f.publics),
  ]
}

const unbalanced = (f: Filled): string[] => [
  ...new Set(
    busBalance(
      f.chips,
      listPublicTerms(f.statement, { entry: f.entry, sp: INITIAL_SP }),
      f.publics,
      1000,
    ).map((i) => i.bus),
  ),
]

const one = (line: Line, b: number, c: number): Filled =>
  fillProgram(program([...load(5, b), ...load(6, c), line, ...exit()]))
const registers = { rd: 7, rs1: 5, rs2: 6 }

describe('rows that only one check refuses', () => {
  it('MULH with a carry of 2^23 that 256 wraps away', () => {
    const f = one(['mulhu', registers], 0x12345678, 0x00f70577)
    const c = chipOf(f, 'mulh')
    const at = (n: string): number => peek(c, n, 0)
    poke(c, 0, {
      r1: at('r1') - 1,
      s1: at('s1') + 2 ** 23,
      lo0: at('lo0') - 256,
      k1: at('k1') + 128,
      h0: at('h0') + 128,
      a0: at('a0') + 128,
    })
    expect(refusals(f, 'mulh')).toEqual(['s1 is a limb'])
  })

  it('DIVU 5 / 255 = 0x8080807f', () => {
    const f = one(['divu', registers], 5, 255)
    const [q0, q1] = [0x807f, 0x8080]
    poke(chipOf(f, 'div'), 0, {
      q0,
      q1,
      v0: q0,
      v1: q1,
      a0: q0,
      a1: q1,
      t1: 1,
      s1: -(2 ** 23),
      k0: 128,
      k0Top: 0,
      r0: 132,
      borrow: 1,
    })
    expect(refusals(f, 'div')).toEqual(['s1 is a limb'])
  })

  it('register slots counted from 1, so that x0 has no start', () => {
    const f = fillProgram(program(exit()))
    const c = chipOf(f, 'registers')
    const index = c.columns.main[c.chip.columns.indexOf('index')]!
    for (let i = 0; i < index.length; i++) index[i]! += 1
    expect(checkRows(c.chip, c.columns)?.constraint).toBe('indices start at 0')
    index.forEach((v, i) => (index[i] = v - 1))
    expect(checkRows(c.chip, c.columns)).toBeUndefined()
  })
})

describe('attacks on single instructions', () => {
  it('ADD whose sum is 2^32 too large', () => {
    const f = one(['add', registers], 0xffffffff, 2)
    poke(chipOf(f, 'add'), 0, { a1: 0x10000 })
    expect(refusals(f, 'add')).toEqual(['a1 is a limb'])
  })
  it('a shift of 0 read as p', () => {
    const f = one(['slli', { rd: 7, rs1: 5, imm: 4 }], 0, 0)
    poke(chipOf(f, 'shift-left-imm'), 0, { h0: 0x7fff, u0: 0x7fff, a0: 0xfffe, a1: 0x7fff })
    expect(refusals(f, 'shift-left-imm')).toEqual(['b0 splits'])
  })
  it('a left shift that a sign makes pass for SRL', () => {
    const f = one(['srl', registers], 0x80000000, 4)
    const c = chipOf(f, 'shift-reg')
    poke(c, 0, { right0: 0, left0: 1, arithmetic: 1, sign: 1, by: 16, h1: 8, u1: 0, a1: 0 })
    expect(refusals(f, 'shift-reg')).toEqual([])
    expect(unbalanced(f)).toContain('Rom')
  })
  it('a load whose base is 2^31 above: 2^31 + 0x2001 is 0x2002 mod p', () => {
    const f = fillProgram(
      program([...load(5, 0x2000), ['lbu', { rd: 7, rs1: 5, imm: 2 }], ...exit()], { 0x2000: 7 << 16 }),
    )
    poke(chipOf(f, 'load-narrow'), 0, { b0: 0x2001 - 2, b1: 0x8000, wrap: 0 })
    expect(refusals(f, 'load-narrow')).toContain('base does not alias')
    poke(chipOf(f, 'load-narrow'), 0, { wrap: 1 })
    expect(refusals(f, 'load-narrow')).toContain('base does not alias')
  })
  it('a byte from another lane', () => {
    const f = fillProgram(memoryAccesses())
    const c = chipOf(f, 'load-narrow')
    poke(c, 0, { lo: 1, v: peek(c, 'y1', 0), signB: 0 })
    expect(refusals(f, 'load-narrow')).toEqual([])
    expect(unbalanced(f)).toContain('Mem')
  })
  it('DIV by zero with a quotient of its own', () => {
    const f = one(['divu', registers], 9, 0)
    poke(chipOf(f, 'div'), 0, { q0: 1, v0: 1, a0: 1 })
    expect(refusals(f, 'div')).toEqual(['low limb of x / 0'])
  })
  it('DIVU whose remainder is not below the divisor', () => {
    const f = one(['divu', registers], 9, 4)
    poke(chipOf(f, 'div'), 0, { q0: 1, v0: 1, a0: 1, r0: 5, borrow: 0 })
    expect(refusals(f, 'div')).toEqual(['high limb of r - c'])
  })
  it('BEQ that takes its branch on different values', () => {
    const f = one(['beq', { rs1: 5, rs2: 6, imm: 4 }], 1, 0)
    poke(chipOf(f, 'branch-eq'), 0, { eq: 1, w: 0 })
    expect(refusals(f, 'branch-eq')).toEqual(['equal means no distance'])
  })
})

describe('attacks on the host calls', () => {
  const honest = (): Filled => fillProgram(hostCalls(), HOST_INPUT)
  const rowWhere = (c: FilledChip, test: (row: number) => boolean): number => {
    for (let r = 0; r < c.columns.main[0]!.length; r++) if (test(r)) return r
    throw new RangeError('no such row')
  }

  it('a padding row that swallows a copy job', () => {
    const f = honest()
    const c = chipOf(f, 'copy')
    const end = c.columns.main[0]!.length - 1
    poke(c, end, { last: 1 })
    expect(refusals(f, 'copy', end)).toEqual(['last only if enabled'])
  })
  it('a padding row that forges a copy job', () => {
    const f = honest()
    const c = chipOf(f, 'ecall')
    const end = c.columns.main[0]!.length - 1
    poke(c, end, { copies: 1, p0: 0x2000 })
    expect(refusals(f, 'ecall', end)).toEqual(['only streams copy'])
  })
  it('a public read that stops early', () => {
    const f = honest()
    const c = chipOf(f, 'ecall')
    const row = rowWhere(c, (r) => peek(c, 'publicRead', r) === 1 && peek(c, 'r0', r) === 5)
    poke(c, row, { r0: 4, g0: 1, short: 1 })
    expect(refusals(f, 'ecall', row)).toEqual(['public input is short only at its end'])
  })
  it('a count of p + 1 for one byte copied', () => {
    const f = honest()
    const c = chipOf(f, 'ecall')
    const row = rowWhere(c, (r) => peek(c, 'privateRead', r) === 1 && peek(c, 'r0', r) === 1)
    poke(c, row, { r0: 0, r1: 0x8000, l0: 0, l1: 0x8000 })
    expect(refusals(f, 'ecall', row)).toEqual(['r is below 2^30'])
  })
  it('a buffer at p + a', () => {
    const f = honest()
    const c = chipOf(f, 'ecall')
    const row = rowWhere(c, (r) => peek(c, 'copies', r) === 1)
    poke(c, row, { p0: peek(c, 'p0', row) - 1, p1: 0x8000 })
    expect(refusals(f, 'ecall', row)).toContain('pointer is below 2^30')
  })
  it('a journal byte that memory does not hold', () => {
    const f = honest()
    const c = chipOf(f, 'copy')
    const row = rowWhere(c, (r) => peek(c, 'journal', r) === 1)
    poke(c, row, { n0: 99 })
    expect(refusals(f, 'copy', row)).toEqual(['byte 0 changes only by a read'])
  })
  it.each([
    [
      'a journal byte',
      (f: Filled) => ({ ...f.statement, journal: f.statement.journal.map((b, i) => (i === 3 ? b ^ 1 : b)) }),
    ],
    ['a journal too short', (f: Filled) => ({ ...f.statement, journal: f.statement.journal.slice(1) })],
    [
      'a byte of the public input',
      (f: Filled) => ({ ...f.statement, publicInput: f.statement.publicInput.map((b) => b ^ 1) }),
    ],
    ['fewer bytes read', (f: Filled) => ({ ...f.statement, publicConsumed: 9 })],
    ['an exit code', (f: Filled) => ({ ...f.statement, exitCode: 0 })],
    ['a cycle more', (f: Filled) => ({ ...f.statement, cycles: f.statement.cycles + 1 })],
    ['an ebreak', (f: Filled) => ({ ...f.statement, halt: 'ebreak' as const })],
  ])('a statement that differs in %s', (_, change) => {
    const f = honest()
    expect(unbalanced(f)).toEqual([])
    expect(unbalanced({ ...f, statement: change(f) })).not.toEqual([])
  })
})

describe('attacks on the boundaries', () => {
  const without = (f: Filled, name: string): Filled => ({
    ...f,
    chips: f.chips.filter((c) => c.chip.name !== name),
  })

  it('a chip left out', () => {
    const f = fillProgram(memoryAccesses())
    for (const { chip } of f.chips) expect(unbalanced(without(f, chip.name))).not.toEqual([])
  })
  it('the image left out, with nothing of it in the memory chip', () => {
    const f = fillProgram(program(exit(), { 0x2000: 1 }))
    expect(problem(f)).toBeUndefined()
    expect(
      unbalanced({ ...f, chips: f.chips.filter((c) => !['image', 'memory'].includes(c.chip.name)) }),
    ).toContain('Present')
  })
  it('a word of the image that a padding row swallows', () => {
    const f = fillProgram(program(exit(), { 0x2000: 1 }))
    poke(chipOf(f, 'memory'), 0, { en: 0 })
    expect(refusals(f, 'memory')).toEqual(['kind only if enabled'])
  })
  it('a word that appears twice', () => {
    const f = fillProgram(program(exit(), { 0x2000: 1, 0x2004: 2 }))
    const c = chipOf(f, 'memory')
    poke(c, 1, { e0: peek(c, 'e0', 0), d0: 0 })
    expect(refusals(f, 'memory', 1)).toEqual(['words ascend by the step'])
    poke(c, 1, { d0: -1 })
    expect(refusals(f, 'memory', 1)).toEqual(['d0 is a limb'])
  })
  it('a gap that goes back in time', () => {
    const f = fillProgram(longLoop())
    const c = chipOf(f, 'gap')
    poke(c, 0, { t0: 0, t1: 0, d0: 0, d1: 0 })
    const from = peek(c, 'from', 0)
    const step = P - from - 1
    poke(c, 0, { d0: step & 0xffff, d1: step >>> 16 })
    expect(refusals(f, 'gap')).toEqual(['step is below 2^29'])
  })
  it('a run that goes on after its halt, or ends before', () => {
    const f = fillProgram(program([['addi', { rd: 5, rs1: 0, imm: 1 }], ...exit()]))
    const c = chipOf(f, 'halt')
    poke(c, 0, { exit: 0 })
    expect(unbalanced(f)).toEqual(expect.arrayContaining(['State', 'Halt']))
  })
})
