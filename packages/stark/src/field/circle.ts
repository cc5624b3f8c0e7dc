import * as M from './m31.ts'
import * as Q from './qm31.ts'
import type { QM31 } from './qm31.ts'

/**
 * The circle x² + y² = 1 over M31, a cyclic group of order 2^31 under complex multiplication.
 * Circle STARKs, ePrint 2024/278, §3.
 */
export type Point = { readonly x: number; readonly y: number }
export type ExtensionPoint = { readonly x: QM31; readonly y: QM31 }

export const IDENTITY: Point = { x: 1, y: 0 }
export const LOG_ORDER = 31
/** A generator of the whole group: 2^30 times it is (−1, 0). */
export const GENERATOR: Point = { x: 2, y: 1268011823 }

export const addPoints = (p: Point, q: Point): Point => ({
  x: M.sub(M.mul(p.x, q.x), M.mul(p.y, q.y)),
  y: M.add(M.mul(p.x, q.y), M.mul(p.y, q.x)),
})

/** π(x, y) = (2x² − 1, 2xy). §3.1, eq. 1. */
export const double = (p: Point): Point => ({
  x: M.sub(M.mul(2, M.mul(p.x, p.x)), 1),
  y: M.mul(2, M.mul(p.x, p.y)),
})

/** The inverse, which is the complex conjugate. */
export const negate = (p: Point): Point => ({ x: p.x, y: M.neg(p.y) })

/** `k · p` for an integer 0 <= k < 2^31. */
export function multiply(p: Point, k: number): Point {
  let result = IDENTITY
  let base = p
  for (let e = k; e > 0; e = Math.floor(e / 2)) {
    if (e % 2 === 1) result = addPoints(result, base)
    base = double(base)
  }
  return result
}

/** A generator of the subgroup of order 2^log. */
export function subgroupGenerator(log: number): Point {
  let g = GENERATOR
  for (let i = log; i < LOG_ORDER; i++) g = double(g)
  return g
}

export const doubleExtension = (p: ExtensionPoint): ExtensionPoint => ({
  x: Q.sub(Q.mulBase(Q.square(p.x), 2), Q.ONE),
  y: Q.mulBase(Q.mul(p.x, p.y), 2),
})

/** `p + q` with q over M31. */
export const addBasePoint = (p: ExtensionPoint, q: Point): ExtensionPoint => ({
  x: Q.sub(Q.mulBase(p.x, q.x), Q.mulBase(p.y, q.y)),
  y: Q.add(Q.mulBase(p.x, q.y), Q.mulBase(p.y, q.x)),
})

/** π applied `times` times. */
export function doubleTimes(p: ExtensionPoint, times: number): ExtensionPoint {
  let result = p
  for (let i = 0; i < times; i++) result = doubleExtension(result)
  return result
}

/**
 * Vanishing polynomial of the trace coset of size 2^log (log >= 1): the x coordinate of π^(log−1)(p). §3.3.
 */
export function vanishing(p: ExtensionPoint, log: number): QM31 {
  return doubleTimes(p, log - 1).x
}

/**
 * Row i of the trace coset of size 2^log ("canonic coset" in standard position): (2i + 1)·g with g of order
 * 2^(log+1). The next row is one step of the subgroup of order 2^log away.
 */
export const traceRow = (log: number, i: number): Point => multiply(subgroupGenerator(log + 1), 2 * i + 1)

/**
 * The Lagrange polynomial of row 0 of the trace coset of size 2^log at `p`: 1 at row 0, 0 at every other row.
 *
 * With ψ the angle from row 0 and m = 2^(log−1) it is sin(mψ)·cot(ψ/2) / 2m = (1 + 2 Σ_{0<j<m} cos jψ + cos mψ) / 2m;
 * its cos(mθ) part is zero because row 0 sits at mθ = ±π/2, so it lies in the FFT space and a constraint may
 * multiply it like a column.
 */
export function firstRowSelector(p: ExtensionPoint, log: number): QM31 {
  const row = traceRow(log, 0)
  const relative = addBasePoint(p, negate(row))
  let quarter = row
  for (let i = 1; i < log; i++) quarter = double(quarter)
  const scale = M.inv(M.neg(M.mul(M.pow(2, log), quarter.y)))
  const numerator = Q.mul(vanishing(p, log), Q.add(relative.x, Q.ONE))
  return Q.mulBase(Q.mul(numerator, Q.inv(relative.y)), scale)
}
