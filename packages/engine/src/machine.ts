/**
 * Everything an instruction may touch. `advance` is written against this and never asks who implements it.
 *
 * Values are signed 32-bit integers. `load` and `store` take a byte address below 2^30 and touch the word that
 * holds it; `store` replaces the bits of `mask`.
 */
export interface Machine {
  pc: number
  /** Why `advance` came back: one of STOP. */
  stop: number
  rs1(register: number): number
  rs2(register: number): number
  setRd(register: number, value: number): void
  load(address: number): number
  store(address: number, mask: number, bits: number): void
  /** The instruction at pc is done; a cycle that stops the machine never gets here. */
  retire(pc: number): void
}

/**
 * Predecoded instructions, two numbers each, dense from the one at `base`: op | rd << 8 | rs1 << 14 | rs2 << 20, then
 * the immediate. NO_INSTRUCTION stands where there is none.
 */
export interface Code {
  readonly base: number
  readonly table: Int32Array
}

export const NO_INSTRUCTION = 0xff

/** Why the machine stopped. `done`: all cycles asked for were run. */
export const STOP = {
  done: 0,
  ecall: 1,
  ebreak: 2,
  misalignedLoad: 3,
  misalignedStore: 4,
  misalignedFetch: 5,
  outOfRangeLoad: 6,
  outOfRangeStore: 7,
  noInstruction: 8,
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

/** The case labels of `advance`, by name: V8 needs literals for a jump table, and a test compares them with `ISA`. */
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

/**
 * Runs up to `count` cycles from `m.pc` and answers how many were retired. When `m.stop` is not `done`, the cycle
 * after those stopped: it wrote nothing and pc is at its instruction, though rs1 and rs2 may have been read.
 *
 * The loop is in here because a call a cycle costs more than most instructions. Adding a third class of port makes
 * every access slower; see rule 1 of the house style.
 *
 * JavaScript: `|0` wraps to 32 bits, `>>>0` reads a value as unsigned, shifts use the low 5 bits of their count as
 * RISC-V does, and `Math.imul` is the low product. Only MULH* need more than 53 bits; see `mulHigh`.
 */
export function advance(m: Machine, code: Code, count: number): number {
  const { base, table } = code
  const { length } = table
  let pc = m.pc | 0
  for (let n = 0; n < count; n++) {
    const at = ((pc - base) >>> 2) << 1
    if (at >= length) return stop(m, pc, STOP.noInstruction, n)
    const head = table[at]
    const imm = table[at + 1]
    const op = head & 0xff
    const rd = (head >>> 8) & 63
    const rs1 = (head >>> 14) & 63
    const rs2 = (head >>> 20) & 63
    let next = (pc + 4) | 0
    switch (op) {
      case ADDI:
      case FENCE:
        m.setRd(rd, (m.rs1(rs1) + imm) | 0)
        break
      case ADD: {
        const x = m.rs1(rs1)
        m.setRd(rd, (x + m.rs2(rs2)) | 0)
        break
      }
      case SUB: {
        const x = m.rs1(rs1)
        m.setRd(rd, (x - m.rs2(rs2)) | 0)
        break
      }
      case AND: {
        const x = m.rs1(rs1)
        m.setRd(rd, x & m.rs2(rs2))
        break
      }
      case OR: {
        const x = m.rs1(rs1)
        m.setRd(rd, x | m.rs2(rs2))
        break
      }
      case XOR: {
        const x = m.rs1(rs1)
        m.setRd(rd, x ^ m.rs2(rs2))
        break
      }
      case SLL: {
        const x = m.rs1(rs1)
        m.setRd(rd, x << m.rs2(rs2))
        break
      }
      case SRL: {
        const x = m.rs1(rs1)
        m.setRd(rd, (x >>> m.rs2(rs2)) | 0)
        break
      }
      case SRA: {
        const x = m.rs1(rs1)
        m.setRd(rd, x >> m.rs2(rs2))
        break
      }
      case SLT: {
        const x = m.rs1(rs1)
        m.setRd(rd, x < m.rs2(rs2) ? 1 : 0)
        break
      }
      case SLTU: {
        const x = m.rs1(rs1) >>> 0
        m.setRd(rd, x < m.rs2(rs2) >>> 0 ? 1 : 0)
        break
      }
      case ANDI:
        m.setRd(rd, m.rs1(rs1) & imm)
        break
      case ORI:
        m.setRd(rd, m.rs1(rs1) | imm)
        break
      case XORI:
        m.setRd(rd, m.rs1(rs1) ^ imm)
        break
      case SLLI:
        m.setRd(rd, m.rs1(rs1) << imm)
        break
      case SRLI:
        m.setRd(rd, (m.rs1(rs1) >>> imm) | 0)
        break
      case SRAI:
        m.setRd(rd, m.rs1(rs1) >> imm)
        break
      case SLTI:
        m.setRd(rd, m.rs1(rs1) < imm ? 1 : 0)
        break
      case SLTIU:
        m.setRd(rd, m.rs1(rs1) >>> 0 < imm >>> 0 ? 1 : 0)
        break
      case LUI:
        m.setRd(rd, imm)
        break
      case AUIPC:
        m.setRd(rd, (pc + imm) | 0)
        break
      case JAL: {
        const target = (pc + imm) | 0
        if ((target & 3) !== 0) return stop(m, pc, STOP.misalignedFetch, n)
        m.setRd(rd, pc + 4)
        next = target
        break
      }
      case JALR: {
        const target = (m.rs1(rs1) + imm) & ~1
        if ((target & 3) !== 0) return stop(m, pc, STOP.misalignedFetch, n)
        m.setRd(rd, pc + 4)
        next = target
        break
      }
      case BEQ:
      case BNE:
      case BLT:
      case BGE:
      case BLTU:
      case BGEU: {
        const x = m.rs1(rs1)
        const y = m.rs2(rs2)
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
        const target = (pc + imm) | 0
        if ((target & 3) !== 0) return stop(m, pc, STOP.misalignedFetch, n)
        next = target
        break
      }
      case LW: {
        const address = (m.rs1(rs1) + imm) >>> 0
        if ((address & 3) !== 0) return stop(m, pc, STOP.misalignedLoad, n)
        if (address >= 0x40000000) return stop(m, pc, STOP.outOfRangeLoad, n)
        m.setRd(rd, m.load(address))
        break
      }
      case LB: {
        const address = (m.rs1(rs1) + imm) >>> 0
        if (address >= 0x40000000) return stop(m, pc, STOP.outOfRangeLoad, n)
        m.setRd(rd, (m.load(address) << (24 - 8 * (address & 3))) >> 24)
        break
      }
      case LBU: {
        const address = (m.rs1(rs1) + imm) >>> 0
        if (address >= 0x40000000) return stop(m, pc, STOP.outOfRangeLoad, n)
        m.setRd(rd, (m.load(address) >>> (8 * (address & 3))) & 0xff)
        break
      }
      case LH: {
        const address = (m.rs1(rs1) + imm) >>> 0
        if ((address & 1) !== 0) return stop(m, pc, STOP.misalignedLoad, n)
        if (address >= 0x40000000) return stop(m, pc, STOP.outOfRangeLoad, n)
        m.setRd(rd, (m.load(address) << (16 - 8 * (address & 2))) >> 16)
        break
      }
      case LHU: {
        const address = (m.rs1(rs1) + imm) >>> 0
        if ((address & 1) !== 0) return stop(m, pc, STOP.misalignedLoad, n)
        if (address >= 0x40000000) return stop(m, pc, STOP.outOfRangeLoad, n)
        m.setRd(rd, (m.load(address) >>> (8 * (address & 2))) & 0xffff)
        break
      }
      case SW: {
        const address = (m.rs1(rs1) + imm) >>> 0
        const value = m.rs2(rs2)
        if ((address & 3) !== 0) return stop(m, pc, STOP.misalignedStore, n)
        if (address >= 0x40000000) return stop(m, pc, STOP.outOfRangeStore, n)
        m.store(address, -1, value)
        break
      }
      case SB: {
        const address = (m.rs1(rs1) + imm) >>> 0
        const value = m.rs2(rs2)
        if (address >= 0x40000000) return stop(m, pc, STOP.outOfRangeStore, n)
        const by = 8 * (address & 3)
        m.store(address, 0xff << by, (value & 0xff) << by)
        break
      }
      case SH: {
        const address = (m.rs1(rs1) + imm) >>> 0
        const value = m.rs2(rs2)
        if ((address & 1) !== 0) return stop(m, pc, STOP.misalignedStore, n)
        if (address >= 0x40000000) return stop(m, pc, STOP.outOfRangeStore, n)
        const by = 8 * (address & 2)
        m.store(address, 0xffff << by, (value & 0xffff) << by)
        break
      }
      case MUL: {
        const x = m.rs1(rs1)
        m.setRd(rd, Math.imul(x, m.rs2(rs2)))
        break
      }
      case MULH: {
        const x = m.rs1(rs1)
        const y = m.rs2(rs2)
        m.setRd(rd, (mulHigh(x, y) - (x < 0 ? y : 0) - (y < 0 ? x : 0)) | 0)
        break
      }
      case MULHSU: {
        const x = m.rs1(rs1)
        const y = m.rs2(rs2)
        m.setRd(rd, (mulHigh(x, y) - (x < 0 ? y : 0)) | 0)
        break
      }
      case MULHU: {
        const x = m.rs1(rs1)
        m.setRd(rd, mulHigh(x, m.rs2(rs2)))
        break
      }
      case DIV: {
        const x = m.rs1(rs1)
        const y = m.rs2(rs2)
        // INT_MIN / −1 is 2^31, which |0 turns into INT_MIN, as the manual asks.
        m.setRd(rd, y === 0 ? -1 : (x / y) | 0)
        break
      }
      case DIVU: {
        const x = m.rs1(rs1) >>> 0
        const y = m.rs2(rs2) >>> 0
        m.setRd(rd, y === 0 ? -1 : (x / y) | 0)
        break
      }
      case REM: {
        const x = m.rs1(rs1)
        const y = m.rs2(rs2)
        // INT_MIN % −1 is −0, which |0 turns into 0.
        m.setRd(rd, y === 0 ? x : (x % y) | 0)
        break
      }
      case REMU: {
        const x = m.rs1(rs1)
        const y = m.rs2(rs2) >>> 0
        m.setRd(rd, y === 0 ? x : ((x >>> 0) % y) | 0)
        break
      }
      case ECALL:
        return stop(m, pc, STOP.ecall, n)
      case EBREAK:
        return stop(m, pc, STOP.ebreak, n)
      default:
        return stop(m, pc, STOP.noInstruction, n)
    }
    m.retire(pc)
    pc = next
  }
  return stop(m, pc, STOP.done, count)
}

function stop(m: Machine, pc: number, why: number, retired: number): number {
  m.pc = pc >>> 0
  m.stop = why
  return retired
}

/** Bits 32..63 of the unsigned product, from 16-bit limbs: every partial sum is below 2^32. */
function mulHigh(x: number, y: number): number {
  const x0 = x & 0xffff
  const x1 = x >>> 16
  const y0 = y & 0xffff
  const y1 = y >>> 16
  const middle = x1 * y0 + ((x0 * y0) >>> 16)
  const cross = x0 * y1 + (middle & 0xffff)
  return (x1 * y1 + (middle >>> 16) + (cross >>> 16)) | 0
}
