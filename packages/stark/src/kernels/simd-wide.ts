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

/**
 * A QM31 in memory by the local with its address and an offset, limbs `stride` bytes apart; or an element of M31. Operands
 * are loaded anew for each part of a product: what lies between a load and a store is scheduled as a whole, and what
 * does not fit the registers is spilled.
 */
export interface Operand {
  readonly address: Local
  readonly offset: number
  readonly stride: number
}

/** Two limbs of an operand, or with `sum` the sums of limbs 0 and 2 and of 1 and 3. */
function loadPair(f: FunctionBuilder, s: Simd, x: Operand, part: ProductPart): readonly [Local, Local] {
  const pair = [f.take('v128'), f.take('v128')] as const
  const push = (limb: number): void => {
    f.get(x.address).load('v128.load', x.offset + x.stride * limb)
  }
  pair.forEach((local, i) => {
    push(part === 'h' ? i + 2 : i)
    if (part === 'm') {
      push(i + 2)
      s.add()
    }
    f.set(local)
  })
  return pair
}

/** The products of the lower halves, the upper halves and the halves' sums, as in `mulLimbs`. */
export const PRODUCT_PARTS = ['l', 'h', 'm'] as const
export type ProductPart = (typeof PRODUCT_PARTS)[number]

/**
 * The real and the imaginary factors of one part of Σ x·y over QM31 and of Σ b·y with b in M31, for `use`. Two products of
 * M31 for each x·y, one for each b·y.
 */
export function eachPart(
  f: FunctionBuilder,
  s: Simd,
  part: ProductPart,
  products: readonly (readonly [Operand, Operand])[],
  baseProducts: readonly (readonly [Operand, Operand])[],
  use: (re: readonly (readonly [Local, Local])[], im: readonly (readonly [Local, Local])[]) => void,
): void {
  const re: (readonly [Local, Local])[] = []
  const im: (readonly [Local, Local])[] = []
  const taken: Local[] = []
  for (const [x, y] of products) {
    const [[a0, a1], [b0, b1]] = [loadPair(f, s, x, part), loadPair(f, s, y, part)]
    const negated = f.take('v128')
    f.get(s.p, b1).op('i32x4.sub').set(negated)
    re.push([a0, b0], [a1, negated])
    im.push([a0, b1], [a1, b0])
    taken.push(a0, a1, b0, b1, negated)
  }
  if (part !== 'h')
    for (const [b, y] of baseProducts) {
      const [y0, y1] = loadPair(f, s, y, part)
      const base = f.take('v128')
      f.get(b.address).load('v128.load', b.offset).set(base)
      re.push([base, y0])
      im.push([base, y1])
      taken.push(base, y0, y1)
    }
  use(re, im)
  f.give(...taken)
}

/**
 * `to` = Σ x·y + Σ b·y over at most two products in all. Keeps the parts in 96 bytes at `scratch`.
 */
export function sumLimbProducts(
  f: FunctionBuilder,
  s: Simd,
  products: readonly (readonly [Operand, Operand])[],
  baseProducts: readonly (readonly [Operand, Operand])[],
  scratch: Operand,
  to: Limbs,
): void {
  const w = takeWide(f)
  const [re, im] = [f.take('v128'), f.take('v128')]
  PRODUCT_PARTS.forEach((part, i) => {
    eachPart(f, s, part, products, baseProducts, (reFactors, imFactors) => {
      for (const [factors, local] of [
        [reFactors, re],
        [imFactors, im],
      ] as const) {
        sumProducts(f, w, factors)
        reduceWide(f, s, w)
        f.set(local)
      }
    })
    for (const [k, local] of [re, im].entries())
      f.get(scratch.address, local).store('v128.store', scratch.offset + 32 * i + 16 * k)
  })
  giveWide(f, w)
  f.give(re, im)
  joinParts(f, s, scratch, to)
}

/** `to` = the value of L, H and M, real and imaginary part each, at an address: (L + (2 + i)·H, M − L − H). */
export function joinParts(f: FunctionBuilder, s: Simd, { address, offset }: Operand, to: Limbs): void {
  const v = (): Local => f.take('v128')
  const parts = [v(), v(), v(), v(), v(), v()] as const
  parts.forEach((local, i) =>
    f
      .get(address)
      .load('v128.load', offset + 16 * i)
      .set(local),
  )
  const [lr, li, hr, hi, mr, mi] = parts
  const [re, im] = [v(), v()]
  for (const [l, h, sum] of [
    [lr, hr, re],
    [li, hi, im],
  ]) {
    f.get(l, h)
    s.add()
    f.set(sum)
  }
  f.get(re, hr, hi)
  s.sub()
  s.add()
  f.set(to[0]).get(im, hr, hi)
  s.add()
  s.add()
  f.set(to[1]).get(mr, re)
  s.sub()
  f.set(to[2]).get(mi, im)
  s.sub()
  f.set(to[3])
  f.give(im, re, ...parts)
}

/** Bytes of the accumulator of `accumulateProducts`: L, H and M, real and imaginary part, in two vectors of 64 bits. */
export const WIDE_PRODUCT_BYTES = 192

/** The accumulator at `total` += Σ x·y over at most two products; folded, that is each part below 2^31 + 2^33. */
export function accumulateProducts(
  f: FunctionBuilder,
  s: Simd,
  products: readonly (readonly [Operand, Operand])[],
  total: Operand,
): void {
  const sums = [takeWide(f), takeWide(f)]
  PRODUCT_PARTS.forEach((part, i) => {
    eachPart(f, s, part, products, [], (...factors) => {
      sums.forEach((sum, k) => {
        const at = total.offset + 64 * i + 32 * k
        eachHalf(f, sum, (half) => f.get(total.address).load('v128.load', at + (half === 'low' ? 0 : 16)))
        sumProducts(f, sum, factors[k], sum)
        foldTo(f, s, sum, sum)
        for (const half of ['low', 'high'] as const)
          f.get(total.address, sum[half]).store('v128.store', at + (half === 'low' ? 0 : 16))
      })
    })
  })
  giveWide(f, ...sums)
}

/** `to` = the value of an accumulator, which is overwritten. */
export function finishProduct(f: FunctionBuilder, s: Simd, total: Operand, to: Limbs): void {
  const sum = takeWide(f)
  f.temp('v128', (part) => {
    for (let i = 0; i < 6; i++) {
      const at = total.offset + 32 * i
      eachHalf(f, sum, (half) => f.get(total.address).load('v128.load', at + (half === 'low' ? 0 : 16)))
      reduceWide(f, s, sum)
      f.set(part)
        .get(total.address, part)
        .store('v128.store', total.offset + 16 * i)
    }
  })
  giveWide(f, sum)
  joinParts(f, s, total, to)
}
