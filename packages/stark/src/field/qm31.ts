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

/** Karatsuba over CM31, with u² = 2 + i. */
export function mul(x: QM31, y: QM31): QM31 {
  const [a0, a1, a2, a3] = x
  const [b0, b1, b2, b3] = y
  const lr = M.sub(M.mul(a0, b0), M.mul(a1, b1))
  const li = M.add(M.mul(a0, b1), M.mul(a1, b0))
  const hr = M.sub(M.mul(a2, b2), M.mul(a3, b3))
  const hi = M.add(M.mul(a2, b3), M.mul(a3, b2))
  const s0 = M.add(a0, a2)
  const s1 = M.add(a1, a3)
  const t0 = M.add(b0, b2)
  const t1 = M.add(b1, b3)
  const mr = M.sub(M.mul(s0, t0), M.mul(s1, t1))
  const mi = M.add(M.mul(s0, t1), M.mul(s1, t0))
  // (2 + i)(hr + hi·i) = (2·hr − hi) + (hr + 2·hi)·i
  return [
    M.add(lr, M.sub(M.add(hr, hr), hi)),
    M.add(li, M.add(hr, M.add(hi, hi))),
    M.sub(M.sub(mr, lr), hr),
    M.sub(M.sub(mi, li), hi),
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
