import type { FunctionBuilder, Local } from '@vouch/wasm'
import type { ChipLayout } from './chip-layout.ts'
import { accumulator } from './chip-sums.ts'
import type { Simd } from './simd.ts'

/**
 * planes[off] += Σ weight·value over the row of values. Two limbs a pass: four accumulators, the value and the
 * scratch of the products stay in registers, where four limbs would not.
 */
export function emitCombine(
  f: FunctionBuilder,
  s: Simd,
  layout: ChipLayout,
  args: Local,
  off: Local,
  mask: Local,
): void {
  const [term, end, address] = [f.take('i32'), f.take('i32'), f.take('i32')]
  f.get(args)
    .i32(16 * layout.terms)
    .op('i32.add')
    .set(end)
  for (const pass of [0, 2]) {
    const sums = [0, 1].map(() => accumulator(f, s, mask))
    for (const sum of sums) {
      f.v128(0)
      sum.start()
    }
    f.get(args).set(term)
    f.while(term, end, 64, () => {
      f.temp('v128', (value) => {
        for (let k = 0; k < 4; k++) {
          f.get(term)
            .load('v128.load', layout.values + 16 * k)
            .set(value)
          sums.forEach((sum, l) => {
            f.get(value, term).load('v128.load32_splat', layout.weights + 16 * k + 4 * (pass + l))
            sum.addProduct()
          })
        }
      })
      for (const sum of sums) sum.fold()
    })
    sums.forEach((sum, l) => {
      f.get(args)
        .load('i32.load', layout.planes + 4 * (pass + l))
        .get(off)
        .op('i32.add')
        .tee(address)
        .get(address)
        .load('v128.load')
      sum.finish()
      s.add()
      s.canonical()
      f.store('v128.store')
    })
  }
  f.give(term, end, address)
}
