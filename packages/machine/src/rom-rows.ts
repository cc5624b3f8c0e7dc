import { FAMILY } from './families.ts'
import type { Family } from './families.ts'
import { m31 } from '@vouch/stark'

/** A decoded instruction, with writes to x0 already sent to the sink. `imm` is signed, or the shift amount. */
export interface Instruction {
  readonly pc: number
  readonly name: string
  readonly rd: number
  readonly rs1: number
  readonly rs2: number
  readonly imm: number
}

/** The preprocessed columns of the ROM chip, one row an instruction, ascending by pc. */
export interface RomRows {
  readonly count: number
  readonly family: Uint32Array
  readonly pc: Uint32Array
  /** f1..f6 */
  readonly fields: readonly Uint32Array[]
  /** First pc >> 2 of the span that `rowOf` covers. */
  readonly base: number
  /** ROM row + 1 by (pc >> 2) − base; 0 where there is no instruction. */
  readonly rowOf: Uint32Array
}

/** A branch target outside RAM. No ROM row and no halt has it as its pc. */
const NOWHERE = m31.P - 1

const target = (pc: number): number => {
  const t = pc >>> 0
  return t < 2 ** 30 ? t : NOWHERE
}
const low = (v: number): number => v & 0xffff
const high = (v: number): number => v >>> 16
const element = m31.fromInteger

type Entry = readonly [Family, ...number[]]

const branchEq = (i: Instruction, whenEqual: number, otherwise: number): Entry => [
  'branch-eq',
  i.rs1,
  i.rs2,
  whenEqual,
  otherwise,
]
const branchLt = (i: Instruction, whenLess: number, otherwise: number, signed: 0 | 1): Entry => [
  'branch-lt',
  i.rs1,
  i.rs2,
  whenLess,
  otherwise,
  signed,
]
const constant = (i: Instruction, value: number, next: number): Entry => [
  'const',
  i.rd,
  low(value),
  high(value),
  next,
]
/** `keep` by the immediate's sign: what the operation with 0 or with 0xffff does to a limb. */
const bitwiseImm = (i: Instruction, op: number, keep: readonly [number, number]): Entry => [
  'bitwise-imm',
  i.rd,
  i.rs1,
  op,
  i.imm & 255,
  (i.imm >> 8) & 255,
  element(keep[i.imm < 0 ? 1 : 0]),
]
const addi = (i: Instruction): Entry => ['addi', i.rd, i.rs1, element(i.imm)]

/** Case 0 below 16, 1 at 16, 2 above. In case 1 whole limbs move, and any multiplier that splits them will do. */
function shiftImm(i: Instruction, right: boolean, arithmetic: 0 | 1): Entry {
  const by = i.imm & 31
  if (by === 0) return ['addi', i.rd, i.rs1, 0]
  const bits = by & 15
  const multiplier = bits === 0 ? 2 : 1 << (right ? 16 - bits : bits)
  const which = by < 16 ? 0 : by === 16 ? 1 : 2
  return right
    ? ['shift-right-imm', i.rd, i.rs1, multiplier, which, arithmetic]
    : ['shift-left-imm', i.rd, i.rs1, multiplier, which]
}

const threeRegisters =
  (family: Family, ...op: number[]) =>
  (i: Instruction): Entry => [family, i.rd, i.rs1, i.rs2, ...op]

/** What the chips would otherwise have to decode, by instruction name: family, then f1, f2, ... */
const ENTRIES: Readonly<Record<string, (i: Instruction) => Entry>> = {
  add: threeRegisters('add', 0),
  sub: threeRegisters('add', 1),
  addi,
  fence: (i) => addi({ ...i, rd: 32, rs1: 0, imm: 0 }),
  and: threeRegisters('bitwise', 1),
  or: threeRegisters('bitwise', 2),
  xor: threeRegisters('bitwise', 3),
  andi: (i) => bitwiseImm(i, 1, [0, 1]),
  ori: (i) => bitwiseImm(i, 2, [1, 0]),
  xori: (i) => bitwiseImm(i, 3, [1, -1]),
  slt: threeRegisters('slt', 1),
  sltu: threeRegisters('slt', 0),
  // The high limb of a signed immediate is itself signed: 0 or −1.
  slti: (i) => ['slt-imm', i.rd, i.rs1, low(i.imm), element(i.imm >> 16), 1],
  sltiu: (i) => ['slt-imm', i.rd, i.rs1, low(i.imm), high(i.imm), 0],
  beq: (i) => branchEq(i, target(i.pc + i.imm), i.pc + 4),
  bne: (i) => branchEq(i, i.pc + 4, target(i.pc + i.imm)),
  blt: (i) => branchLt(i, target(i.pc + i.imm), i.pc + 4, 1),
  bge: (i) => branchLt(i, i.pc + 4, target(i.pc + i.imm), 1),
  bltu: (i) => branchLt(i, target(i.pc + i.imm), i.pc + 4, 0),
  bgeu: (i) => branchLt(i, i.pc + 4, target(i.pc + i.imm), 0),
  lui: (i) => constant(i, i.imm, i.pc + 4),
  auipc: (i) => constant(i, i.pc + i.imm, i.pc + 4),
  jal: (i) => constant(i, i.pc + 4, target(i.pc + i.imm)),
  jalr: (i) => ['jalr', i.rd, i.rs1, element(i.imm), high(i.pc + 4)],
  lw: (i) => ['load-word', i.rd, i.rs1, element(i.imm)],
  lb: (i) => ['load-narrow', i.rd, i.rs1, element(i.imm), 0],
  lbu: (i) => ['load-narrow', i.rd, i.rs1, element(i.imm), 1],
  lh: (i) => ['load-narrow', i.rd, i.rs1, element(i.imm), 2],
  lhu: (i) => ['load-narrow', i.rd, i.rs1, element(i.imm), 3],
  sw: (i) => ['store-word', i.rs1, i.rs2, element(i.imm)],
  sb: (i) => ['store-narrow', i.rs1, i.rs2, element(i.imm), 0],
  sh: (i) => ['store-narrow', i.rs1, i.rs2, element(i.imm), 1],
  slli: (i) => shiftImm(i, false, 0),
  srli: (i) => shiftImm(i, true, 0),
  srai: (i) => shiftImm(i, true, 1),
  sll: threeRegisters('shift-reg', 0),
  srl: threeRegisters('shift-reg', 1),
  sra: threeRegisters('shift-reg', 3),
  mul: threeRegisters('mul'),
  mulh: threeRegisters('mulh', 0),
  mulhsu: threeRegisters('mulh', 1),
  mulhu: threeRegisters('mulh', 2),
  div: threeRegisters('div', 0),
  divu: threeRegisters('div', 1),
  rem: threeRegisters('div', 2),
  remu: threeRegisters('div', 3),
  ecall: () => ['ecall'],
  ebreak: () => ['ebreak'],
}

/** Names of all instructions that have a ROM row. */
export const INSTRUCTIONS: readonly string[] = Object.keys(ENTRIES)

/** The ROM of a program: a function of the code alone, so that the image id commits to the decoding. */
export function romRows(code: readonly Instruction[]): RomRows {
  const count = code.length
  const family = new Uint32Array(count)
  const pc = new Uint32Array(count)
  const fields = Array.from({ length: 6 }, () => new Uint32Array(count))
  const base = count === 0 ? 0 : code[0].pc >>> 2
  const rowOf = new Uint32Array(count === 0 ? 0 : (code[count - 1].pc >>> 2) - base + 1)
  code.forEach((instruction, row) => {
    const entry = ENTRIES[instruction.name]
    if (entry === undefined) throw new RangeError(`no ROM entry for '${instruction.name}'`)
    if (row > 0 && instruction.pc <= pc[row - 1]) throw new RangeError('code is not ascending by pc')
    const [name, ...values] = entry(instruction)
    family[row] = FAMILY[name]
    pc[row] = instruction.pc
    values.forEach((v, j) => (fields[j][row] = v))
    rowOf[(instruction.pc >>> 2) - base] = row + 1
  })
  return { count, family, pc, fields, base, rowOf }
}
