import * as M from './m31.ts'

/**
 * QM31 = CM31[u] / (u² − 2 − i), CM31 = M31[i] / (i² + 1).
 * `[a, b, c, d]` is (a + b·i) + (c + d·i)·u, each limb canonical.
 */
export type QM31 = readonly [number, number, number, number]

export const ZERO: QM31 = [0, 0, 0, 0]
/** 1, i, u, iu: the basis over M31. */
export const UNITS: readonly QM31[] = [
  [1, 0, 0, 0],
  [0, 1, 0, 0],
  [0, 0, 1, 0],
  [0, 0, 0, 1],
]
export const ONE: QM31 = [1, 0, 0, 0]

export const fromBase = (a: number): QM31 => [a, 0, 0, 0]

export const add = (x: QM31, y: QM31): QM31 => [
  M.add(x[0], y[0]),
  M.add(x[1], y[1]),
  M.add(x[2], y[2]),
  M.add(x[3], y[3]),
]

export const sub = (x: QM31, y: QM31): QM31 => [
  M.sub(x[0], y[0]),
  M.sub(x[1], y[1]),
  M.sub(x[2], y[2]),
  M.sub(x[3], y[3]),
]

export const neg = (x: QM31): QM31 => [M.neg(x[0]), M.neg(x[1]), M.neg(x[2]), M.neg(x[3])]

export const mulBase = (x: QM31, b: number): QM31 => [
  M.mul(x[0], b),
  M.mul(x[1], b),
  M.mul(x[2], b),
  M.mul(x[3], b),
]

/** The sixteen products of limbs, those of either half of the second factor's added up; u² = 2 + i. */
export function mul(x: QM31, y: QM31): QM31 {
  const [a, b, c, d] = [x[0], x[1], x[2], x[3]]
  const [p, q, r, s] = [y[0] & 0xffff, y[1] & 0xffff, y[2] & 0xffff, y[3] & 0xffff]
  const [P, Q, R, S] = [y[0] >>> 16, y[1] >>> 16, y[2] >>> 16, y[3] >>> 16]
  // (c + di)(y₂ + y₃i), which counts (2 + i)-fold. No sum reaches 2^50.
  const [re, im] = [c * r - d * s, c * s + d * r]
  const [RE, IM] = [c * R - d * S, c * S + d * R]
  return [
    M.join(a * p - b * q + 2 * re - im, a * P - b * Q + 2 * RE - IM),
    M.join(a * q + b * p + re + 2 * im, a * Q + b * P + RE + 2 * IM),
    M.join(a * r - b * s + c * p - d * q, a * R - b * S + c * P - d * Q),
    M.join(a * s + b * r + c * q + d * p, a * S + b * R + c * Q + d * P),
  ]
}

export const square = (x: QM31): QM31 => mul(x, x)

/** `1 / x` through the norm to CM31 and then to M31; throws a RangeError for 0. */
export function inv(x: QM31): QM31 {
  const [a, b, c, d] = x
  // n = (a + bi)² − (2 + i)(c + di)²
  const ar = M.sub(M.mul(a, a), M.mul(b, b))
  const ai = M.mul(2, M.mul(a, b))
  const cr = M.sub(M.mul(c, c), M.mul(d, d))
  const ci = M.mul(2, M.mul(c, d))
  const nr = M.sub(ar, M.sub(M.add(cr, cr), ci))
  const ni = M.sub(ai, M.add(cr, M.add(ci, ci)))
  const k = M.inv(M.add(M.mul(nr, nr), M.mul(ni, ni)))
  const ir = M.mul(nr, k)
  const ii = M.neg(M.mul(ni, k))
  // conjugate (a + bi) − (c + di)u times 1/n
  return [
    M.sub(M.mul(a, ir), M.mul(b, ii)),
    M.add(M.mul(a, ii), M.mul(b, ir)),
    M.neg(M.sub(M.mul(c, ir), M.mul(d, ii))),
    M.neg(M.add(M.mul(c, ii), M.mul(d, ir))),
  ]
}

/** The conjugate over CM31: u ↦ −u. */
export const conjugate = (x: QM31): QM31 => [x[0], x[1], M.neg(x[2]), M.neg(x[3])]

export const equals = (x: QM31, y: QM31): boolean =>
  x[0] === y[0] && x[1] === y[1] && x[2] === y[2] && x[3] === y[3]

export const isZero = (x: QM31): boolean => x[0] === 0 && x[1] === 0 && x[2] === 0 && x[3] === 0

export function pow(x: QM31, e: number): QM31 {
  let result = ONE
  let base = x
  for (let k = e; k > 0; k = Math.floor(k / 2)) {
    if (k % 2 === 1) result = mul(result, base)
    base = mul(base, base)
  }
  return result
}
