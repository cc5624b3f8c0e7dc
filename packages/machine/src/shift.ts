import { RANGE15 } from './buses.ts'
import { m31 } from '@vouch/stark'
import type { Builder, Expr } from '@vouch/stark'

/**
 * limb·by = 2^16·h + 2·u for a limb below 2^16 and by ∈ {0, 2, 4, ..., 2^15}: h is limb >> (16 − log by), 2u the rest
 * moved up. h and u are below 2^15, so the right side is at most p − 1 and the split unique; with 16 bits for either, 0
 * would also read as p.
 *
 * With `sign`, the limb is one less 2^16 where sign is 1 (product even, in [−2^30, −2]), and h lies in [−2^15, 0) there:
 * both sides are in [−2^31, −2], p integers of which no two are alike mod p.
 */
export function splitLimb(
  b: Builder,
  name: string,
  en: Expr,
  product: Expr,
  h: Expr,
  u: Expr,
  sign?: Expr,
): void {
  b.zero(`${name} splits`, product.sub(h.mul(65536)).sub(u.mul(2)))
  b.receive(`${name} high part`, RANGE15, en, [sign === undefined ? h : h.add(sign.mul(32768))])
  b.receive(`${name} low part`, RANGE15, en, [u])
}

/** The honest parts of a limb in each row; `by` is the column of multipliers, `sign` as in `splitLimb`. */
export function fillSplit(
  limb: Uint32Array,
  by: Uint32Array,
  rows: number,
  h: Uint32Array,
  u: Uint32Array,
  sign?: Uint32Array,
): void {
  for (let r = 0; r < rows; r++) {
    const product = (sign === undefined ? limb[r] : limb[r] - 65536 * sign[r]) * by[r]
    h[r] = product < 0 ? (product >> 16) + m31.P : product >> 16
    u[r] = (product & 0xffff) >> 1
  }
}

/** Which of three cases a row of an immediate shift is, as flags. */
export function fillCase(which: Uint32Array, below: Uint32Array, at: Uint32Array, above: Uint32Array): void {
  for (let r = 0; r < which.length; r++) {
    below[r] = which[r] === 0 ? 1 : 0
    at[r] = which[r] === 1 ? 1 : 0
    above[r] = which[r] === 2 ? 1 : 0
  }
}

/** The sign that an arithmetic shift brings in. */
export function fillSign(arithmetic: Uint32Array, b1: Uint32Array, rows: number, sign: Uint32Array): void {
  for (let r = 0; r < rows; r++) sign[r] = arithmetic[r] & (b1[r] >> 15)
}
