import { describe, expect, it } from 'vitest'
import { busBalance, checkRows } from '../../stark/src/air/check.ts'
import type { FilledChip, RowColumns } from '../../stark/src/air/check.ts'
import type { Chip } from '../../stark/src/air/chip.ts'
import { INITIAL_SP } from '@vouch/engine'
import { listPublicTerms, riscvAir } from '../src/index.ts'
import type { Run } from '../src/run.ts'
import { exit, fillProgram, load, problem, program, valueAt } from './harness.ts'
import type { Filled } from './harness.ts'
import { chipOf, cloneColumns, exchange, P, peek, poke } from './kill-check.ts'
import { one, registers } from './kill-rows.ts'
import { HOST_INPUT, hostCalls, longLoop, memoryAccesses } from './programs.ts'
import type { TinyProgram } from './tiny-machine.ts'

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

describe('attacks on single instructions', () => {
  it('ADD whose sum is 2^32 too large', () => {
    const f = one(['add', registers], 0xffffffff, 2)
    poke(chipOf(f, 'add'), 0, { a1: 0x10000 })
    expect(refusals(f, 'add')).toEqual(['a1 is a limb'])
  })
  it('a shift of 0 read as p', () => {
    const f = one(['slli', { rd: 7, rs1: 5, imm: 4 }], 0, 0)
    poke(chipOf(f, 'shift-left-imm'), 0, { h0: 0x7fff, u0: 0x7fff })
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
    poke(c, 0, { lo: 1, a0: peek(c, 'y1', 0), sign: 0 })
    expect(refusals(f, 'load-narrow')).toEqual([])
    expect(unbalanced(f)).toContain('Mem')
  })
  it('DIV by zero with a quotient of its own', () => {
    const f = one(['divu', registers], 9, 0)
    poke(chipOf(f, 'div'), 0, { q0: 1, v0: 0xff01, a0: 0xff01 })
    expect(refusals(f, 'div')).toEqual(['low limb of x / 0'])
  })
  it('DIVU whose remainder is not below the divisor', () => {
    const f = one(['divu', registers], 9, 4)
    poke(chipOf(f, 'div'), 0, { q0: 1, v0: 1, a0: 1, r0: 5, borrow: 0 })
    expect(refusals(f, 'div')).toEqual(['high limb of r - c'])
  })
  it('BEQ that takes its branch on different values', () => {
    const f = one(['beq', { rs1: 5, rs2: 6, imm: 8 }], 1, 0)
    const c = chipOf(f, 'branch-eq')
    poke(c, 0, { next: peek(c, 'tEq', 0), w: 0 })
    expect(refusals(f, 'branch-eq')).toEqual(['different words go to tNe'])
  })
  it('BEQ that goes on with equal values', () => {
    const f = one(['beq', { rs1: 5, rs2: 6, imm: 8 }], 7, 7)
    const c = chipOf(f, 'branch-eq')
    poke(c, 0, { next: peek(c, 'tNe', 0) })
    expect(refusals(f, 'branch-eq')).toEqual(['equal words go to tEq'])
  })
  it('BLT that goes both ways', () => {
    const f = one(['blt', { rs1: 5, rs2: 6, imm: 4 }], 1, 2)
    poke(chipOf(f, 'branch-lt'), 0, { ge: 1 })
    expect(refusals(f, 'branch-lt')).toEqual(['one way'])
  })
  it('ADDI with a carry of its own', () => {
    const f = one(['addi', { rd: 7, rs1: 5, imm: -1 }], 0x20000, 0)
    const c = chipOf(f, 'addi')
    const row = c.columns.main[0].findIndex((_, r) => peek(c, 'rd', r) === 7)
    expect([peek(c, 'a0', row), peek(c, 'a1', row)]).toEqual([0xffff, 1])
    poke(c, row, { a0: -1, a1: 2 })
    expect(refusals(f, 'addi', row)).toEqual(['a0 is a limb'])
    poke(c, row, { a0: 0xffff, a1: 2 })
    expect(refusals(f, 'addi', row)).toEqual(['high limb of b + i'])
  })
  it('SRAI whose sign another split takes away', () => {
    const f = one(['srai', { rd: 7, rs1: 5, imm: 4 }], 0x80000000, 0)
    const c = chipOf(f, 'shift-right-imm')
    expect(peek(c, 'h1', 0)).toBe(P - 0x800)
    poke(c, 0, { h1: 0x800 })
    expect(refusals(f, 'shift-right-imm')).toEqual(['b1 splits', 'b1 high part'])
    poke(c, 0, { sign: 0 })
    expect(refusals(f, 'shift-right-imm')).toEqual(['sign is the top bit'])
  })
})

describe('attacks on the host calls', () => {
  const honest = (): Filled => fillProgram(hostCalls(), HOST_INPUT)
  const rowWhere = (c: FilledChip, test: (row: number) => boolean): number => {
    for (let r = 0; r < c.columns.main[0]!.length; r++) if (test(r)) return r
    throw new RangeError('no such row')
  }

  it('a padding row that moves bytes', () => {
    const f = honest()
    const c = chipOf(f, 'copy')
    const end = c.columns.main[0]!.length - 1
    poke(c, end, { in0: 1 })
    expect(refusals(f, 'copy', end)).toEqual(['one run'])
  })
  it('a copy row that moves nothing', () => {
    const f = honest()
    const c = chipOf(f, 'copy')
    const row = rowWhere(c, (r) => peek(c, 'privateRead', r) === 1)
    poke(c, row, { in0: 0, in1: 0, in2: 0, in3: 0, offset: 0 })
    expect(refusals(f, 'copy', row)).toContain('one run')
  })
  it('a private read that copies more than it says', () => {
    const f = honest()
    const c = chipOf(f, 'ecall')
    const row = rowWhere(c, (r) => peek(c, 'privateRead', r) === 1 && peek(c, 'r0', r) > 0)
    poke(c, row, { r0: peek(c, 'r0', row) - 1, g0: peek(c, 'g0', row) + 1, short: 1 })
    expect(refusals(f, 'ecall', row)).toEqual([])
    expect(unbalanced(f)).toContain('Copy')
  })
  it('a copy for a call that is none', () => {
    const f = honest()
    const c = chipOf(f, 'copy')
    const row = rowWhere(c, (r) => peek(c, 'clk', r) === 0)
    poke(c, row, { privateRead: 1, in0: 1, clk: 3, addr: 0x2000 })
    expect(refusals(f, 'copy', row)).toEqual([])
    expect(unbalanced(f)).toContain('Copy')
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
    expect(refusals(f, 'ecall', row)).toEqual(['len is below 2^30'])
  })
  it('a buffer at p + a', () => {
    const f = honest()
    const c = chipOf(f, 'ecall')
    const row = rowWhere(c, (r) => peek(c, 'privateRead', r) === 1 && peek(c, 'r0', r) !== 0)
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
    const to = peek(c, 't0', 0) + 2 ** 15 * peek(c, 't1', 0)
    const from = to - 1 - 2 ** 15 * peek(c, 'step', 0)
    // From the same time to 0, by a step modulo p: 2^16 is 2^-15.
    poke(c, 0, { t0: 0, t1: 0, step: Number((2n ** 16n * BigInt(P - 1 - from)) % BigInt(P)) })
    expect(refusals(f, 'gap')).toEqual(['step is below 2^30'])
  })
  it('a run that goes on after its halt, or ends before', () => {
    const f = fillProgram(program([['addi', { rd: 5, rs1: 0, imm: 1 }], ...exit()]))
    const c = chipOf(f, 'halt')
    poke(c, 0, { exit: 0 })
    expect(unbalanced(f)).toEqual(expect.arrayContaining(['State', 'Halt']))
  })
})

describe('the tables', () => {
  const word = program(
    [...load(5, 0x2000), ['lw', { rd: 6, rs1: 5, imm: 0 }], ['xor', { rd: 7, rs1: 6, rs2: 5 }], ...exit()],
    { 0x2000: 0x12345678 },
  )
  const KINDS = ['sparse', 'dense'] as const
  const filled = (kind: (typeof KINDS)[number]): Filled =>
    fillProgram(word, {}, kind === 'dense' ? 'dense' : undefined)

  it.each(KINDS)('%s: one answer too many or too few of any kind', (kind) => {
    const f = filled(kind)
    const c = chipOf(f, `tables-${kind}`)
    const answers = {
      n16: 'Range16',
      n15: 'Range15',
      nBytes: 'Bitwise',
      nAnd: 'Bitwise',
      nOr: 'Bitwise',
      nXor: 'Bitwise',
    }
    for (const [count, bus] of Object.entries(answers))
      for (const by of [1, -1]) {
        const old = peek(c, count, 0)
        poke(c, 0, { [count]: old + by })
        expect(unbalanced(f)).toEqual([bus])
        poke(c, 0, { [count]: old })
      }
    expect(problem(f)).toBeUndefined()
  })
  it('the dense table has the 16-bit values and the bitwise operations, and nothing else', () => {
    const { chip, columns } = chipOf(filled('dense'), 'tables-dense')
    columns.main.forEach((c) => c.fill(1))
    for (let v = 0; v < 65536; v++) expectAnswers(chip, columns, v, v)
  })
  it('a row of the sparse table answers as the row of the dense table does', () => {
    const chip = riscvAir.chips.find((c) => c.name === 'tables-sparse')!
    const values = Uint32Array.from({ length: 65536 }, (_, v) => v)
    const main = chip.columns.map(() => new Uint32Array(65536))
    const counts = {
      Range16: new Uint32Array(65536).fill(1),
      Range15: new Uint32Array(32768).fill(1),
      Bitwise: new Uint32Array(4 * 65536).fill(1),
    }
    chip.fill(main, { tables: { values }, counts } as unknown as Run, 65536)
    main[chip.columns.indexOf('n15')].fill(1)
    expect(checkRows(chip as unknown as Chip<never>, { main })).toBeUndefined()
    for (let v = 0; v < 65536; v++) expectAnswers(chip as unknown as Chip<never>, { main }, v, v)
  })
  it('a row of the sparse table that answers x & y with another value', () => {
    const f = filled('sparse')
    const c = chipOf(f, 'tables-sparse')
    poke(c, 0, { and: peek(c, 'and', 0) + 1 })
    expect(refusals(f, 'tables-sparse')).toEqual(['and of the bits'])
  })
})

/** What row `row` of a table with unit counts sends: the answers for the 16-bit value v. */
function expectAnswers(chip: Chip<never>, columns: RowColumns, row: number, v: number): void {
  const x = v & 255
  const y = v >> 8
  const sent = chip.messages.map((m) => [
    m.bus.name,
    valueAt(m.multiplicity, columns, row),
    ...m.tuple.map((e) => valueAt(e, columns, row)),
  ])
  const truth = [
    ['Range16', 1, v],
    ['Range15', 1, v & 0x7fff],
    ['Bitwise', 1, 0, x, y, 0],
    ['Bitwise', 1, 1, x, y, x & y],
    ['Bitwise', 1, 2, x, y, x | y],
    ['Bitwise', 1, 3, x, y, x ^ y],
  ]
  if (sent.join(';') !== truth.join(';')) expect(sent).toEqual(truth)
}

describe('attacks on what the image binds', () => {
  const source = (change: number): TinyProgram =>
    program([...load(5, 0x2000), ['lw', { rd: 6, rs1: 5, imm: 0 }], ...exit()], {
      0x2000: 7 + change,
      0x2004: 9,
    })
  const honest = (): Filled => fillProgram(source(0))
  const alter = (f: Filled, chip: string, column: string, row: number, by: number): Filled => {
    const c = chipOf(f, chip)
    const columns = cloneColumns(c.columns)
    columns.preprocessed![c.chip.preprocessed!.columns.indexOf(column)][row] += by
    return exchange(f, { chip: c.chip, columns })
  }

  it.each(['addr', 'v0', 'v1', 'enabled'])('an image whose words differ in %s', (column) => {
    expect(problem(honest())).toBeUndefined()
    for (const row of [0, 1]) expect(unbalanced(alter(honest(), 'image', column, row, 1))).toEqual(['Image'])
  })
  it.each(['family', 'pc', 'f1', 'f2', 'f3', 'f4', 'f5', 'f6'])('a ROM row that differs in %s', (column) => {
    const f = honest()
    for (let row = 0; row < f.run.rom.count; row++)
      expect(unbalanced(alter(f, 'rom', column, row, 1))).toEqual(['Rom'])
  })
  it('a word that starts as another program has it', () => {
    const f = honest()
    poke(chipOf(f, 'memory'), 0, { i0: 8 })
    expect(refusals(f, 'memory')).toEqual([])
    expect(unbalanced(f)).toEqual(expect.arrayContaining(['Image', 'Mem']))
  })
  it('a whole run of another program', () => {
    const f = honest()
    const run = fillProgram(source(1))
    expect(problem(exchange(run, chipOf(f, 'image')))).toMatch(/^Image\(/)
  })
  it('an image that nobody takes', () => {
    const f = honest()
    poke(chipOf(f, 'memory'), 1, { kind: 0, i0: 0 })
    expect(refusals(f, 'memory', 1)).toEqual([])
    expect(unbalanced(f)).toContain('Image')
  })
})

/**
 * A lifted table is a row of periods that need not be alike, so in row 0 the previous row is anybody's: see
 * docs/SOUNDNESS.md, section 6.
 */
describe('the seam between the last row and row 0', () => {
  const random = (seed: number) => (): number => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0
    return seed % P
  }
  const valuesAtSeam = (c: Chip<never>, current: readonly number[], last: readonly number[]): number[] => {
    const columns = { main: current.map((v, j) => Uint32Array.of(v, last[j])) }
    const exprs = [
      ...c.constraints.map((k) => k.expr),
      ...c.messages.flatMap((m) => [m.multiplicity, ...m.tuple]),
    ]
    return exprs.map((e) => valueAt(e, columns, 0))
  }
  const chips = riscvAir.chips.filter((c) => c.prevColumns.length > 0) as unknown as Chip<never>[]

  it('is looked at by two chips', () => {
    expect(chips.map((c) => c.name)).toEqual(['memory', 'registers'])
  })
  it.each(chips.map((c) => [c.name, c] as const))(
    '%s: says the same whatever comes before row 0',
    (_, chip) => {
      const next = random(7)
      const lastRow = (): number[] => chip.columns.map(next)
      for (let i = 0; i < 50; i++) {
        const current = chip.columns.map(next)
        expect(valuesAtSeam(chip, current, lastRow())).toEqual(valuesAtSeam(chip, current, lastRow()))
      }
    },
  )
  it('registers: the index of the last row is 63 in every period, by the rows of that period', () => {
    const f = fillProgram(program(exit()))
    const c = chipOf(f, 'registers')
    expect(peek(c, 'index', 63)).toBe(63)
    poke(c, 63, { index: 62 })
    expect(refusals(f, 'registers', 63)).toEqual(['indices ascend by 1'])
  })
})
