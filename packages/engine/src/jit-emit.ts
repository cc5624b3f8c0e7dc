import { moduleBuilder } from '@vouch/wasm'
import type { FunctionBuilder, Label } from '@vouch/wasm'
import type { Code } from './machine.ts'
import { AT } from './jit-layout.ts'
import { segmentEmitter } from './jit-ops.ts'
import type { Control } from './jit-ops.ts'
import type { Segment } from './jit-region.ts'

/**
 * Compiled code in a few words.
 *
 * A run has a cursor that rises from 0 by a step for each instruction, up to a limit. Untraced the step is 1; traced it is
 * 4, a cell of a column, and 4·clk is the cursor plus `tsOffset`. A segment starts only where all of it fits under the
 * limit.
 *
 * Registers live in memory; within a segment they are kept in locals, and memory has them again wherever the segment can
 * be left. The timestamps of registers likewise, but not where an instruction bails.
 *
 * A function answers with the address of the next instruction; bit 0 says that it has to be interpreted: it is a call, it
 * might trap, it touches a page for the first time, or too few cycles are left. Then `partial` says how many
 * instructions of the segment were run before it. So compiled code never traps, and the interpreter alone says how.
 */
export const BAIL = 1

/** The word of the map for an entry. Regions count from 1. */
export const entryOf = (region: number, index: number): number => (region << 16) | index
/** Regions a program can have. */
export const MAX_REGIONS = 1 << 15

/** A module that exports `run`: from an address to the next one that has no entry, or that is to be interpreted. */
export function dispatcher(code: Code): Uint8Array {
  const m = moduleBuilder({ table: true })
  const f = m.func('run', ['i32'], ['i32'])
  const [pc, entry] = [f.param(0), f.local('i32')]
  f.block((out) => {
    f.loop((again) => {
      lookUp(f, code, () => f.get(pc), out)
      f.tee(entry).op('i32.eqz').brIf(out)
      f.get(entry).i32(0xffff).op('i32.and').get(entry).i32(16).op('i32.shr_u').callIndirect(f)
      f.tee(pc).i32(BAIL).op('i32.and', 'i32.eqz').brIf(again)
    })
  })
  f.get(pc)
  return m.bytes()
}

/** Pushes the map's word for an address, a multiple of 4 or with bit 0 set; branches to `out` where there is no code. */
function lookUp(f: FunctionBuilder, { base, table }: Code, address: () => void, out: Label): void {
  f.temp('i32', (offset) => {
    address()
    f.i32(base).op('i32.sub').tee(offset)
    f.i32(2 * table.length)
      .op('i32.ge_u')
      .brIf(out)
    f.get(offset).load('i32.load', AT.map)
  })
}

/** A module that exports `run`, a region: it takes the index of an entry. */
export function regionModule(
  code: Code,
  region: number,
  segments: readonly Segment[],
  traced: boolean,
): Uint8Array {
  const m = moduleBuilder()
  const f = m.func('run', ['i32'], ['i32'])
  const index = f.param(0)
  const [cursor, limit, tsOffset] = [f.local('i32'), f.local('i32'), f.local('i32')]
  const [next, partial] = [f.local('i32'), f.local('i32')]
  const step = traced ? 4 : 1
  const place = new Map(segments.map(({ pc }, i) => [pc, i]))
  const entries = segments.flatMap(({ entry }, i) => (entry ? [i] : []))
  const labels: Label[] = []
  f.i32(0).load('i32.load', AT.cursor).set(cursor)
  f.i32(0).load('i32.load', AT.limit).set(limit)
  if (traced) f.i32(0).load('i32.load', AT.tsOffset).set(tsOffset)

  f.block((exit) => {
    f.block((bail) => {
      f.loop((dispatch) => {
        let current = 0
        const control: Control = {
          bail,
          next,
          partial,
          leave(pc) {
            f.i32(pc).set(next).br(exit)
          },
          advance: (count) => f.increment(cursor, step * count),
          go(pc) {
            const to = place.get(pc)
            if (to === undefined) return control.leave(pc)
            if (to > current) f.br(labels[to])
            else f.i32(entries.indexOf(to)).set(index).br(dispatch)
          },
          goIndirect() {
            lookUp(f, code, () => f.get(next), exit)
            f.temp('i32', (entry) => {
              f.tee(entry).i32(16).op('i32.shr_u').i32(region).op('i32.ne').brIf(exit)
              f.get(entry).i32(0xffff).op('i32.and').set(index).br(dispatch)
            })
          },
        }
        const emit = segmentEmitter(f, control, cursor, tsOffset, traced)
        const nest = (i: number): void => {
          f.block((label) => {
            labels[i] = label
            if (i > 0) nest(i - 1)
            else
              f.get(index).brTable(
                entries.map((to) => labels[to]),
                label,
              )
          })
          current = i
          const segment = segments[i]
          f.get(cursor)
            .i32(step * segment.code.length)
            .op('i32.add')
            .get(limit)
            .op('i32.gt_u')
          f.if(() => f.i32(segment.pc).set(next).i32(0).set(partial).br(bail))
          emit(segment, segments[i + 1]?.pc)
        }
        nest(segments.length - 1)
      })
      f.op('unreachable')
    })
    f.i32(0).get(partial).store('i32.store', AT.partial)
    f.i32(0).get(cursor, partial).i32(step).op('i32.mul', 'i32.add').store('i32.store', AT.cursor)
    f.get(next).i32(BAIL).op('i32.or', 'return')
  })
  f.i32(0).get(cursor).store('i32.store', AT.cursor)
  f.get(next)
  return m.bytes()
}
