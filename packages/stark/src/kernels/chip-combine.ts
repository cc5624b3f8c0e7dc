import type { ChipLayout } from './chip-layout.ts'
import type { LimbAccumulators } from './chip-sums.ts'
import type { FunctionBuilder, Local } from './emit.ts'
import type { Simd } from './simd.ts'

/**
 * planes[off] += sums + Σ weight·value over the row of values. Two limbs a pass: four accumulators, the value and the
 * scratch of the products stay in registers, where four limbs would not.
 */
export function emitCombine(
  f: FunctionBuilder,
  s: Simd,
  layout: ChipLayout,
  args: Local,
  off: Local,
  sums: LimbAccumulators,
): void {
  const [term, end, address] = [f.take('i32'), f.take('i32'), f.take('i32')]
  f.get(args)
    .i32(16 * layout.terms)
    .op('i32.add')
    .set(end)
  for (const limbs of [
    [0, 1],
    [2, 3],
  ]) {
    for (const l of limbs) sums[l].fold()
    f.get(args).set(term)
    f.while(term, end, 64, () => {
      f.temp('v128', (value) => {
        for (let k = 0; k < 4; k++) {
          f.get(term)
            .load('v128.load', layout.values + 16 * k)
            .set(value)
          for (const l of limbs) {
            f.get(value, term).load('v128.load32_splat', layout.weights + 16 * k + 4 * l)
            sums[l].addProduct()
          }
        }
      })
      for (const l of limbs) sums[l].fold()
    })
    for (const l of limbs) {
      f.get(args)
        .load('i32.load', layout.planes + 4 * l)
        .get(off)
        .op('i32.add')
        .tee(address)
        .get(address)
        .load('v128.load')
      sums[l].finish()
      s.add()
      s.canonical()
      f.store('v128.store')
    }
  }
  f.give(term, end, address)
}
