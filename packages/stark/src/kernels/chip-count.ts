import type { ModuleBuilder } from '@vouch/wasm'
import { laneEvaluator, naturalInputs } from './chip-lanes.ts'
import type { ChipPlan } from './chip-layout.ts'
import { simd } from './simd.ts'

/** The messages whose multiplicities are counted, by index. */
export const countedMessages = ({ chip }: Pick<ChipPlan, 'chip'>): number[] =>
  chip.messages.flatMap(({ sign, bus }, i) => (sign === -1 && bus.table !== undefined ? [i] : []))

/**
 * Adds multiplicities to the counts of their slots, or gives the row offset of four rows with a slot out of range.
 * Keys are summed modulo 2^32, which on honest rows is no reduction. A count of no slots is left out.
 */
export function emitCount(m: ModuleBuilder, plan: ChipPlan): void {
  const { chip, program, layout } = plan
  const f = m.func('count', ['i32', 'i32', 'i32'], ['i32'])
  const s = simd(f)
  const [args, from, to] = f.params
  const off = f.local('i32')
  const [times, slot] = [f.local('v128'), f.local('v128')]
  const [address, word] = [f.local('i32'), f.local('i32')]
  const counted = countedMessages(plan)
  const keyed = (i: number): { step: number; factor: number }[] =>
    program.messages[i].tuple
      .map((step, j) => ({ step, factor: chip.messages[i].bus.table!.key[j] ?? 0 }))
      .filter(({ factor }) => factor !== 0)

  f.get(from).set(off)
  f.while(off, to, 16, () => {
    // Values that only some branches compute must not be kept for the others: one evaluator a message.
    counted.forEach((i, k) => {
      const at = layout.counts + 12 * k
      const push = laneEvaluator(
        f,
        s,
        program.steps,
        [program.messages[i].multiplicity, ...keyed(i).map((x) => x.step)],
        naturalInputs(f, s, layout, args, off),
      )
      f.block((next) => {
        f.get(args)
          .load('i32.load', at + 4)
          .op('i32.eqz')
          .brIf(next)
        push(program.messages[i].multiplicity)
        s.canonical()
        f.tee(times).op('v128.any_true', 'i32.eqz').brIf(next)
        f.v128(0)
        for (const { step, factor } of keyed(i)) {
          push(step)
          s.canonical()
          if (factor !== 1) f.v128(factor).op('i32x4.mul')
          f.op('i32x4.add')
        }
        f.i32(chip.messages[i].bus.table!.shift).op('i32x4.shr_u')
        f.get(args)
          .load('v128.load32_splat', at + 8)
          .op('i32x4.sub')
          .get(times)
          .v128(0)
          .op('i32x4.ne', 'v128.and')
          .set(slot)
        f.get(slot, args)
          .load('v128.load32_splat', at + 4)
          .op('i32x4.ge_u', 'v128.any_true')
          .if(() => f.get(off).op('return'))
        for (let lane = 0; lane < 4; lane++) {
          f.get(times).lane('i32x4.extract_lane', lane).tee(word)
          f.if(() => {
            f.get(slot).lane('i32x4.extract_lane', lane).i32(2).op('i32.shl')
            f.get(args).load('i32.load', at).op('i32.add').tee(address)
            f.get(address).load('i32.load').get(word).op('i32.add').tee(word)
            f.get(word).i32(0x7fffffff).op('i32.sub')
            f.get(word).i32(0x7fffffff).op('i32.lt_u')
            // select(word, word − P, word < P)
            f.op('select').store('i32.store')
          })
        }
      })
    })
  })
  f.i32(-1)
}
