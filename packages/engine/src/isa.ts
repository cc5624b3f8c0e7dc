import { SINK } from './trace-types.ts'

export type Format = 'R' | 'I' | 'S' | 'B' | 'U' | 'J' | 'shift' | 'fence' | 'system'

/** One instruction of RV32IM. Unprivileged ISA manual, chapter "RV32/64G Instruction Set Listings". */
export interface Row {
  readonly name: string
  readonly format: Format
  /** A word is this instruction when `(word & mask) === match`. */
  readonly mask: number
  readonly match: number
}

const R = (name: string, funct3: number, funct7: number): Row => ({
  name,
  format: 'R',
  mask: 0xfe00707f,
  match: (funct7 << 25) | (funct3 << 12) | 0x33,
})
const withFunct3 =
  (format: Format, opcode: number) =>
  (name: string, funct3: number): Row => ({
    name,
    format,
    mask: 0x0000707f,
    match: (funct3 << 12) | opcode,
  })
const withOpcode = (format: Format, name: string, opcode: number): Row => ({
  name,
  format,
  mask: 0x7f,
  match: opcode,
})
const shift = (name: string, funct3: number, funct7: number): Row => ({
  name,
  format: 'shift',
  mask: 0xfe00707f,
  match: (funct7 << 25) | (funct3 << 12) | 0x13,
})
const load = withFunct3('I', 0x03)
const store = withFunct3('S', 0x23)
const branch = withFunct3('B', 0x63)
const immediate = withFunct3('I', 0x13)
const exactly = (name: string, match: number): Row => ({ name, format: 'system', mask: 0xffffffff, match })

/** All 48: 40 of RV32I (FENCE stands for FENCE.I too, a no-op here) and 8 of M. */
export const ISA: readonly Row[] = [
  withOpcode('U', 'lui', 0x37),
  withOpcode('U', 'auipc', 0x17),
  withOpcode('J', 'jal', 0x6f),
  withFunct3('I', 0x67)('jalr', 0),
  branch('beq', 0),
  branch('bne', 1),
  branch('blt', 4),
  branch('bge', 5),
  branch('bltu', 6),
  branch('bgeu', 7),
  load('lb', 0),
  load('lh', 1),
  load('lw', 2),
  load('lbu', 4),
  load('lhu', 5),
  store('sb', 0),
  store('sh', 1),
  store('sw', 2),
  immediate('addi', 0),
  immediate('slti', 2),
  immediate('sltiu', 3),
  immediate('xori', 4),
  immediate('ori', 6),
  immediate('andi', 7),
  shift('slli', 1, 0),
  shift('srli', 5, 0),
  shift('srai', 5, 0x20),
  R('add', 0, 0),
  R('sub', 0, 0x20),
  R('sll', 1, 0),
  R('slt', 2, 0),
  R('sltu', 3, 0),
  R('xor', 4, 0),
  R('srl', 5, 0),
  R('sra', 5, 0x20),
  R('or', 6, 0),
  R('and', 7, 0),
  { name: 'fence', format: 'fence', mask: 0x0000607f, match: 0x0f },
  exactly('ecall', 0x00000073),
  exactly('ebreak', 0x00100073),
  R('mul', 0, 1),
  R('mulh', 1, 1),
  R('mulhsu', 2, 1),
  R('mulhu', 3, 1),
  R('div', 4, 1),
  R('divu', 5, 1),
  R('rem', 6, 1),
  R('remu', 7, 1),
]

/** Index of an instruction in `ISA`, by name. */
export const OP: Readonly<Record<string, number>> = Object.fromEntries(ISA.map((row, i) => [row.name, i]))

/** A decoded instruction. Operands that the format lacks are 0; `imm` is signed, or the shift amount. */
export interface Instruction {
  /** Index in `ISA`. */
  readonly op: number
  readonly name: string
  /** 1..31, or SINK where the word says x0. */
  readonly rd: number
  readonly rs1: number
  readonly rs2: number
  readonly imm: number
}

const BY_OPCODE: readonly (readonly number[])[] = Array.from({ length: 128 }, (_, opcode) =>
  ISA.flatMap((row, i) => ((row.match & 0x7f) === opcode ? [i] : [])),
)

/** The instruction of a 32-bit word, or undefined for any other word. */
export function decode(word: number): Instruction | undefined {
  const op = BY_OPCODE[word & 0x7f].find((i) => (word & ISA[i].mask) === (ISA[i].match | 0))
  if (op === undefined) return undefined
  const { name, format } = ISA[op]
  const rdField = (word >>> 7) & 31
  const rd = rdField === 0 ? SINK : rdField
  const rs1 = (word >>> 15) & 31
  const rs2 = (word >>> 20) & 31
  switch (format) {
    case 'R':
      return { op, name, rd, rs1, rs2, imm: 0 }
    case 'I':
      return { op, name, rd, rs1, rs2: 0, imm: word >> 20 }
    case 'shift':
      return { op, name, rd, rs1, rs2: 0, imm: rs2 }
    case 'S':
      return { op, name, rd: 0, rs1, rs2, imm: ((word >> 25) << 5) | rdField }
    case 'B': {
      const imm =
        ((word >> 31) << 12) | ((rdField & 1) << 11) | (((word >>> 25) & 0x3f) << 5) | (rdField & 0x1e)
      return { op, name, rd: 0, rs1, rs2, imm }
    }
    case 'U':
      return { op, name, rd, rs1: 0, rs2: 0, imm: word & 0xfffff000 }
    case 'J': {
      const imm =
        ((word >> 31) << 20) | (word & 0xff000) | (((word >>> 20) & 1) << 11) | (((word >>> 21) & 0x3ff) << 1)
      return { op, name, rd, rs1: 0, rs2: 0, imm }
    }
    case 'fence':
      // Runs as ADDI to the sink: nothing is reordered here, and fetches never see stores.
      return { op, name, rd: SINK, rs1: 0, rs2: 0, imm: 0 }
    case 'system':
      return { op, name, rd: 0, rs1: 0, rs2: 0, imm: 0 }
  }
}

/** The word of an instruction given by name; registers and immediates must fit their fields. */
export function encode(
  name: string,
  operands: { rd?: number; rs1?: number; rs2?: number; imm?: number },
): number {
  const row = ISA[OP[name] ?? -1]
  if (row === undefined) throw new RangeError(`no instruction '${name}'`)
  const { rd = 0, rs1 = 0, rs2 = 0, imm = 0 } = operands
  for (const r of [rd, rs1, rs2])
    if (!(Number.isInteger(r) && r >= 0 && r < 32)) throw new RangeError(`${name}: no register ${r}`)
  const within = (low: number, high: number, step = 1): void => {
    if (!(Number.isInteger(imm) && imm >= low && imm <= high && imm % step === 0))
      throw new RangeError(`${name}: immediate ${imm} does not fit`)
  }
  const registers = (rd << 7) | (rs1 << 15) | (rs2 << 20)
  switch (row.format) {
    case 'R':
      return (row.match | registers) >>> 0
    case 'I':
      within(-2048, 2047)
      return (row.match | (rd << 7) | (rs1 << 15) | (imm << 20)) >>> 0
    case 'shift':
      within(0, 31)
      return (row.match | (rd << 7) | (rs1 << 15) | (imm << 20)) >>> 0
    case 'S':
      within(-2048, 2047)
      return (row.match | (rs1 << 15) | (rs2 << 20) | ((imm & 31) << 7) | ((imm >> 5) << 25)) >>> 0
    case 'B':
      within(-4096, 4094, 2)
      return (
        (row.match |
          (rs1 << 15) |
          (rs2 << 20) |
          (((imm >> 11) & 1) << 7) |
          (((imm >> 1) & 15) << 8) |
          (((imm >> 5) & 63) << 25) |
          (((imm >> 12) & 1) << 31)) >>>
        0
      )
    case 'U':
      within(-(2 ** 31), 2 ** 32 - 4096, 4096)
      return (row.match | (rd << 7) | (imm | 0)) >>> 0
    case 'J':
      within(-1048576, 1048574, 2)
      return (
        (row.match |
          (rd << 7) |
          (imm & 0xff000) |
          (((imm >> 11) & 1) << 20) |
          (((imm >> 1) & 0x3ff) << 21) |
          (((imm >> 20) & 1) << 31)) >>>
        0
      )
    case 'fence':
    case 'system':
      return row.match >>> 0
  }
}
