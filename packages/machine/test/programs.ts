import { exit, load, program } from './harness.ts'
import type { Line } from './harness.ts'
import { ALU } from './tiny-machine.ts'
import type { TinyInput, TinyProgram } from './tiny-machine.ts'

const MIN = 0x80000000

/** Operands at every border that some equation has: limbs, bytes, signs. */
export const OPERANDS: readonly number[] = [
  0,
  1,
  2,
  0xffffffff,
  MIN,
  0x7fffffff,
  0xffff,
  0x10000,
  0x00ff00ff,
  0x80008000,
  0x12345678,
  0xfffffffe,
]

/** Registers that hold OPERANDS. */
const operandRegister = (i: number): number => 5 + i

const loadOperands = (): Line[] => OPERANDS.flatMap((v, i) => load(operandRegister(i), v))

/** All register-register operations on all pairs of operands. */
export const registerOperations = (names: readonly string[] = Object.keys(ALU)): TinyProgram =>
  program([
    ...loadOperands(),
    ...names.flatMap((name) =>
      OPERANDS.flatMap((_, i) =>
        OPERANDS.map((_, j): Line => [
          name,
          { rd: 20 + (j % 4), rs1: operandRegister(i), rs2: operandRegister(j) },
        ]),
      ),
    ),
    ...names.flatMap((name): Line[] => [
      [name, { rd: 5, rs1: 5, rs2: 5 }],
      [name, { rd: 6, rs1: 6, rs2: 0 }],
      [name, { rd: 0, rs1: 7, rs2: 8 }],
      [name, { rd: 0, rs1: 0, rs2: 0 }],
    ]),
    ...exit(),
  ])

export const immediateOperations = (): TinyProgram => {
  const immediates = [0, 1, -1, 2047, -2048, 0x555, -256]
  const names = ['addi', 'andi', 'ori', 'xori', 'slti', 'sltiu']
  return program([
    ...loadOperands(),
    ...names.flatMap((name) =>
      OPERANDS.flatMap((_, i) =>
        immediates.map((imm): Line => [name, { rd: 20, rs1: operandRegister(i), imm }]),
      ),
    ),
    ...names.map((name): Line => [name, { rd: 0, rs1: 0, imm: -1 }]),
    ['fence'],
    ...exit(),
  ])
}

export const shifts = (): TinyProgram => {
  const amounts = Array.from({ length: 32 }, (_, i) => i)
  const values = [3, 4, 5, 9, 10]
  return program([
    ...loadOperands(),
    ...amounts.flatMap((imm): Line[] => [
      ['addi', { rd: 21, rs1: 0, imm }],
      ['addi', { rd: 22, rs1: 21, imm: -32 }],
      ...values.flatMap((i): Line[] => [
        ['slli', { rd: 20, rs1: operandRegister(i), imm }],
        ['srli', { rd: 20, rs1: operandRegister(i), imm }],
        ['srai', { rd: 20, rs1: operandRegister(i), imm }],
        ['sll', { rd: 20, rs1: operandRegister(i), rs2: 21 }],
        ['srl', { rd: 20, rs1: operandRegister(i), rs2: 21 }],
        ['sra', { rd: 20, rs1: operandRegister(i), rs2: 22 }],
      ]),
    ]),
    ...exit(),
  ])
}

export const branches = (): TinyProgram =>
  program([
    ...loadOperands(),
    ...['beq', 'bne', 'blt', 'bge', 'bltu', 'bgeu'].flatMap((name) =>
      OPERANDS.flatMap((_, i) =>
        OPERANDS.flatMap((_, j): Line[] => [
          [name, { rs1: operandRegister(i), rs2: operandRegister(j), imm: 8 }],
          ['addi', { rd: 20, rs1: 20, imm: 1 }],
        ]),
      ),
    ),
    ...exit(),
  ])

export const jumps = (): TinyProgram => {
  const lines: Line[] = [
    ['jal', { rd: 1, imm: 8 }],
    ['ebreak'],
    ['jal', { rd: 0, imm: 4 }],
    ['auipc', { rd: 5, imm: 0x1000 }],
    ['auipc', { rd: 6, imm: -0x2000 }],
    ['auipc', { rd: 5, imm: 0 }],
    ['jalr', { rd: 5, rs1: 5, imm: 8 }],
    ['auipc', { rd: 5, imm: 0 }],
    ['jalr', { rd: 0, rs1: 5, imm: 9 }],
    ['auipc', { rd: 5, imm: 0 }],
    ['addi', { rd: 5, rs1: 5, imm: 1 }],
    ['jalr', { rd: 1, rs1: 5, imm: 11 }],
    ['jalr', { rd: 1, rs1: 1, imm: 4 }],
  ]
  // From the end of the address space: −2040 + 2044 = 4 has no code, so the code goes there instead.
  return program([...lines, ...exit(3)])
}

/** A jump that wraps around 2^32; code at 0. */
export const wrappingJump = (): TinyProgram => {
  const lines: Line[] = [
    ['addi', { rd: 5, rs1: 0, imm: -4 }],
    ['jalr', { rd: 1, rs1: 5, imm: 16 }],
    ['ebreak'],
    ...exit(9),
  ]
  const p = program(lines)
  return { ...p, entry: 0, code: p.code.map((i, n) => ({ ...i, pc: 4 * n })) }
}

export const memoryAccesses = (): TinyProgram => {
  const base = 0x2000
  const words = { 0x2000: 0x80ff7f01, 0x2004: 0xfedcba98, 0x2010: 1, 0x0: 0xdeadbeef }
  const lanes = [0, 1, 2, 3]
  const lines: Line[] = [
    ...load(5, base),
    ...load(6, 0x89abcdef),
    ...lanes.flatMap((imm): Line[] => [
      ['lb', { rd: 20, rs1: 5, imm }],
      ['lbu', { rd: 20, rs1: 5, imm }],
      ['lb', { rd: 20, rs1: 5, imm: imm + 4 }],
      ['lbu', { rd: 0, rs1: 5, imm: imm + 4 }],
      ['sb', { rs1: 5, rs2: 6, imm: imm + 8 }],
      ['sb', { rs1: 5, rs2: 5, imm: imm + 4 }],
    ]),
    ...[0, 2].flatMap((imm): Line[] => [
      ['lh', { rd: 20, rs1: 5, imm }],
      ['lhu', { rd: 20, rs1: 5, imm }],
      ['lh', { rd: 5, rs1: 5, imm: imm + 4 }],
      ...load(5, base),
      ['sh', { rs1: 5, rs2: 6, imm: imm + 0x30 }],
      ['sh', { rs1: 5, rs2: 0, imm: imm + 4 }],
    ]),
    ['lw', { rd: 20, rs1: 5, imm: 0 }],
    ['sw', { rs1: 5, rs2: 20, imm: 0x7fc }],
    ['lw', { rd: 5, rs1: 5, imm: 0x7fc }],
    // Below 0 and up again, and down from just above RAM.
    ['addi', { rd: 7, rs1: 0, imm: -4 }],
    ['lw', { rd: 8, rs1: 7, imm: 4 }],
    ['lbu', { rd: 8, rs1: 7, imm: 7 }],
    ['sw', { rs1: 7, rs2: 8, imm: 8 }],
    ['sb', { rs1: 7, rs2: 8, imm: 8 }],
    ...load(9, 2 ** 30),
    ['sw', { rs1: 9, rs2: 8, imm: -4 }],
    ['lhu', { rd: 9, rs1: 9, imm: -2 }],
    ...exit(),
  ]
  return program(lines, words)
}

/** Host calls with every stream, aligned and not, empty, short and exact. */
export const hostCalls = (): TinyProgram => {
  const call = (number: number, fd: number, buffer: number, length: number): Line[] => [
    ...load(17, number),
    ...load(10, fd),
    ...load(11, buffer),
    ...load(12, length),
    ['ecall'],
  ]
  return program(
    [
      ...call(63, 0, 0x2000, 8),
      ...call(63, 4, 0x2101, 5),
      ...call(63, 0, 0x2203, 1),
      ...call(63, 4, 0x2302, 2),
      ...call(63, 4, 0x2302, 0),
      ...call(63, 0, 0xffffffff, 0),
      ...call(64, 1, 0x2000, 4),
      ...call(64, 2, 0x3fffffff, 1),
      ...call(64, 3, 0x2000, 7),
      ...call(64, 3, 0x2102, 1),
      ...call(64, 3, 0x2001, 2),
      ...call(64, 3, 0x80000000, 0),
      ...call(63, 0, 0x2402, 100),
      ...call(63, 4, 0x2501, 2 ** 30 - 0x2501),
      ...call(63, 4, 0x2501, 7),
      ...call(64, 3, 0x2400, 12),
      ...call(64, 3, 0x2400, 0),
      ...exit(0xfffffffe),
    ],
    { 0x2100: 0x44332211, 0x2000: 1 },
  )
}
export const HOST_INPUT = {
  privateInput: Uint8Array.from({ length: 20 }, (_, i) => 200 + i),
  publicInput: Uint8Array.from({ length: 10 }, (_, i) => 17 * i),
}

/** A page with bytes at the given places. */
const page = (
  index: number,
  put: Readonly<Record<number, readonly number[]>>,
  hidden: readonly number[] = [],
) => {
  const bytes = new Uint8Array(4096)
  const span = (address: number) => ({ address, length: put[address].length })
  const places = Object.keys(put).map(Number)
  for (const address of places) bytes.set(put[address], address - 4096 * index)
  return { index, bytes, written: places.map(span), hidden: hidden.map(span) }
}

/** Two audited calls: one with every kind of effect, and one that fails. */
export const AUDITED_CALLS: NonNullable<TinyInput['calls']> = {
  0x7b00: ({ pc, reg, byte }) => {
    const read = (address: number, length: number) => ({
      address,
      bytes: Uint8Array.from({ length }, (_, i) => byte(address + i)),
    })
    return {
      kind: 'audited',
      nextPc: pc + 8,
      registersRead: [17, 10, 11, 12, 35].map((slot) => [slot, reg(slot)] as const),
      registersWritten: [
        [10, 0xfffffff2],
        [13, 77],
        [35, reg(35) + 100],
      ],
      memoryRead: [read(0x2000, 9), read(0x2103, 2)],
      pages: [
        page(
          2,
          {
            0x2004: [1, 2, 3, 4],
            0x2200: [5, 6],
            0x2300: [9, 9, 9, 9, 7, 7],
            0x2403: [255],
          },
          [0x2300],
        ),
        page(3, { 0x3ffc: [1, 0, 0, 128] }),
      ],
    }
  },
  1234: ({ pc, reg }) => ({
    kind: 'audited',
    nextPc: pc + 4,
    registersRead: [17, 10].map((slot) => [slot, reg(slot)] as const),
    registersWritten: [[10, -38 >>> 0]],
    memoryRead: [],
    pages: [],
  }),
}

/** Audited calls between direct ones, all of them logged. */
export const auditedCalls = (): TinyProgram =>
  program(
    [
      ...load(17, 0x7b00),
      ...load(10, 0x2000),
      ...load(11, 0x89abcdef),
      ['ecall'],
      ['ebreak'],
      ['addi', { rd: 17, rs1: 0, imm: 1234 }],
      ['ecall'],
      ['addi', { rd: 17, rs1: 0, imm: 63 }],
      ['addi', { rd: 10, rs1: 0, imm: 0 }],
      ...load(11, 0x2102),
      ['addi', { rd: 12, rs1: 0, imm: 5 }],
      ['ecall'],
      ...load(17, 0x7b00),
      ['ecall'],
      ['ebreak'],
      ['addi', { rd: 17, rs1: 0, imm: 64 }],
      ['addi', { rd: 10, rs1: 0, imm: 3 }],
      ['addi', { rd: 12, rs1: 0, imm: 7 }],
      ['ecall'],
      ...exit(3),
    ],
    { 0x2000: 0x44332211, 0x2008: 0x12345678 },
  )

/** Leaves registers and a word alone for longer than one access can look back. */
export const longLoop = (turns = 9000): TinyProgram =>
  program([
    ...load(5, turns),
    ...load(6, 0x2000),
    ['addi', { rd: 7, rs1: 0, imm: 77 }],
    ['sw', { rs1: 6, rs2: 7, imm: 0 }],
    ['addi', { rd: 5, rs1: 5, imm: -1 }],
    ['bne', { rs1: 5, rs2: 0, imm: -4 }],
    ['lw', { rd: 8, rs1: 6, imm: 0 }],
    ['add', { rd: 7, rs1: 7, rs2: 8 }],
    ['sw', { rs1: 6, rs2: 7, imm: 0 }],
    ...exit(),
  ])

export const stop = (): TinyProgram => program([['addi', { rd: 10, rs1: 0, imm: 5 }], ['ebreak']])
