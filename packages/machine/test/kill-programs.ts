import { AUDITED_CALLS, HOST_INPUT } from './programs.ts'
import { exit, load, program } from './harness.ts'
import type { Line } from './harness.ts'
import type { TinyInput, TinyProgram } from './tiny-machine.ts'

/** By chip: an instruction of the tour, and what another program has in its place. */
const PAIRS: Readonly<Record<string, readonly [runs: Line, other: Line]>> = {
  add: [
    ['add', { rd: 20, rs1: 5, rs2: 6 }],
    ['sub', { rd: 20, rs1: 5, rs2: 6 }],
  ],
  addi: [
    ['addi', { rd: 20, rs1: 6, imm: 7 }],
    ['addi', { rd: 20, rs1: 6, imm: 8 }],
  ],
  bitwise: [
    ['and', { rd: 20, rs1: 6, rs2: 7 }],
    ['xor', { rd: 20, rs1: 6, rs2: 7 }],
  ],
  'bitwise-imm': [
    ['ori', { rd: 20, rs1: 6, imm: 0x555 }],
    ['xori', { rd: 20, rs1: 6, imm: 0x555 }],
  ],
  slt: [
    ['slt', { rd: 20, rs1: 6, rs2: 7 }],
    ['sltu', { rd: 20, rs1: 6, rs2: 7 }],
  ],
  'slt-imm': [
    ['slti', { rd: 20, rs1: 7, imm: -5 }],
    ['sltiu', { rd: 20, rs1: 7, imm: -5 }],
  ],
  'branch-eq': [
    ['beq', { rs1: 6, rs2: 7, imm: 8 }],
    ['bne', { rs1: 6, rs2: 7, imm: 8 }],
  ],
  'branch-lt': [
    ['blt', { rs1: 6, rs2: 7, imm: 8 }],
    ['bltu', { rs1: 6, rs2: 7, imm: 8 }],
  ],
  const: [
    ['auipc', { rd: 28, imm: 0 }],
    ['auipc', { rd: 28, imm: 0x1000 }],
  ],
  // To the next line: it stands behind the AUIPC.
  jalr: [
    ['jalr', { rd: 1, rs1: 28, imm: 8 }],
    ['jalr', { rd: 1, rs1: 28, imm: 12 }],
  ],
  'load-word': [
    ['lw', { rd: 20, rs1: 5, imm: 0 }],
    ['lw', { rd: 20, rs1: 5, imm: 4 }],
  ],
  'store-word': [
    ['sw', { rs1: 5, rs2: 6, imm: 8 }],
    ['sw', { rs1: 5, rs2: 7, imm: 8 }],
  ],
  'load-narrow': [
    ['lb', { rd: 20, rs1: 5, imm: 3 }],
    ['lbu', { rd: 20, rs1: 5, imm: 3 }],
  ],
  'store-narrow': [
    ['sb', { rs1: 5, rs2: 6, imm: 2 }],
    ['sh', { rs1: 5, rs2: 6, imm: 2 }],
  ],
  'shift-left-imm': [
    ['slli', { rd: 20, rs1: 6, imm: 3 }],
    ['slli', { rd: 20, rs1: 6, imm: 19 }],
  ],
  'shift-right-imm': [
    ['srai', { rd: 20, rs1: 7, imm: 3 }],
    ['srli', { rd: 20, rs1: 7, imm: 3 }],
  ],
  'shift-reg': [
    ['sra', { rd: 20, rs1: 7, rs2: 6 }],
    ['srl', { rd: 20, rs1: 7, rs2: 6 }],
  ],
  mul: [
    ['mul', { rd: 20, rs1: 6, rs2: 7 }],
    ['mul', { rd: 20, rs1: 6, rs2: 6 }],
  ],
  mulh: [
    ['mulh', { rd: 20, rs1: 6, rs2: 7 }],
    ['mulhu', { rd: 20, rs1: 6, rs2: 7 }],
  ],
  div: [
    ['div', { rd: 20, rs1: 7, rs2: 6 }],
    ['remu', { rd: 20, rs1: 7, rs2: 6 }],
  ],
  call: [['ecall'], ['fence']],
  ecall: [['ecall'], ['fence']],
  halt: [['ecall'], ['ebreak']],
}

/** The other cases of chips that have several messages in the place of one. */
const OTHER_CASES: readonly Line[] = [
  ['blt', { rs1: 7, rs2: 6, imm: 4 }],
  ['lh', { rd: 20, rs1: 5, imm: 2 }],
  ['sb', { rs1: 5, rs2: 6, imm: 1 }],
  ['slli', { rd: 20, rs1: 6, imm: 16 }],
  ['slli', { rd: 20, rs1: 6, imm: 19 }],
  ['srli', { rd: 20, rs1: 6, imm: 16 }],
  ['srai', { rd: 20, rs1: 7, imm: 19 }],
]

const WORDS = { 0x2000: 0x80ff7f01, 0x2004: 0xfedcba98 }

const call = (number: number, fd: number, buffer: number, length: number): Line[] => [
  ...load(17, number),
  ...load(10, fd),
  ...load(11, buffer),
  ...load(12, length),
]

/**
 * A run of few cycles in which every message of every chip has a part, but for the gap chip's. `other` names a chip: the
 * program that differs in one instruction of that chip; it has the same addresses and is not for running.
 */
export function tour(other?: string): TinyProgram {
  const line = (chip: string): Line => PAIRS[chip][chip === other ? 1 : 0]
  const straight = Object.keys(PAIRS).filter((chip) => !['call', 'ecall', 'halt'].includes(chip))
  const lines: Line[] = [
    ...load(5, 0x2000),
    ...load(6, 0x12345678),
    ...load(7, 0x89abcdef),
    ...straight.map(line),
    ...OTHER_CASES,
    ['or', { rd: 20, rs1: 6, rs2: 7 }],
    ['xor', { rd: 20, rs1: 6, rs2: 7 }],
    ...call(63, 0, 0x2100, 8),
    line('ecall'),
    ...call(63, 4, 0x2201, 7),
    ['ecall'],
    ...call(64, 3, 0x2100, 4),
    ['ecall'],
    ...load(17, 0x7b00),
    line('call'),
    ['ebreak'],
    ...exit().slice(0, -1),
    line('halt'),
  ]
  return program(lines, WORDS)
}

/** What the tour is run with: its calls are logged. */
export const TOUR_INPUT: TinyInput = { ...HOST_INPUT, calls: AUDITED_CALLS }

/** Chips that receive an instruction. */
export const FETCHING: readonly string[] = Object.keys(PAIRS)
