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

interface SplitColumns {
  readonly b0: Uint32Array
  readonly b1: Uint32Array
  readonly h0: Uint32Array
  readonly h1: Uint32Array
  readonly u0: Uint32Array
  readonly u1: Uint32Array
}

/** The honest parts of row r for multiplier `by`; `sign` as in `splitLimb`, for the high limb. */
export function fillSplit(c: SplitColumns, r: number, by: number, sign = 0): void {
  const low = c.b0[r] * by
  const high = (c.b1[r] - 65536 * sign) * by
  c.h0[r] = low >>> 16
  c.u0[r] = (low & 0xffff) >> 1
  c.h1[r] = m31.fromInteger(Math.floor(high / 65536))
  c.u1[r] = (high & 0xffff) >> 1
}
