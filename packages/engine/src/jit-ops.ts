import type { FunctionBuilder, Label, Load, Local, Plain } from '@vouch/wasm'
import { AT } from './jit-layout.ts'
import { memoryEmitter } from './jit-access.ts'
import { computeEmitter } from './jit-compute.ts'
import { flowOf } from './jit-region.ts'
import type { Decoded, Segment } from './jit-region.ts'
import { rowEmitter } from './jit-row.ts'
import { REGISTER_SLOTS } from './trace-types.ts'

/** How the code of a segment goes on elsewhere. Each but `advance` ends with a branch. */
export interface Control {
  /** To be branched to with `next` and `partial` set, and nothing else done by the instruction. */
  readonly bail: Label
  readonly next: Local
  readonly partial: Local
  /** Counts instructions done. */
  advance(count: number): void
  /** To an address known here. */
  go(pc: number): void
  /** To the address in `next`. */
  goIndirect(): void
  /** Out of the region. */
  leave(pc: number): void
}

/** The registers of a segment under emission. Slot 0 is the constant 0. */
export interface Registers {
  /** Pushes a register's value. */
  push(register: number): void
  /** Pops a register's value. */
  pop(register: number): void
}

const TAKEN: Readonly<Record<string, Plain>> = {
  beq: 'i32.eq',
  bne: 'i32.ne',
  blt: 'i32.lt_s',
  bge: 'i32.ge_s',
  bltu: 'i32.lt_u',
  bgeu: 'i32.ge_u',
}
const LOADS: Readonly<Record<string, Load>> = {
  lb: 'i32.load8_s',
  lh: 'i32.load16_s',
  lw: 'i32.load',
  lbu: 'i32.load8_u',
  lhu: 'i32.load16_u',
}
const STORES: Readonly<Record<string, 1 | 2 | 4>> = { sb: 1, sh: 2, sw: 4 }
/** Emits segments; `follower` is the address of the segment that comes right behind in the function. */
export function segmentEmitter(
  f: FunctionBuilder,
  control: Control,
  cursor: Local,
  tsOffset: Local,
  traced: boolean,
): (segment: Segment, follower: number | undefined) => void {
  const locals = Array.from({ length: REGISTER_SLOTS }, () => undefined as Local | undefined)
  const target = f.local('i32')
  let known = new Set<number>()
  let dirty = new Set<number>()
  const localOf = (register: number): Local => (locals[register] ??= f.local('i32'))
  const registers: Registers = {
    push(register) {
      if (register === 0) f.i32(0)
      else if (known.has(register)) f.get(localOf(register))
      else {
        f.i32(0)
          .load('i32.load', AT.registers + 4 * register)
          .tee(localOf(register))
        known.add(register)
      }
    },
    pop(register) {
      f.set(localOf(register))
      known.add(register)
      dirty.add(register)
    },
  }
  const row = traced ? rowEmitter(f, cursor, tsOffset, registers) : undefined
  const write = row?.write ?? plain
  const compute = computeEmitter(f, registers)
  const memory = memoryEmitter(f, control, registers, row)
  /** What memory has to know of registers where the segment may be left. */
  const settle = (): void => {
    for (const register of dirty)
      f.i32(0)
        .get(localOf(register))
        .store('i32.store', AT.registers + 4 * register)
    dirty = new Set()
  }
  const leaving = (): void => {
    settle()
    row?.settle()
  }
  /** Before something that may bail. The rows tell what registers were, where there are rows. */
  const mayBail = ({ pc }: Decoded, done: number): void => {
    if (!traced) settle()
    f.i32(pc).set(control.next).i32(done).set(control.partial)
  }

  return (segment, follower) => {
    known = new Set()
    dirty = new Set()
    row?.begin()
    const { code } = segment
    for (const [i, c] of code.entries()) {
      const { name, pc, rd, rs1, rs2, imm } = c
      const width = name in STORES ? STORES[name] : undefined
      switch (flowOf(name)) {
        case 'stop':
          mayBail(c, i)
          f.br(control.bail)
          return
        case 'jump':
          if ((imm & 3) !== 0) {
            mayBail(c, i)
            f.br(control.bail)
            return
          }
          write(i, c, () => {
            f.i32(pc + 4)
            registers.pop(rd)
          })
          leaving()
          control.advance(i + 1)
          control.go(pc + imm)
          return
        case 'indirect':
          registers.push(rs1)
          f.i32(imm).op('i32.add').i32(-2).op('i32.and').set(target)
          mayBail(c, i)
          f.get(target).i32(3).op('i32.and').brIf(control.bail)
          f.get(target).set(control.next)
          write(i, c, () => {
            f.i32(pc + 4)
            registers.pop(rd)
          })
          leaving()
          control.advance(i + 1)
          control.goIndirect()
          return
        case 'branch':
          write(i, c)
          leaving()
          registers.push(rs1)
          registers.push(rs2)
          f.op(TAKEN[name])
          f.if(() => {
            if ((imm & 3) !== 0) {
              mayBail(c, i)
              f.br(control.bail)
            } else {
              control.advance(i + 1)
              control.go(pc + imm)
            }
          })
          break
        case 'next':
          if (name in LOADS) memory.load(i, c, LOADS[name], () => mayBail(c, i))
          else if (width !== undefined) memory.store(i, c, width, () => mayBail(c, i))
          else write(i, c, () => compute(c))
      }
    }
    const end = segment.pc + 4 * code.length
    leaving()
    control.advance(code.length)
    if (end !== follower) control.leave(end)
  }
}

/** Does what an instruction does, without a row. */
function plain(_i: number, _c: Decoded, effect?: () => void): void {
  effect?.()
}
