import type { FunctionBuilder, Local } from '@vouch/wasm'
import type { Simd } from './simd.ts'

/**
 * A sum of products in four lanes of 64 bits, reduced once at its end. x -> (x mod 2^31) + (x >> 31), a fold, is the
 * same modulo P: below 2^34 for any x < 2^64, and below 2^31 + 8 the second time. Four products of numbers up to P
 * fit on top of a folded sum.
 */
export interface Accumulator {
  /** [v]: starts at the 64-bit lanes of v, below 2^34 each, in both halves. */
  start(): void
  /** [value, weight], both in [0, P]: adds value·weight. */
  addProduct(): void
  fold(): void
  /** Pushes the sum, in [0, P], and gives the locals back. */
  finish(): void
}

/** A local with 2^31 − 1 in both 64-bit lanes. */
export function foldMask(f: FunctionBuilder): Local {
  const mask = f.local('v128')
  f.i64(0x7fffffff).op('i64x2.splat').set(mask)
  return mask
}

export function accumulator(f: FunctionBuilder, s: Simd, mask: Local): Accumulator {
  const [low, high] = [f.take('v128'), f.take('v128')]
  let products = 0
  const fold = (): void => {
    for (const half of [low, high])
      f.get(half, mask).op('v128.and').get(half).i32(31).op('i64x2.shr_u', 'i64x2.add').set(half)
    products = 0
  }
  return {
    start() {
      f.tee(low).set(high)
    },
    addProduct() {
      if (products === 4) {
        f.temp('v128', (v) =>
          f.temp('v128', (w) => {
            f.set(v, w)
            fold()
            f.get(v, w)
          }),
        )
      }
      products++
      f.temp('v128', (v) =>
        f.temp('v128', (w) => {
          f.set(v, w)
          f.get(low, v, w).op('i64x2.extmul_low_i32x4_u', 'i64x2.add').set(low)
          f.get(high, v, w).op('i64x2.extmul_high_i32x4_u', 'i64x2.add').set(high)
        }),
      )
    },
    fold,
    finish() {
      fold()
      fold()
      f.get(low, high).shuffle(0, 2, 4, 6)
      s.reduce()
      f.give(low, high)
    },
  }
}
