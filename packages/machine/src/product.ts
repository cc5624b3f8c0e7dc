import { limb } from './bitwise.ts'
import { BITWISE, RANGE16 } from './buses.ts'
import type { Builder, Expr } from '@vouch/stark'

/** Columns of the low 32 bits of a product of limbs (b0, b1) and bytes y0..y3. */
export interface ProductColumns<T> {
  readonly b0: T
  readonly b1: T
  readonly y0: T
  readonly y1: T
  readonly y2: T
  readonly y3: T
  /** Low byte, and the rest, of b0·y1. */
  readonly r1: T
  readonly s1: T
  /** Low byte, and the rest, of b0·y3 + b1·y1: 16 bits and a top bit. */
  readonly r3: T
  readonly s3: T
  readonly s3Top: T
  /** Carry out of the low limb, a byte. */
  readonly k0: T
  /** Carry out of the high limb: a byte and a top bit. */
  readonly k1: T
  readonly k1Top: T
}

/**
 * (lo0, lo1) = b·y mod 2^32. Limb times byte is below 2^24; every sum stays below 2^26 on both sides, so each equation
 * holds over the integers, and each splits its left side at a byte or limb border, in one way only. `s3Top` and
 * `k1Top` are bits of their own.
 */
export function productLow(b: Builder, en: Expr, c: ProductColumns<Expr>, lo0: Expr, lo1: Expr): void {
  b.zero('b0·y1', c.b0.mul(c.y1).sub(limb(c.r1, c.s1)))
  b.zero('low limb', c.b0.mul(c.y0).add(c.r1.mul(256)).sub(lo0).sub(c.k0.mul(65536)))
  b.zero(
    'b0·y3 + b1·y1',
    c.b0
      .mul(c.y3)
      .add(c.b1.mul(c.y1))
      .sub(limb(c.r3, c.s3))
      .sub(c.s3Top.mul(2 ** 24)),
  )
  b.zero(
    'high limb',
    c.k0
      .add(c.s1)
      .add(c.b0.mul(c.y2))
      .add(c.b1.mul(c.y0))
      .add(c.r3.mul(256))
      .sub(lo1)
      .sub(limb(c.k1, c.k1Top).mul(65536)),
  )
  b.receive('y0 and y1 are bytes', BITWISE, en, [0, c.y0, c.y1, 0])
  b.receive('y2 and y3 are bytes', BITWISE, en, [0, c.y2, c.y3, 0])
  b.receive('r1 and k0 are bytes', BITWISE, en, [0, c.r1, c.k0, 0])
  b.receive('r3 and k1 are bytes', BITWISE, en, [0, c.r3, c.k1, 0])
  b.receive('s1 is a limb', RANGE16, en, [c.s1])
  b.receive('s3 is a limb', RANGE16, en, [c.s3])
}

/** Fills row r from b and y; returns what the high half continues from: both carries to 2^32. */
export function fillProductLow(
  c: ProductColumns<Uint32Array>,
  r: number,
  x: number,
  y: number,
): { low: number; carry: number } {
  const [b0, b1] = [x & 0xffff, x >>> 16]
  const [y0, y1, y2, y3] = [y & 255, (y >>> 8) & 255, (y >>> 16) & 255, y >>> 24]
  c.b0[r] = b0
  c.b1[r] = b1
  c.y0[r] = y0
  c.y1[r] = y1
  c.y2[r] = y2
  c.y3[r] = y3
  const first = b0 * y1
  c.r1[r] = first & 255
  c.s1[r] = first >>> 8
  const low = b0 * y0 + 256 * (first & 255)
  c.k0[r] = low >>> 16
  const second = b0 * y3 + b1 * y1
  c.r3[r] = second & 255
  c.s3[r] = (second >>> 8) & 0xffff
  c.s3Top[r] = second >>> 24
  const high = (low >>> 16) + (first >>> 8) + b0 * y2 + b1 * y0 + 256 * (second & 255)
  c.k1[r] = (high >>> 16) & 255
  c.k1Top[r] = high >>> 24
  return { low: ((high << 16) | (low & 0xffff)) >>> 0, carry: (high >>> 16) + (second >>> 8) }
}

export const PRODUCT_RANGES = {
  b0: 'rs1 before',
  b1: 'rs1 before',
  y0: 'y0 and y1 are bytes',
  y1: 'y0 and y1 are bytes',
  y2: 'y2 and y3 are bytes',
  y3: 'y2 and y3 are bytes',
  r1: 'r1 and k0 are bytes',
  s1: 's1 is a limb',
  r3: 'r3 and k1 are bytes',
  s3: 's3 is a limb',
  s3Top: 'bool',
  k0: 'r1 and k0 are bytes',
  k1: 'r3 and k1 are bytes',
  k1Top: 'bool',
} as const
