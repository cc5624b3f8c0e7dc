import type { FunctionBuilder, Local } from '@vouch/wasm'
import { ISA, OP } from './isa.ts'
import { AT } from './jit-layout.ts'
import type { Column } from './jit-layout.ts'
import type { Registers } from './jit-ops.ts'
import type { Decoded } from './jit-region.ts'

/** Emits the rows of a traced segment, into a stage of zeros. */
export interface Rows {
  /** At the start of a segment. */
  begin(): void
  /** The row of the segment's instruction `i`, which `effect`, where it has a rd, leaves in it. */
  write(i: number, c: Decoded, effect?: () => void): void
  /** A cell of that row; `value` pushes it. */
  cell(i: number, column: Column, value: () => void): void
  /** Pushes the timestamp of slot `slot` of instruction `i`. */
  ts(i: number, slot: number): void
  /** Stores the timestamps of the registers. */
  settle(): void
}

/** Which registers an instruction accesses. */
export function usesOf(name: string): { readonly rs1: boolean; readonly rs2: boolean; readonly rd: boolean } {
  const { format } = ISA[OP[name]]
  return {
    rs1: !['U', 'J', 'system'].includes(format),
    rs2: ['R', 'S', 'B'].includes(format),
    rd: !['S', 'B', 'system'].includes(format),
  }
}

export function rowEmitter(f: FunctionBuilder, cursor: Local, tsOffset: Local, registers: Registers): Rows {
  const start = f.local('i32')
  /** Last access in the segment, as timestamp after its start. */
  let last = new Map<number, number>()
  let dirty = new Set<number>()
  const since = (ts: number): void => {
    f.get(start)
    if (ts !== 0) f.i32(ts).op('i32.add')
  }
  const access = (i: number, column: Column, register: number, slot: number): void => {
    rows.cell(i, column, () => {
      const before = last.get(register)
      if (before === undefined) f.i32(0).load('i32.load', AT.times + 4 * register)
      else since(before)
    })
    last.set(register, 4 * i + slot)
    dirty.add(register)
  }
  const value = (i: number, column: Column, register: number): void => {
    if (register !== 0) rows.cell(i, column, () => registers.push(register))
  }
  const rows: Rows = {
    begin() {
      last = new Map()
      dirty = new Set()
      f.get(cursor, tsOffset).op('i32.add').set(start)
    },
    write(i, c, effect) {
      const { pc, name, rd, rs1, rs2 } = c
      const uses = usesOf(name)
      rows.cell(i, 'pc', () => f.i32(pc))
      if (uses.rs1) {
        value(i, 'rs1Value', rs1)
        access(i, 'rs1Prev', rs1, 0)
      }
      if (uses.rs2) {
        value(i, 'rs2Value', rs2)
        access(i, 'rs2Prev', rs2, 1)
      }
      if (!uses.rd) return effect?.()
      value(i, 'rdBefore', rd)
      effect?.()
      value(i, 'rdAfter', rd)
      access(i, 'rdPrev', rd, 3)
    },
    cell(i, column, push) {
      f.get(cursor)
      push()
      f.store('i32.store', AT.column[column] + 4 * i)
    },
    ts: (i, slot) => since(4 * i + slot),
    settle() {
      for (const register of dirty) {
        f.i32(0)
        since(last.get(register) ?? 0)
        f.store('i32.store', AT.times + 4 * register)
      }
      dirty = new Set()
    },
  }
  return rows
}
