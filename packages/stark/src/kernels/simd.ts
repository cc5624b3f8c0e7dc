import type { FunctionBuilder, Local } from '@vouch/wasm'
import { P } from '../field/m31.ts'

export { mulLimbs } from './simd-wide.ts'

/**
 * M31 and QM31 in four lanes. Values are in [0, P], P standing for 0 until `canonical`.
 * Each method takes its operands from the stack and leaves its result there.
 */
export interface Simd {
  /** The splat of P, set at the top of the function. */
  readonly p: Local
  /** The same in 64-bit lanes. */
  readonly wideP: Local
  /** [s in 0..2P] -> [s mod P, in 0..P]. */
  reduce(): void
  /** [a in 0..P] -> [a in 0..P-1]. */
  canonical(): void
  /** [a, b] -> [a + b]. */
  add(): void
  /** [a, b] -> [a − b]. */
  sub(): void
  /** [a] -> [2a as an integer]: the form `mulDoubled` wants of its second factor. Not reduced. */
  double(): void
  /** [a, 2b] -> [a·b]. */
  mulDoubled(): void
  /** [a, b] -> [a·b]. */
  mul(): void
}

/**
 * The macros for one function. Call it before any code: it sets the local that holds P.
 * The multiply: with a <= P and 2b <= 2P the high word of a·2b is ab >> 31 and the low word shifted is ab mod 2^31.
 */
export function simd(f: FunctionBuilder): Simd {
  const p = f.local('v128')
  const wideP = f.local('v128')
  f.v128(P).tee(p).i32(32).op('i64x2.shr_u').set(wideP)
  const reduce = (): void => {
    f.temp('v128', (t) => f.tee(t).get(t, p).op('i32x4.sub', 'i32x4.min_u'))
  }
  const mulDoubled = (): void => {
    const [a, b, l, h] = [f.take('v128'), f.take('v128'), f.take('v128'), f.take('v128')]
    f.set(a, b)
    f.get(a, b).op('i64x2.extmul_low_i32x4_u').set(l)
    f.get(a, b).op('i64x2.extmul_high_i32x4_u').set(h)
    f.get(l, h).shuffle(1, 3, 5, 7)
    f.get(l, h).shuffle(0, 2, 4, 6).i32(1).op('i32x4.shr_u', 'i32x4.add')
    f.give(h, l, b, a)
    reduce()
  }
  const double = (): void => {
    f.temp('v128', (t) => f.tee(t).get(t).op('i32x4.add'))
  }
  return {
    p,
    wideP,
    reduce,
    canonical: reduce,
    add() {
      f.op('i32x4.add')
      reduce()
    },
    sub() {
      f.op('i32x4.sub')
      f.temp('v128', (t) => f.tee(t).get(t, p).op('i32x4.add', 'i32x4.min_u'))
    },
    double,
    mulDoubled,
    mul() {
      double()
      mulDoubled()
    },
  }
}

/** A QM31 in four lanes: one v128 local a limb. */
export type Limbs = readonly [Local, Local, Local, Local]

export const takeLimbs = (f: FunctionBuilder): Limbs => [
  f.take('v128'),
  f.take('v128'),
  f.take('v128'),
  f.take('v128'),
]

/** Loads 4 consecutive QM31 of planes: the address of limb k is `addresses[k]` plus `offset` bytes. */
export function loadLimbs(
  f: FunctionBuilder,
  addresses: readonly [Local, Local, Local, Local],
  offset: number,
  to: Limbs,
): void {
  to.forEach((limb, k) => f.get(addresses[k]).load('v128.load', offset).set(limb))
}

export function storeLimbs(
  f: FunctionBuilder,
  addresses: readonly [Local, Local, Local, Local],
  offset: number,
  from: Limbs,
): void {
  from.forEach((limb, k) => f.get(addresses[k], limb).store('v128.store', offset))
}

/** `to = x op y` limb by limb; `to` may be `x` or `y`. */
export function addLimbs(f: FunctionBuilder, s: Simd, x: Limbs, y: Limbs, to: Limbs): void {
  for (let k = 0; k < 4; k++) {
    f.get(x[k], y[k])
    s.add()
    f.set(to[k])
  }
}

export function subLimbs(f: FunctionBuilder, s: Simd, x: Limbs, y: Limbs, to: Limbs): void {
  for (let k = 0; k < 4; k++) {
    f.get(x[k], y[k])
    s.sub()
    f.set(to[k])
  }
}

/** `to = x · b` with b four base elements, already doubled when `doubled`. */
export function mulLimbsBase(f: FunctionBuilder, s: Simd, x: Limbs, doubledB: Local, to: Limbs): void {
  for (let k = 0; k < 4; k++) {
    f.get(x[k], doubledB)
    s.mulDoubled()
    f.set(to[k])
  }
}

/** A QM31 of four words in all lanes. */
export const splatLimbs = (f: FunctionBuilder, address: Local, offset: number): Limbs => {
  const limbs = takeLimbs(f)
  limbs.forEach((limb, l) =>
    f
      .get(address)
      .load('v128.load32_splat', offset + 4 * l)
      .set(limb),
  )
  return limbs
}
