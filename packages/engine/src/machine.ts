import { OP } from './isa.ts'

/**
 * Everything an instruction may touch. `step` is written against this and never asks who implements it.
 *
 * Values are signed 32-bit integers. `load` and `store` take a byte address below 2^30 and touch the word that
 * holds it; `store` replaces the bits of `mask`.
 */
export interface Machine {
  pc: number
  rs1(register: number): number
  rs2(register: number): number
  setRd(register: number, value: number): void
  load(address: number): number
  store(address: number, mask: number, bits: number): void
}

/** Predecoded instructions, one entry each. */
export interface Code {
  readonly op: Uint8Array
  readonly rd: Uint8Array
  readonly rs1: Uint8Array
  readonly rs2: Uint8Array
  readonly imm: Int32Array
}

/** How a step ended. */
export const STEP = {
  done: 0,
  ecall: 1,
  ebreak: 2,
  misalignedLoad: 3,
  misalignedStore: 4,
  misalignedFetch: 5,
  outOfRangeLoad: 6,
  outOfRangeStore: 7,
} as const

const LUI = 0
const AUIPC = 1
const JAL = 2
const JALR = 3
const BEQ = 4
const BNE = 5
const BLT = 6
const BGE = 7
const BLTU = 8
const BGEU = 9
const LB = 10
const LH = 11
const LW = 12
const LBU = 13
const LHU = 14
const SB = 15
const SH = 16
const SW = 17
const ADDI = 18
const SLTI = 19
const SLTIU = 20
const XORI = 21
const ORI = 22
const ANDI = 23
const SLLI = 24
const SRLI = 25
const SRAI = 26
const ADD = 27
const SUB = 28
const SLL = 29
const SLT = 30
const SLTU = 31
const XOR = 32
const SRL = 33
const SRA = 34
const OR = 35
const AND = 36
const FENCE = 37
const ECALL = 38
const EBREAK = 39
const MUL = 40
const MULH = 41
const MULHSU = 42
const MULHU = 43
const DIV = 44
const DIVU = 45
const REM = 46
const REMU = 47

/** The case labels of `step`, by name: V8 needs literals for a jump table, and a test compares them with `ISA`. */
export const LABELS: Readonly<Record<string, number>> = {
  lui: LUI,
  auipc: AUIPC,
  jal: JAL,
  jalr: JALR,
  beq: BEQ,
  bne: BNE,
  blt: BLT,
  bge: BGE,
  bltu: BLTU,
  bgeu: BGEU,
  lb: LB,
  lh: LH,
  lw: LW,
  lbu: LBU,
  lhu: LHU,
  sb: SB,
  sh: SH,
  sw: SW,
  addi: ADDI,
  slti: SLTI,
  sltiu: SLTIU,
  xori: XORI,
  ori: ORI,
  andi: ANDI,
  slli: SLLI,
  srli: SRLI,
  srai: SRAI,
  add: ADD,
  sub: SUB,
  sll: SLL,
  slt: SLT,
  sltu: SLTU,
  xor: XOR,
  srl: SRL,
  sra: SRA,
  or: OR,
  and: AND,
  fence: FENCE,
  ecall: ECALL,
  ebreak: EBREAK,
  mul: MUL,
  mulh: MULH,
  mulhsu: MULHSU,
  mulhu: MULHU,
  div: DIV,
  divu: DIVU,
  rem: REM,
  remu: REMU,
}

export const OPCODES = OP

const INT_MIN = -(2 ** 31)

/**
 * Runs instruction `i` and moves pc. Unless it answers `done`, nothing was written and pc is where it was; rs1 and
 * rs2 may have been read.
 *
 * JavaScript: `|0` wraps to 32 bits, `>>>0` reads a value as unsigned, shifts use the low 5 bits of their count as
 * RISC-V does, and `Math.imul` is the low product. Only MULH* need more than 53 bits; see `mulHigh`.
 */
export function step(m: Machine, code: Code, i: number): number {
  const rd = code.rd[i]
  const imm = code.imm[i]
  const op = code.op[i]
  switch (op) {
    case ADDI:
    case FENCE:
      m.setRd(rd, (m.rs1(code.rs1[i]) + imm) | 0)
      break
    case ADD: {
      const x = m.rs1(code.rs1[i])
      m.setRd(rd, (x + m.rs2(code.rs2[i])) | 0)
      break
    }
    case SUB: {
      const x = m.rs1(code.rs1[i])
      m.setRd(rd, (x - m.rs2(code.rs2[i])) | 0)
      break
    }
    case AND: {
      const x = m.rs1(code.rs1[i])
      m.setRd(rd, x & m.rs2(code.rs2[i]))
      break
    }
    case OR: {
      const x = m.rs1(code.rs1[i])
      m.setRd(rd, x | m.rs2(code.rs2[i]))
      break
    }
    case XOR: {
      const x = m.rs1(code.rs1[i])
      m.setRd(rd, x ^ m.rs2(code.rs2[i]))
      break
    }
    case SLL: {
      const x = m.rs1(code.rs1[i])
      m.setRd(rd, x << m.rs2(code.rs2[i]))
      break
    }
    case SRL: {
      const x = m.rs1(code.rs1[i])
      m.setRd(rd, (x >>> m.rs2(code.rs2[i])) | 0)
      break
    }
    case SRA: {
      const x = m.rs1(code.rs1[i])
      m.setRd(rd, x >> m.rs2(code.rs2[i]))
      break
    }
    case SLT: {
      const x = m.rs1(code.rs1[i])
      m.setRd(rd, x < m.rs2(code.rs2[i]) ? 1 : 0)
      break
    }
    case SLTU: {
      const x = m.rs1(code.rs1[i]) >>> 0
      m.setRd(rd, x < m.rs2(code.rs2[i]) >>> 0 ? 1 : 0)
      break
    }
    case ANDI:
      m.setRd(rd, m.rs1(code.rs1[i]) & imm)
      break
    case ORI:
      m.setRd(rd, m.rs1(code.rs1[i]) | imm)
      break
    case XORI:
      m.setRd(rd, m.rs1(code.rs1[i]) ^ imm)
      break
    case SLLI:
      m.setRd(rd, m.rs1(code.rs1[i]) << imm)
      break
    case SRLI:
      m.setRd(rd, (m.rs1(code.rs1[i]) >>> imm) | 0)
      break
    case SRAI:
      m.setRd(rd, m.rs1(code.rs1[i]) >> imm)
      break
    case SLTI:
      m.setRd(rd, m.rs1(code.rs1[i]) < imm ? 1 : 0)
      break
    case SLTIU:
      m.setRd(rd, m.rs1(code.rs1[i]) >>> 0 < imm >>> 0 ? 1 : 0)
      break
    case LUI:
      m.setRd(rd, imm)
      break
    case AUIPC:
      m.setRd(rd, (m.pc + imm) | 0)
      break
    case JAL: {
      const target = (m.pc + imm) >>> 0
      if ((target & 3) !== 0) return STEP.misalignedFetch
      m.setRd(rd, m.pc + 4)
      m.pc = target
      return STEP.done
    }
    case JALR: {
      const target = (m.rs1(code.rs1[i]) + imm) & ~1
      if ((target & 3) !== 0) return STEP.misalignedFetch
      m.setRd(rd, m.pc + 4)
      m.pc = target >>> 0
      return STEP.done
    }
    case BEQ:
    case BNE:
    case BLT:
    case BGE:
    case BLTU:
    case BGEU: {
      const x = m.rs1(code.rs1[i])
      const y = m.rs2(code.rs2[i])
      const taken =
        op === BEQ
          ? x === y
          : op === BNE
            ? x !== y
            : op === BLT
              ? x < y
              : op === BGE
                ? x >= y
                : op === BLTU
                  ? x >>> 0 < y >>> 0
                  : x >>> 0 >= y >>> 0
      if (!taken) break
      const target = (m.pc + imm) >>> 0
      if ((target & 3) !== 0) return STEP.misalignedFetch
      m.pc = target
      return STEP.done
    }
    case LW: {
      const address = (m.rs1(code.rs1[i]) + imm) >>> 0
      if ((address & 3) !== 0) return STEP.misalignedLoad
      if (address >= 0x40000000) return STEP.outOfRangeLoad
      m.setRd(rd, m.load(address))
      break
    }
    case LB: {
      const address = (m.rs1(code.rs1[i]) + imm) >>> 0
      if (address >= 0x40000000) return STEP.outOfRangeLoad
      m.setRd(rd, (m.load(address) << (24 - 8 * (address & 3))) >> 24)
      break
    }
    case LBU: {
      const address = (m.rs1(code.rs1[i]) + imm) >>> 0
      if (address >= 0x40000000) return STEP.outOfRangeLoad
      m.setRd(rd, (m.load(address) >>> (8 * (address & 3))) & 0xff)
      break
    }
    case LH: {
      const address = (m.rs1(code.rs1[i]) + imm) >>> 0
      if ((address & 1) !== 0) return STEP.misalignedLoad
      if (address >= 0x40000000) return STEP.outOfRangeLoad
      m.setRd(rd, (m.load(address) << (16 - 8 * (address & 2))) >> 16)
      break
    }
    case LHU: {
      const address = (m.rs1(code.rs1[i]) + imm) >>> 0
      if ((address & 1) !== 0) return STEP.misalignedLoad
      if (address >= 0x40000000) return STEP.outOfRangeLoad
      m.setRd(rd, (m.load(address) >>> (8 * (address & 2))) & 0xffff)
      break
    }
    case SW: {
      const address = (m.rs1(code.rs1[i]) + imm) >>> 0
      const value = m.rs2(code.rs2[i])
      if ((address & 3) !== 0) return STEP.misalignedStore
      if (address >= 0x40000000) return STEP.outOfRangeStore
      m.store(address, -1, value)
      break
    }
    case SB: {
      const address = (m.rs1(code.rs1[i]) + imm) >>> 0
      const value = m.rs2(code.rs2[i])
      if (address >= 0x40000000) return STEP.outOfRangeStore
      const by = 8 * (address & 3)
      m.store(address, 0xff << by, (value & 0xff) << by)
      break
    }
    case SH: {
      const address = (m.rs1(code.rs1[i]) + imm) >>> 0
      const value = m.rs2(code.rs2[i])
      if ((address & 1) !== 0) return STEP.misalignedStore
      if (address >= 0x40000000) return STEP.outOfRangeStore
      const by = 8 * (address & 2)
      m.store(address, 0xffff << by, (value & 0xffff) << by)
      break
    }
    case MUL: {
      const x = m.rs1(code.rs1[i])
      m.setRd(rd, Math.imul(x, m.rs2(code.rs2[i])))
      break
    }
    case MULH: {
      const x = m.rs1(code.rs1[i])
      const y = m.rs2(code.rs2[i])
      m.setRd(rd, (mulHigh(x, y) - (x < 0 ? y : 0) - (y < 0 ? x : 0)) | 0)
      break
    }
    case MULHSU: {
      const x = m.rs1(code.rs1[i])
      const y = m.rs2(code.rs2[i])
      m.setRd(rd, (mulHigh(x, y) - (x < 0 ? y : 0)) | 0)
      break
    }
    case MULHU: {
      const x = m.rs1(code.rs1[i])
      m.setRd(rd, mulHigh(x, m.rs2(code.rs2[i])))
      break
    }
    case DIV: {
      const x = m.rs1(code.rs1[i])
      const y = m.rs2(code.rs2[i])
      // INT_MIN / −1 is 2^31, which |0 turns into INT_MIN, as the manual asks.
      m.setRd(rd, y === 0 ? -1 : (x / y) | 0)
      break
    }
    case DIVU: {
      const x = m.rs1(code.rs1[i]) >>> 0
      const y = m.rs2(code.rs2[i]) >>> 0
      m.setRd(rd, y === 0 ? -1 : (x / y) | 0)
      break
    }
    case REM: {
      const x = m.rs1(code.rs1[i])
      const y = m.rs2(code.rs2[i])
      m.setRd(rd, y === 0 ? x : x === INT_MIN && y === -1 ? 0 : (x % y) | 0)
      break
    }
    case REMU: {
      const x = m.rs1(code.rs1[i])
      const y = m.rs2(code.rs2[i]) >>> 0
      m.setRd(rd, y === 0 ? x : ((x >>> 0) % y) | 0)
      break
    }
    case ECALL:
      return STEP.ecall
    default:
      return STEP.ebreak
  }
  m.pc += 4
  return STEP.done
}

/** Bits 32..63 of the unsigned product, from 16-bit limbs: every partial sum is exact below 2^34. */
function mulHigh(x: number, y: number): number {
  const x0 = x & 0xffff
  const x1 = x >>> 16
  const y0 = y & 0xffff
  const y1 = y >>> 16
  const low = x0 * y0
  const middle = x1 * y0 + Math.floor(low / 65536)
  const cross = x0 * y1 + (middle % 65536)
  return (x1 * y1 + Math.floor(middle / 65536) + Math.floor(cross / 65536)) | 0
}
