import { describe, expect, it } from 'vitest'
import { lintAir } from '../../stark/src/air/lint.ts'
import type { Air } from '../../stark/src/air/chip.ts'
import { ISA } from '@vouch/engine'
import { BUSES, INSTRUCTIONS, riscvAir, riscvChips } from '../src/index.ts'

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
  it('has the columns and messages a row that the design allows', () => {
    const sizes = Object.fromEntries(
      riscvChips.map((c) => [c.name, [c.columns.length, c.messages.length].join()]),
    )
    expect(sizes).toMatchInlineSnapshot(`
      {
        "add": "18,14",
        "addi": "14,11",
        "bitwise": "24,16",
        "bitwise-imm": "19,11",
        "branch-eq": "15,9",
        "branch-lt": "18,14",
        "call": "4,4",
        "const": "10,6",
        "copy": "24,13",
        "div": "41,26",
        "ecall": "26,35",
        "effect": "10,4",
        "effect-bytes": "22,8",
        "effect-hidden": "8,6",
        "gap": "8,5",
        "halt": "13,18",
        "image": "0,2",
        "jalr": "15,10",
        "load-narrow": "25,16",
        "load-word": "16,13",
        "memory": "11,9",
        "mul": "23,20",
        "mulh": "31,25",
        "registers": "4,2",
        "rom": "1,1",
        "shift-left-imm": "18,15",
        "shift-reg": "34,18",
        "shift-right-imm": "20,16",
        "slt": "20,16",
        "slt-imm": "17,12",
        "store-narrow": "23,16",
        "store-word": "16,13",
        "tables-dense": "6,6",
        "tables-sparse": "23,6",
      }
    `)
  })
})
