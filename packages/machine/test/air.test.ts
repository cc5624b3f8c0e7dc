import { describe, expect, it } from 'vitest'
import { lintAir } from '../../stark/src/air/lint.ts'
import type { Air } from '../../stark/src/air/chip.ts'
import { ISA } from '@vouch/engine'
import { BUSES, INSTRUCTIONS, riscvAir } from '../src/index.ts'

describe('the machine as an AIR', () => {
  it('has no lint', () => {
    expect(lintAir(riscvAir as Air<never>, 2 ** 21)).toEqual([])
  })
  it('has a ROM entry for each instruction of the decode table, and no other', () => {
    expect([...INSTRUCTIONS].sort()).toEqual(ISA.map((row) => row.name).sort())
  })
  it('lists every bus that a chip uses', () => {
    const used = new Set(riscvAir.chips.flatMap((c) => c.messages.map((m) => m.bus)))
    expect([...used].every((bus) => BUSES.includes(bus))).toBe(true)
    expect(new Set(BUSES.map((b) => b.id)).size).toBe(BUSES.length)
  })
  it('commits the cells a row that the design allows', () => {
    const cells = Object.fromEntries(
      riscvAir.chips.map((c) => [c.name, c.columns.length + 4 * c.groups.length]),
    )
    expect(cells).toMatchInlineSnapshot(`
      {
        "add": 46,
        "addi": 39,
        "bitwise": 56,
        "bitwise-imm": 49,
        "branch-eq": 35,
        "branch-lt": 46,
        "call": 12,
        "const": 22,
        "copy": 51,
        "div": 99,
        "ecall": 95,
        "effect": 18,
        "effect-bytes": 40,
        "effect-hidden": 20,
        "gap": 26,
        "halt": 49,
        "image": 4,
        "jalr": 36,
        "load-narrow": 58,
        "load-word": 44,
        "memory": 31,
        "mul": 67,
        "mulh": 96,
        "registers": 8,
        "rom": 5,
        "shift-left-imm": 48,
        "shift-reg": 70,
        "shift-right-imm": 50,
        "slt": 52,
        "slt-imm": 41,
        "store-narrow": 55,
        "store-word": 44,
        "tables-dense": 18,
        "tables-sparse": 35,
      }
    `)
  })
})
