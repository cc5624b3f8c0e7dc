import type { FunctionBuilder, Local } from '@vouch/wasm'
import type { Limbs, Simd } from './simd.ts'
import { eachHalf, foldTo, giveWide, reduceWide, sumProducts, takeWide } from './simd-wide.ts'

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

export const operand = (address: Local, offset: number, stride: number): Operand => ({
  address,
  offset,
  stride,
})

export function loadOperand(
  f: FunctionBuilder,
  { address, offset, stride }: Operand,
  to: readonly Local[],
): void {
  to.forEach((limb, l) =>
    f
      .get(address)
      .load('v128.load', offset + stride * l)
      .set(limb),
  )
}
export function storeOperand(
  f: FunctionBuilder,
  { address, offset, stride }: Operand,
  from: readonly Local[],
): void {
  from.forEach((limb, l) => f.get(address, limb).store('v128.store', offset + stride * l))
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
