import { describe, expect, it } from 'vitest'
import { ISA, OP, SINK, decode, encode } from '@vouch/engine'
import { LABELS } from '../src/machine.ts'

const REGISTERS = [0, 1, 5, 16, 31]
const IMMEDIATES: Readonly<Record<string, readonly number[]>> = {
  R: [0],
  I: [0, 1, -1, 2047, -2048, 1024, 0x555],
  S: [0, 1, -1, 2047, -2048, 31, 32, -32],
  B: [0, 2, -2, 4, 4094, -4096, 2048, -2048, 30, 32],
  U: [0, 4096, -4096, -(2 ** 31), 0x7ffff000],
  J: [0, 2, -2, 4, 2048, -2048, 4096, 1048574, -1048576, 0x55554],
  shift: Array.from({ length: 32 }, (_, i) => i),
  fence: [0],
  system: [0],
}
const HAS: Readonly<Record<string, string>> = {
  R: 'rd rs1 rs2',
  I: 'rd rs1',
  shift: 'rd rs1',
  S: 'rs1 rs2',
  B: 'rs1 rs2',
  U: 'rd',
  J: 'rd',
  fence: '',
  system: '',
}

describe('the instruction table', () => {
  it('has 40 instructions of RV32I and 8 of M, in the order of the case labels', () => {
    expect(ISA).toHaveLength(48)
    expect(LABELS).toEqual(OP)
  })

  it('agrees with words that an assembler made', () => {
    // riscv64-unknown-elf-as -march=rv32im
    const words: readonly [number, string, object][] = [
      [0x123452b7, 'lui', { rd: 5, imm: 0x12345000 }],
      [0xfffff297, 'auipc', { rd: 5, imm: -4096 }],
      [0xff5ff0ef, 'jal', { rd: 1, imm: -12 }],
      [0x00008067, 'jalr', { rd: SINK, rs1: 1, imm: 0 }],
      [0xfe628ae3, 'beq', { rs1: 5, rs2: 6, imm: -12 }],
      [0xffc12283, 'lw', { rd: 5, rs1: 2, imm: -4 }],
      [0xfe512e23, 'sw', { rs1: 2, rs2: 5, imm: -4 }],
      [0x41f2d293, 'srai', { rd: 5, rs1: 5, imm: 31 }],
      [0x407302b3, 'sub', { rd: 5, rs1: 6, rs2: 7 }],
      [0x027332b3, 'mulhu', { rd: 5, rs1: 6, rs2: 7 }],
      [0x0ff0000f, 'fence', { rd: SINK, rs1: 0, rs2: 0, imm: 0 }],
      [0x0000100f, 'fence', { rd: SINK, rs1: 0, rs2: 0, imm: 0 }],
      [0x00000073, 'ecall', {}],
      [0x00100073, 'ebreak', {}],
    ]
    for (const [word, name, fields] of words) {
      expect(decode(word)).toMatchObject({ name, ...fields })
      expect(decode(word | 0)).toEqual(decode(word))
    }
  })

  for (const { name, format } of ISA)
    it(`${name}: decode undoes encode`, () => {
      const has = (r: string): boolean => HAS[format].split(' ').includes(r)
      const some = (r: string): readonly number[] => (has(r) ? REGISTERS : [0])
      for (const rd of some('rd'))
        for (const rs1 of some('rs1'))
          for (const rs2 of some('rs2'))
            for (const imm of IMMEDIATES[format]) {
              const writes = has('rd') || format === 'fence'
              expect(decode(encode(name, { rd, rs1, rs2, imm }))).toEqual({
                op: OP[name],
                name,
                rd: writes ? (rd === 0 ? SINK : rd) : 0,
                rs1,
                rs2,
                imm,
              })
            }
    })

  it('gives every word at most one meaning', () => {
    let seed = 1
    for (let i = 0; i < 20_000; i++) {
      seed = (Math.imul(seed, 1664525) + 1013904223) | 0
      const word = (seed & ~0x7f) | (((seed >>> 20) & 31) << 2) | 3
      const rows = ISA.filter((row) => (word & row.mask) === (row.match | 0))
      expect(rows.length).toBeLessThanOrEqual(1)
      expect(decode(word)?.name).toBe(rows[0]?.name)
    }
  })
})

describe('reserved encodings are no instructions', () => {
  const cases: Readonly<Record<string, number>> = {
    'all zeros': 0,
    'all ones': 0xffffffff,
    'slli with a shift amount of 32': encode('slli', { rd: 1, rs1: 1, imm: 0 }) | (1 << 25),
    'srli with a shift amount of 32': encode('srli', { rd: 1, rs1: 1, imm: 0 }) | (1 << 25),
    'srai with a shift amount of 32': encode('srai', { rd: 1, rs1: 1, imm: 0 }) | (1 << 25),
    'slli with the bit of srai': encode('slli', { rd: 1, rs1: 1, imm: 0 }) | (1 << 30),
    'and with funct7 of sub': encode('and', {}) | (0x20 << 25),
    'mul with funct7 of sub': encode('mul', {}) | (0x20 << 25),
    'jalr with funct3 1': encode('jalr', {}) | (1 << 12),
    'branch with funct3 2': encode('beq', {}) | (2 << 12),
    'branch with funct3 3': encode('beq', {}) | (3 << 12),
    'ld (RV64)': encode('lb', {}) | (3 << 12),
    'lwu (RV64)': encode('lb', {}) | (6 << 12),
    'load with funct3 7': encode('lb', {}) | (7 << 12),
    'sd (RV64)': encode('sb', {}) | (3 << 12),
    'store with funct3 4': encode('sb', {}) | (4 << 12),
    'misc-mem with funct3 2': 0x0000200f,
    'ecall with rd': 0x00000073 | (1 << 7),
    'ecall with rs1': 0x00000073 | (1 << 15),
    'ebreak with rd': 0x00100073 | (1 << 7),
    csrrw: 0x30001073,
    mret: 0x30200073,
    wfi: 0x10500073,
    'amoadd.w': 0x0000202f,
    'addw (RV64)': 0x0000003b,
    flw: 0x00002007,
    'a compressed instruction': 0x00000001,
  }
  for (const [name, word] of Object.entries(cases)) it(name, () => expect(decode(word >>> 0)).toBeUndefined())
})

describe('encode refuses what does not fit', () => {
  const cases: readonly [string, object][] = [
    ['nope', {}],
    ['add', { rd: 32 }],
    ['add', { rs1: -1 }],
    ['add', { rs2: 1.5 }],
    ['addi', { imm: 2048 }],
    ['addi', { imm: -2049 }],
    ['slli', { imm: 32 }],
    ['slli', { imm: -1 }],
    ['sw', { imm: 2048 }],
    ['beq', { imm: 1 }],
    ['beq', { imm: 4096 }],
    ['jal', { imm: 1048576 }],
    ['lui', { imm: 1 }],
    ['lui', { imm: NaN }],
  ]
  for (const [name, operands] of cases)
    it(`${name} ${JSON.stringify(operands)}`, () => expect(() => encode(name, operands)).toThrow(RangeError))
})
