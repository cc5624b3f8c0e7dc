import type { FunctionBuilder, Plain } from '@vouch/wasm'
import type { Registers } from './jit-ops.ts'
import type { Decoded } from './jit-region.ts'

/** `rd = rs1 op rs2`, and with an immediate for rs2. */
const BINARY: Readonly<Record<string, Plain>> = {
  add: 'i32.add',
  sub: 'i32.sub',
  sll: 'i32.shl',
  slt: 'i32.lt_s',
  sltu: 'i32.lt_u',
  xor: 'i32.xor',
  srl: 'i32.shr_u',
  sra: 'i32.shr_s',
  or: 'i32.or',
  and: 'i32.and',
  mul: 'i32.mul',
}
const IMMEDIATE: Readonly<Record<string, Plain>> = {
  addi: 'i32.add',
  fence: 'i32.add',
  slti: 'i32.lt_s',
  sltiu: 'i32.lt_u',
  xori: 'i32.xor',
  ori: 'i32.or',
  andi: 'i32.and',
  slli: 'i32.shl',
  srli: 'i32.shr_u',
  srai: 'i32.shr_s',
}
/** The high product: how each factor is read. */
const HIGH: Readonly<Record<string, readonly [Plain, Plain]>> = {
  mulh: ['i64.extend_i32_s', 'i64.extend_i32_s'],
  mulhsu: ['i64.extend_i32_s', 'i64.extend_i32_u'],
  mulhu: ['i64.extend_i32_u', 'i64.extend_i32_u'],
}
const DIVISION: Readonly<Record<string, Plain>> = {
  div: 'i32.div_s',
  divu: 'i32.div_u',
  rem: 'i32.rem_s',
  remu: 'i32.rem_u',
}

/** Emits what leaves a value in rd without memory: all but control flow, loads and stores. */
export function computeEmitter(f: FunctionBuilder, registers: Registers): (c: Decoded) => void {
  const [x, y] = [f.local('i32'), f.local('i32')]
  return (c) => {
    const { name, pc, rd, rs1, rs2, imm } = c
    if (name in BINARY) {
      registers.push(rs1)
      registers.push(rs2)
      f.op(BINARY[name])
    } else if (name in IMMEDIATE) {
      registers.push(rs1)
      if (imm !== 0 || IMMEDIATE[name] !== 'i32.add') f.i32(imm).op(IMMEDIATE[name])
    } else if (name === 'lui') f.i32(imm)
    else if (name === 'auipc') f.i32(pc + imm)
    else if (name in HIGH) {
      const [left, right] = HIGH[name]
      registers.push(rs1)
      f.op(left)
      registers.push(rs2)
      f.op(right, 'i64.mul').i64(32).op('i64.shr_u', 'i32.wrap_i64')
    } else if (name in DIVISION) {
      registers.push(rs1)
      f.set(x)
      registers.push(rs2)
      f.tee(y).op('i32.eqz')
      const whole = name.startsWith('div')
      const divide = (): void => {
        f.get(x, y).op(DIVISION[name]).set(x)
      }
      f.if(
        () => {
          if (whole) f.i32(-1).set(x)
        },
        () => {
          if (name !== 'div') return divide()
          // INT_MIN / −1 would trap.
          f.get(y).i32(-1).op('i32.eq')
          f.if(() => f.i32(0).get(x).op('i32.sub').set(x), divide)
        },
      )
      f.get(x)
    } else throw new RangeError(`no code for '${name}'`)
    registers.pop(rd)
  }
}
