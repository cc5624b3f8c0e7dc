import type { FunctionBuilder, Local } from '@vouch/wasm'
import type { Limbs, Simd } from './simd.ts'

/**
 * Sums of products in 64-bit lanes, reduced once. A product of two numbers up to P is below 2^62 − 2^32 + 2, so that four
 * stay below 2^64 − 2^33, which is what `reduceWide` takes.
 */
export interface Wide {
  readonly low: Local
  readonly high: Local
}

export const takeWide = (f: FunctionBuilder): Wide => ({ low: f.take('v128'), high: f.take('v128') })
export const giveWide = (f: FunctionBuilder, ...wides: readonly Wide[]): void => {
  for (const w of wides) f.give(w.low, w.high)
}

/** Runs a body for both halves: it pushes what `to` is set to. */
export function eachHalf(f: FunctionBuilder, to: Wide, push: (half: 'low' | 'high') => void): void {
  for (const half of ['low', 'high'] as const) {
    push(half)
    f.set(to[half])
  }
}

/** to = Σ a·b, and + `onto` if given. Factors are integers of 32 bits; the sum wraps at 2^64. */
export function sumProducts(
  f: FunctionBuilder,
  to: Wide,
  products: readonly (readonly [Local, Local])[],
  onto?: Wide,
): void {
  eachHalf(f, to, (half) => {
    if (onto !== undefined) f.get(onto[half])
    products.forEach(([a, b], i) => {
      f.get(a, b).op(half === 'low' ? 'i64x2.extmul_low_i32x4_u' : 'i64x2.extmul_high_i32x4_u')
      if (i > 0 || onto !== undefined) f.op('i64x2.add')
    })
  })
}

/** to = (from mod 2^31) + (from >> 31), the same modulo P: below 2^31 + 2^33, and below 2^31 + 2^32 of one below 2^63. */
export function foldTo(f: FunctionBuilder, s: Simd, from: Wide, to: Wide): void {
  eachHalf(f, to, (half) => {
    f.get(from[half], s.wideP).op('v128.and').get(from[half]).i32(31).op('i64x2.shr_u', 'i64x2.add')
  })
}

/**
 * Pushes the sum modulo P, in [0, P], of one below 2^64 − 2^33: 2·(high words) + (low words). The high words are below
 * 2P and reduced before and after they are doubled, to an even number less P or an even one: at most P − 1. The low words
 * fold to P + 1 at most.
 */
export function reduceWide(f: FunctionBuilder, s: Simd, { low, high }: Wide): void {
  f.temp('v128', (t) => {
    f.get(low, high).shuffle(1, 3, 5, 7)
    s.reduce()
    f.tee(t).get(t).op('i32x4.add')
    s.reduce()
    f.get(low, high).shuffle(0, 2, 4, 6).tee(t).get(s.p).op('v128.and')
    f.get(t).i32(31).op('i32x4.shr_u', 'i32x4.add', 'i32x4.add')
    s.reduce()
  })
}

/**
 * `to = x · y`, Karatsuba over CM31 with u² = 2 + i: L and H are the products of the lower and the upper halves, M that of
 * the halves' sums. M − L − H is four products whatever wraps on the way; H is folded before it is multiplied by 2 + i.
 * `to` may be `x` or `y`.
 */
export function mulLimbs(f: FunctionBuilder, s: Simd, x: Limbs, y: Limbs, to: Limbs): void {
  const v = (): Local => f.take('v128')
  const [n1, n3, s0, s1, t0, t1, tn] = [v(), v(), v(), v(), v(), v(), v()]
  const [lr, li, hr, hi, m] = [takeWide(f), takeWide(f), takeWide(f), takeWide(f), takeWide(f)]
  f.get(s.p, y[1]).op('i32x4.sub').set(n1)
  f.get(s.p, y[3]).op('i32x4.sub').set(n3)
  for (const [a, b, to] of [
    [x[0], x[2], s0],
    [x[1], x[3], s1],
    [y[0], y[2], t0],
    [y[1], y[3], t1],
    [n1, n3, tn],
  ])
    f.get(a, b).op('i32x4.add').set(to)
  sumProducts(f, lr, [
    [x[0], y[0]],
    [x[1], n1],
  ])
  sumProducts(f, hr, [
    [x[2], y[2]],
    [x[3], n3],
  ])
  sumProducts(f, li, [
    [x[0], y[1]],
    [x[1], y[0]],
  ])
  sumProducts(f, hi, [
    [x[2], y[3]],
    [x[3], y[2]],
  ])
  const upper = (l: Wide, h: Wide, limb: Local): void => {
    eachHalf(f, m, (half) => f.get(m[half], l[half]).op('i64x2.sub').get(h[half]).op('i64x2.sub'))
    reduceWide(f, s, m)
    f.set(limb)
  }
  sumProducts(f, m, [
    [s0, t0],
    [s1, tn],
  ])
  upper(lr, hr, n1)
  sumProducts(f, m, [
    [s0, t1],
    [s1, t0],
  ])
  upper(li, hi, n3)
  foldTo(f, s, hr, hr)
  foldTo(f, s, hi, hi)
  // 4P is more than a folded hi.
  f.get(s.wideP).i32(2).op('i64x2.shl').set(tn)
  eachHalf(f, m, (half) => {
    f.get(hr[half], hr[half]).op('i64x2.add').get(lr[half]).op('i64x2.add')
    f.get(tn).op('i64x2.add').get(hi[half]).op('i64x2.sub')
  })
  reduceWide(f, s, m)
  f.set(to[0])
  eachHalf(f, m, (half) => {
    f.get(hi[half], hi[half]).op('i64x2.add').get(li[half]).op('i64x2.add').get(hr[half]).op('i64x2.add')
  })
  reduceWide(f, s, m)
  f.set(to[1])
  f.get(n1).set(to[2]).get(n3).set(to[3])
  giveWide(f, m, hi, hr, li, lr)
  f.give(tn, t1, t0, s1, s0, n3, n1)
}
