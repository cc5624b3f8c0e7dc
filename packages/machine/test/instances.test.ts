import { describe, expect, it } from 'vitest'
import type { FilledChip } from '../../stark/src/air/check.ts'
import { LEAST_SAVING, cutRows, logHeightFor, riscvAir, riscvChips } from '../src/index.ts'
import { gapChip } from '../src/gap.ts'
import { familySource, gapSource, instances } from '../src/instances.ts'
import type { Run } from '../src/run.ts'
import { fillProgram, load, exit, problem, program } from './harness.ts'
import { chipNamed, chipOf, peek, poke } from './kill-check.ts'
import { longLoop } from './programs.ts'

const heightOf = (rows: number): number => (rows === 0 ? 0 : 2 ** logHeightFor(rows))
const cells = (tables: readonly number[], columns: number): number =>
  tables.reduce((sum, rows) => sum + columns * heightOf(rows), 0)

/** The fewest cells of one to three tables of any heights, with `saving` for each beyond the first. */
function fewest(rows: number, columns: number, saving: number): number {
  const heights = Array.from({ length: 10 }, (_, k) => 2 ** (4 + k))
  const last = (rest: number): number => (rest <= 0 ? 0 : columns * heightOf(rest))
  let least = last(rows)
  for (const a of heights) {
    least = Math.min(least, columns * a + saving + last(rows - a))
    for (const b of heights) least = Math.min(least, columns * (a + b) + 2 * saving + last(rows - a - b))
  }
  return least
}

describe('how the rows of a chip are cut', () => {
  it.each([
    [0, [0]],
    [1, [1]],
    [65536, [65536]],
    [137_242, [131072, 6170]],
    [201_344, [131072, 65536, 4736]],
    [196_609, [131072, 65536, 1]],
    // Three tables would be as tall as one.
    [245_000, [245_000]],
    [25_605, [25_605]],
  ])('%i rows of 20 columns: %j', (rows, tables) => {
    expect(cutRows(rows, 20)).toEqual(tables)
  })
  it('has the fewest cells, counting what a further table has to save', () => {
    for (const saving of [0, 100, 3000])
      for (let rows = 1; rows < 3000; rows += 7) {
        const tables = cutRows(rows, 3, saving)
        expect(tables.reduce((a, b) => a + b)).toBe(rows)
        expect(tables.length).toBeLessThanOrEqual(3)
        for (const full of tables.slice(0, -1)) expect(heightOf(full)).toBe(full)
        expect(cells(tables, 3) + (tables.length - 1) * saving).toBe(fewest(rows, 3, saving))
      }
  })
  it('pads few rows', () => {
    for (let rows = 2 ** 16; rows < 2 ** 20; rows += 997)
      expect(cells(cutRows(rows, 20), 20)).toBeLessThanOrEqual(1.125 * 20 * rows + 2 * LEAST_SAVING)
  })
})

describe('the tables of one chip', () => {
  const names = riscvAir.chips.map((c) => c.name)

  it('are chips of the AIR with the same declaration', () => {
    expect(new Set(names).size).toBe(names.length)
    for (const { name } of riscvChips.filter((c) => names.includes(`${c.name}/2`)))
      for (const other of [`${name}/2`, `${name}/3`]) {
        const { constraints, messages, columns } = chipNamed(name)
        expect(chipNamed(other)).toMatchObject({ constraints, messages, columns })
      }
  })
  it('are one where rows know their place, or must be listed once', () => {
    const single = riscvChips.map((c) => c.name).filter((name) => !names.includes(`${name}/2`))
    expect(single.sort()).toEqual([
      'call',
      'copy',
      'ecall',
      'effect',
      'effect-bytes',
      'effect-hidden',
      'halt',
      'image',
      'memory',
      'registers',
      'rom',
      'tables-dense',
      'tables-sparse',
    ])
    for (const name of ['memory', 'registers', 'image', 'rom', 'tables-dense'])
      expect(() =>
        instances(
          riscvChips.find((c) => c.name === name)!,
          gapSource,
        ),
      ).toThrow(new RangeError(`${name} cannot be cut`))
  })
  it('are absent beside the first in a short run', () => {
    const f = fillProgram(longLoop())
    expect(f.chips.filter((c) => c.chip.name.includes('/'))).toEqual([])
  })
  it('share the rows of a run in their order', () => {
    const rows = 2 ** 17 + 2 ** 16 + 5
    const count = (from: number): Uint32Array => Uint32Array.from({ length: rows }, (_, r) => from + r)
    const families = fillProgram(program(exit())).run.families.map((own, f) =>
      f === 2 ? { count: rows, cycle: count(7), rom: count(9) } : own,
    )
    const run = { families } as unknown as Run
    const seen: number[][] = []
    const addi = riscvChips.find((c) => c.name === 'addi')!
    const spied = {
      ...addi,
      fill: (_: unknown, { families: [, , own] }: Run) =>
        void seen.push([own.count, own.cycle.length, own.cycle[0], own.rom[0]]),
    }
    const tables = instances(spied, familySource('addi'))
    expect(tables.map((t) => t.rows(run))).toEqual([2 ** 17, 2 ** 16, 5])
    for (const t of tables) t.fill([], run, 0)
    expect(seen).toEqual([
      [2 ** 17, 2 ** 17, 7, 9],
      [2 ** 16, 2 ** 16, 7 + 2 ** 17, 9 + 2 ** 17],
      [5, 5, 7 + 2 ** 17 + 2 ** 16, 9 + 2 ** 17 + 2 ** 16],
    ])
  })
  it('cut gaps too', () => {
    const rows = 2 ** 17 + 5
    const field = (k: number): Uint32Array => new Uint32Array(rows).fill(k, 2 ** 17)
    const gaps = { count: rows, space: field(1), addr: field(2), v0: field(3), v1: field(4) }
    const run = { gaps: { ...gaps, from: field(70_000), to: field(140_001) } } as unknown as Run
    const [first, second, third] = instances(gapChip, gapSource)
    expect([first, second, third].map((t) => t.rows(run))).toEqual([2 ** 17, 5, 0])
    const columns = gapChip.columns.map(() => new Uint32Array(16))
    second.fill(columns, run, 16)
    const cell = (name: string, row: number): number => columns[gapChip.columns.indexOf(name)][row]
    expect(['en', 'space', 'addr', 'v0', 'v1'].map((name) => cell(name, 4))).toEqual([1, 1, 2, 3, 4])
    expect(cell('en', 5)).toBe(0)
  })
  it('balance in a run that has them, and a false row of the second is refused', () => {
    const f = fillProgram(
      program([
        ...load(5, 16_500),
        ['xor', { rd: 6, rs1: 5, rs2: 6 }],
        ['addi', { rd: 5, rs1: 5, imm: -1 }],
        ['bne', { rs1: 5, rs2: 0, imm: -8 }],
        ...exit(),
      ]),
    )
    const second = f.chips.filter((c) => c.chip.name.includes('/'))
    expect(second.map((c) => c.chip.name)).toEqual(['addi/2', 'bitwise/2', 'branch-eq/2'].sort())
    expect(problem(f)).toBeUndefined()

    const [addi, bitwise, branch] = ['addi/2', 'bitwise/2', 'branch-eq/2'].map((name) => chipOf(f, name))
    const forged = (c: FilledChip, cells: Readonly<Record<string, number>>): string | undefined => {
      const old = Object.fromEntries(Object.keys(cells).map((name) => [name, peek(c, name, 3)]))
      poke(c, 3, cells)
      const found = problem(f)
      poke(c, 3, old)
      return found
    }
    expect(forged(addi, { a0: 1 })).toBe("addi/2: 'low limb of b + i' in row 3")
    expect(forged(branch, { next: 0 })).toBe("branch-eq/2: 'equal words go to tEq' in row 3")
    expect(forged(bitwise, { z0: 300 })).toMatch(/^(Bitwise|Mem)\(/)
    expect(problem(f)).toBeUndefined()
  })
})
