import { RANGE15, RANGE16 } from './buses.ts'
import type { Builder, Expr } from '@vouch/stark'

/** Columns of one comparison b < c. */
interface Compare {
  readonly en: Expr
  /** Borrows: out of the low limb, and the result. Bits. */
  readonly k0: Expr
  readonly lt: Expr
  /** 2^16·sb and 2^16·sc are what the sign bits of b and c count for; 0 for an unsigned comparison. */
  readonly sb: Expr
  readonly sc: Expr | number
}

/**
 * lt = (b < c), for limbs below 2^16. d = b − c + 2^32·lt with signed values, limb by limb; both limbs of d are in
 * [0, 2^16) for one choice of the borrows only, since the other choice moves a limb by 2^16.
 */
export function compare(
  b: Builder,
  x: readonly [Expr, Expr],
  y: readonly [Expr, Expr],
  { en, k0, lt, sb, sc }: Compare,
): void {
  b.receive('low limb of the difference', RANGE16, en, [x[0].sub(y[0]).add(k0.mul(65536))])
  b.receive('high limb of the difference', RANGE16, en, [
    x[1].sub(y[1]).sub(k0).add(lt.sub(sb).add(sc).mul(65536)),
  ])
}

/** `sign` is the top bit of a limb below 2^16 where `signed`, and 0 elsewhere. `sign` and `signed` are bits. */
export function signBit(b: Builder, name: string, limb: Expr, sign: Expr, signed: Expr): void {
  b.zero(`${name} only if signed`, sign.mul(signed.not()))
  b.receive(`${name} is the top bit`, RANGE15, signed, [limb.sub(sign.mul(32768))])
}

/** The honest columns of `compare` and `signBit`, for 32-bit words. */
export function fillCompare(
  x: Uint32Array,
  y: Uint32Array,
  signed: ArrayLike<number>,
  c: {
    readonly k0: Uint32Array
    readonly lt: Uint32Array
    readonly sb: Uint32Array
    readonly sc?: Uint32Array
  },
): void {
  for (let r = 0; r < x.length; r++) {
    c.k0[r] = (x[r] & 0xffff) < (y[r] & 0xffff) ? 1 : 0
    if (signed[r] !== 0) {
      c.lt[r] = (x[r] | 0) < (y[r] | 0) ? 1 : 0
      c.sb[r] = x[r] >>> 31
      if (c.sc) c.sc[r] = y[r] >>> 31
    } else c.lt[r] = x[r] < y[r] ? 1 : 0
  }
}
