import type { FunctionBuilder, Load } from '@vouch/wasm'
import { AT } from './jit-layout.ts'
import type { Control, Registers } from './jit-ops.ts'
import type { Decoded } from './jit-region.ts'
import type { Rows } from './jit-row.ts'
import { PAGE_BITS, PAGE_BYTES } from './memory.ts'

/** Emits loads and stores; `mayBail` is called before their checks. */
export interface MemoryEmitter {
  load(i: number, c: Decoded, name: Load, mayBail: () => void): void
  store(i: number, c: Decoded, width: 1 | 2 | 4, mayBail: () => void): void
}

/** The word of an address in its page. */
const WORD_MASK = PAGE_BYTES - 4

export function memoryEmitter(
  f: FunctionBuilder,
  control: Control,
  registers: Registers,
  rows: Rows | undefined,
): MemoryEmitter {
  const [address, frame, word] = [f.local('i32'), f.local('i32'), f.local('i32')]
  const [before, after, by] = [f.local('i32'), f.local('i32'), f.local('i32')]

  /** Bails where the access would trap or its page is not there; sets `address` and `frame`. */
  const check = ({ rs1, imm }: Decoded, width: number, mayBail: () => void): void => {
    registers.push(rs1)
    if (imm !== 0) f.i32(imm).op('i32.add')
    f.set(address)
    mayBail()
    if (width > 1)
      f.get(address)
        .i32(width - 1)
        .op('i32.and')
        .brIf(control.bail)
    // The index of the page, in bytes of the directory.
    f.get(address)
      .i32(PAGE_BITS - 2)
      .op('i32.shr_u')
      .i32(4 * (2 ** (32 - PAGE_BITS) - 1))
      .op('i32.and')
    f.load('i32.load', AT.directory).tee(frame).op('i32.eqz').brIf(control.bail)
  }
  const place = (mask: number): void => {
    f.get(frame, address).i32(mask).op('i32.and', 'i32.add')
  }
  /** The cells of an access to `word`, whose times lie a page behind, and its timestamp. */
  const access = (i: number, out: Rows, changed: boolean): void => {
    out.cell(i, 'memAddr', () => f.get(address))
    out.cell(i, 'memBefore', () => f.get(before))
    out.cell(i, 'memAfter', () => f.get(changed ? after : before))
    out.cell(i, 'memPrev', () => f.get(word).load('i32.load', PAGE_BYTES))
    f.get(word)
    out.ts(i, 2)
    f.store('i32.store', PAGE_BYTES)
  }
  const widthOf = (name: Load): 1 | 2 | 4 => (name.includes('8') ? 1 : name.includes('16') ? 2 : 4)

  return {
    load(i, c, name, mayBail) {
      check(c, widthOf(name), mayBail)
      if (rows === undefined) {
        place(PAGE_BYTES - 1)
        f.load(name)
        registers.pop(c.rd)
        return
      }
      place(WORD_MASK)
      f.tee(word).load('i32.load').set(before)
      access(i, rows, false)
      rows.write(i, c, () => {
        if (widthOf(name) === 4) f.get(before)
        else {
          place(PAGE_BYTES - 1)
          f.load(name)
        }
        registers.pop(c.rd)
      })
    },
    store(i, c, width, mayBail) {
      check(c, width, mayBail)
      if (rows === undefined) {
        place(PAGE_BYTES - 1)
        registers.push(c.rs2)
        f.store(width === 1 ? 'i32.store8' : width === 2 ? 'i32.store16' : 'i32.store')
        return
      }
      place(WORD_MASK)
      f.tee(word).load('i32.load').set(before)
      registers.push(c.rs2)
      if (width < 4) {
        // The narrow value replaces the bits of its lane.
        const mask = 2 ** (8 * width) - 1
        f.i32(mask).op('i32.and').get(address).i32(3).op('i32.and').i32(3).op('i32.shl').tee(by).op('i32.shl')
        f.get(before).i32(mask).get(by).op('i32.shl').i32(-1).op('i32.xor', 'i32.and', 'i32.or')
      }
      f.set(after)
      access(i, rows, true)
      f.get(word, after).store('i32.store')
      rows.write(i, c)
    },
  }
}
