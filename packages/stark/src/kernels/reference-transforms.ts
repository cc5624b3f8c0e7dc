import { doubleExtension, firstRowSelector } from '../field/circle.ts'
import type { ExtensionPoint } from '../field/circle.ts'
import * as M from '../field/m31.ts'
import * as Q from '../field/qm31.ts'
import type { QM31 } from '../field/qm31.ts'
import { halfCoset, liftPosition, pointAt, rowOfPosition } from './positions.ts'

/** The circle FFT and the line folds, plainly. Arrays are modified in place unless a function returns a new one. */

const HALF = 2 ** 30

const cosets = new Map<number, ReturnType<typeof halfCoset>>()
export function coset(log: number): ReturnType<typeof halfCoset> {
  let c = cosets.get(log)
  if (c === undefined) {
    c = halfCoset(log)
    cosets.set(log, c)
  }
  return c
}

/**
 * The factor by which values at positions that differ in bit `bit` and have `s` above it differ, on the domain of size
 * 2^log: y for bit 0, x∘π^(bit−1) above. x∘π^(bit−1) on this domain is x on the domain of size 2^(log−bit+1).
 */
const twiddle = (log: number, bit: number, s: number): number =>
  bit === 0 ? coset(log).y[s] : coset(log - bit + 1).x[2 * s]

/** Values at the first `values.length` positions of the domain of size 2^logDomain -> coefficients. */
export function interpolate(values: Uint32Array, logDomain: number): void {
  for (let bit = 0; 2 ** bit < values.length; bit++)
    butterflies(values, bit, (s, a, b) => [
      M.mul(M.add(a, b), HALF),
      M.mul(M.mul(M.sub(a, b), HALF), M.inv(twiddle(logDomain, bit, s))),
    ])
}

/** Coefficients -> values on the whole domain of size 2^logDomain. */
export function evaluate(coefficients: Uint32Array, logDomain: number): Uint32Array {
  const values = new Uint32Array(2 ** logDomain)
  values.set(coefficients)
  for (let bit = logDomain - 1; bit >= 0; bit--)
    butterflies(values, bit, (s, a, b) => {
      const t = M.mul(twiddle(logDomain, bit, s), b)
      return [M.add(a, t), M.sub(a, t)]
    })
  return values
}

function butterflies(
  values: Uint32Array,
  bit: number,
  f: (s: number, a: number, b: number) => readonly [number, number],
): void {
  const half = 2 ** bit
  for (let start = 0; start < values.length; start += 2 * half)
    for (let i = start; i < start + half; i++) {
      const [a, b] = f(start / (2 * half), values[i], values[i + half])
      values[i] = a
      values[i + half] = b
    }
}

export function naturalToDomain(values: Uint32Array, log: number): Uint32Array {
  return values.map((_, q) => values[rowOfPosition(q, log)])
}

/** `to` += the coefficients of q∘π^m, m = log2 of the ratio of the lengths. */
export function addLifted(from: Uint32Array, to: Uint32Array): void {
  const scale = to.length / from.length
  from.forEach((value, c) => {
    // An odd index keeps bit 0 and sets the m freed bits above it.
    const [index, factor] = c % 2 === 0 ? [c * scale, 1] : [(c + 1) * scale - 1, scale]
    to[index] = M.add(to[index], M.mul(factor, value))
  })
}

/** The 2^log basis functions at `point`, one plane a limb. */
export function basisPlanes(point: ExtensionPoint, log: number, planes: Uint32Array): void {
  const n = 2 ** log
  let values: QM31[] = [Q.ONE]
  let p = point
  for (let bit = 0; bit < log; bit++) {
    const factor = bit === 0 ? point.y : p.x
    values = [...values, ...values.map((v) => Q.mul(v, factor))]
    if (bit > 0) p = doubleExtension(p)
  }
  values.forEach((v, c) => writeLimbs(planes, n, c, v))
}

export const readLimbs = (planes: Uint32Array, n: number, i: number): QM31 => [
  planes[i],
  planes[n + i],
  planes[2 * n + i],
  planes[3 * n + i],
]

export function writeLimbs(planes: Uint32Array, n: number, i: number, value: QM31): void {
  for (let k = 0; k < 4; k++) planes[k * n + i] = value[k]
}

/** One fold of planes by `beta`: by y when `circle`, else by x∘π^… of the domain twice as large. */
export function fold(planes: Uint32Array, circle: boolean, beta: QM31): Uint32Array {
  const n = planes.length / 4
  const log = Math.log2(n)
  const out = new Uint32Array(2 * n)
  for (let s = 0; s < n / 2; s++) {
    const a = readLimbs(planes, n, 2 * s)
    const b = readLimbs(planes, n, 2 * s + 1)
    const t = circle ? twiddle(log, 0, s) : twiddle(log + 1, 1, s)
    const odd = Q.mul(beta, Q.mulBase(Q.sub(a, b), M.inv(t)))
    writeLimbs(out, n / 2, s, Q.mulBase(Q.add(Q.add(a, b), odd), HALF))
  }
  return out
}

/** Values on the line domain of size `values.length` -> coefficients. */
export function lineInterpolate(values: Uint32Array): void {
  const log = Math.log2(values.length)
  for (let bit = 0; bit < log; bit++)
    butterflies(values, bit, (s, a, b) => [
      M.mul(M.add(a, b), HALF),
      M.mul(M.mul(M.sub(a, b), HALF), M.inv(twiddle(log + 1, bit + 1, s))),
    ])
}

/** See `Kernels.addQuotients`; sums and planes as arrays. */
export function addQuotients(
  sums: readonly { readonly log: number; readonly planes: Uint32Array }[],
  point: ExtensionPoint,
  a: QM31,
  b: QM31,
  log: number,
  planes: Uint32Array,
): void {
  const n = 2 ** log
  const half = (z: QM31, imaginary: boolean): QM31 => (imaginary ? [z[2], z[3], 0, 0] : [z[0], z[1], 0, 0])
  const [rx, ix, ry, iy] = [
    half(point.x, false),
    half(point.x, true),
    half(point.y, false),
    half(point.y, true),
  ]
  const { x, y } = coset(log)
  for (let q = 0; q < n; q++) {
    const py = (q & 1) === 0 ? y[q >>> 1] : M.neg(y[q >>> 1])
    let numerator = Q.neg(Q.add(Q.mulBase(a, py), b))
    for (const sum of sums)
      numerator = Q.add(numerator, readLimbs(sum.planes, 2 ** sum.log, liftPosition(q, log, sum.log)))
    const denominator = Q.sub(
      Q.mul(Q.sub(Q.fromBase(x[q >>> 1]), rx), iy),
      Q.mul(Q.sub(Q.fromBase(py), ry), ix),
    )
    const value = Q.add(readLimbs(planes, n, q), Q.mul(numerator, Q.inv(denominator)))
    writeLimbs(planes, n, q, value)
  }
}

/** The selector of trace row 0 at position q of the domain of size 2^logDomain. */
export function firstSelectorAt(q: number, log: number, logDomain: number): number {
  const p = pointAt(q, logDomain)
  return firstRowSelector({ x: Q.fromBase(p.x), y: Q.fromBase(p.y) }, log)[0]
}
