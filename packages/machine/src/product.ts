import { limb } from './bitwise.ts'
import { BITWISE, RANGE15 } from './buses.ts'
import type { Builder, Expr } from '@vouch/stark'

/** Four bytes of a word, low first; the last one may be signed. */
export type Bytes = readonly [Expr, Expr, Expr, Expr]

/** Carries are at least this less 2^15, and below it. */
const CARRY_BOUND = 2 ** 10

/**
 * `carry` in sum = limb + 2^16·carry, for a limb below 2^16.
 *
 * With −2^15 + 2^10 ≤ carry < 2^10 the right side runs through the integers from −2^31 + 2^26 to 2^26 − 1, of which only
 * the first and the last are alike mod p. A sum that lies strictly between has one limb and one carry.
 */
export function carryRange(b: Builder, name: string, en: Expr, carry: Expr): void {
  b.receive(`${name} is a carry`, RANGE15, en, [carry.add(2 ** 15 - CARRY_BOUND)])
}

/** `x` are bytes, two a look-up. */
export function byteRange(b: Builder, name: string, en: Expr, x: readonly [Expr, Expr, Expr, Expr]): void {
  b.receive(`${name}0 and ${name}1 are bytes`, BITWISE, en, [0, x[0], x[1], 0])
  b.receive(`${name}2 and ${name}3 are bytes`, BITWISE, en, [0, x[2], x[3], 0])
}

/** The limbs of four bytes. */
export const limbsOf = (x: Bytes): readonly [Expr, Expr] => [limb(x[0], x[1]), limb(x[2], x[3])]

/** What two words' bytes give at 2^0, 2^16 and 2^32: |x_i| < 2^8, so that each is below 2^26 − 2^17 in absolute value. */
export const lowTerms = (x: Bytes, y: Bytes): Expr => limb(x[0].mul(y[0]), x[0].mul(y[1]).add(x[1].mul(y[0])))
export const highTerms = (x: Bytes, y: Bytes): Expr =>
  limb(
    x[0].mul(y[2]).add(x[1].mul(y[1])).add(x[2].mul(y[0])),
    x[0].mul(y[3]).add(x[1].mul(y[2])).add(x[2].mul(y[1])).add(x[3].mul(y[0])),
  )
export const thirdTerms = (x: Bytes, y: Bytes): Expr =>
  limb(x[1].mul(y[3]).add(x[2].mul(y[2])).add(x[3].mul(y[1])), x[2].mul(y[3]).add(x[3].mul(y[2])))

/** Columns of the low 32 bits of a product. */
export interface ProductColumns<T> {
  readonly x0: T
  readonly x1: T
  readonly x2: T
  readonly x3: T
  readonly y0: T
  readonly y1: T
  readonly y2: T
  readonly y3: T
  /** Carries out of the low limb and the high limb. */
  readonly k0: T
  readonly k1: T
}

/** (lo0, lo1) = x·y mod 2^32, with carries; `lo0` and `lo1` are limbs by checks of their own. */
export function productLow(
  b: Builder,
  x: Bytes,
  y: Bytes,
  c: ProductColumns<Expr>,
  lo0: Expr,
  lo1: Expr,
): void {
  b.zero('low limb', lowTerms(x, y).sub(lo0).sub(c.k0.mul(65536)))
  b.zero('high limb', c.k0.add(highTerms(x, y)).sub(lo1).sub(c.k1.mul(65536)))
}

/** Ranges of the columns of a product. */
export function productRanges(b: Builder, en: Expr, c: ProductColumns<Expr>): void {
  byteRange(b, 'x', en, [c.x0, c.x1, c.x2, c.x3])
  byteRange(b, 'y', en, [c.y0, c.y1, c.y2, c.y3])
  carryRange(b, 'k0', en, c.k0)
  carryRange(b, 'k1', en, c.k1)
}

export const PRODUCT_RANGES = {
  x0: 'x0 and x1 are bytes',
  x1: 'x0 and x1 are bytes',
  x2: 'x2 and x3 are bytes',
  x3: 'x2 and x3 are bytes',
  y0: 'y0 and y1 are bytes',
  y1: 'y0 and y1 are bytes',
  y2: 'y2 and y3 are bytes',
  y3: 'y2 and y3 are bytes',
  k0: 'k0 is a carry',
  k1: 'k1 is a carry',
} as const

/** The sums of `lowTerms`, `highTerms` and `thirdTerms` for numbers. */
export function sums(x: readonly number[], y: readonly number[]): [number, number, number] {
  return [
    x[0] * y[0] + 256 * (x[0] * y[1] + x[1] * y[0]),
    x[0] * y[2] + x[1] * y[1] + x[2] * y[0] + 256 * (x[0] * y[3] + x[1] * y[2] + x[2] * y[1] + x[3] * y[0]),
    x[1] * y[3] + x[2] * y[2] + x[3] * y[1] + 256 * (x[2] * y[3] + x[3] * y[2]),
  ]
}

/** Bytes of a word, low first; the last one negative when `signed` is 1 and the top bit is set. */
export const bytesOf = (word: number, signed: number): [number, number, number, number] => [
  word & 255,
  (word >>> 8) & 255,
  (word >>> 16) & 255,
  (word >>> 24) - 256 * signed * (word >>> 31),
]
