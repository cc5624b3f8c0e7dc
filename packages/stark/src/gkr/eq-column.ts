import { doubleTimes, firstRowSelector } from '../field/circle.ts'
import type { ExtensionPoint } from '../field/circle.ts'
import * as Q from '../field/qm31.ts'
import type { QM31 } from '../field/qm31.ts'
import { one } from './sumcheck.ts'

/**
 * How the column E_i = eq(r, i) of 2^log rows goes from row to row: E_i = E_{i−1}·R_i with R_i = `steps[t]`, t the number
 * of trailing zeros of i, and R_0 = `wrap` from the last row to the first.
 */
export interface EqColumn {
  /** E_0 = Π (1 − r_j). */
  readonly start: QM31
  readonly steps: readonly QM31[]
  readonly wrap: QM31
}

/**
 * The columns of every height up to 2^r.length: entry k is for 2^k rows. Undefined when a coordinate is 0 or 1, for which
 * a ratio has no value; that happens with probability about 2^-118.
 */
export function eqColumns(r: readonly QM31[]): readonly EqColumn[] | undefined {
  if (r.some((x) => Q.isZero(x) || Q.isZero(one(x)))) return undefined
  const columns: EqColumn[] = [{ start: Q.ONE, steps: [], wrap: Q.ONE }]
  // From i − 1 to i the trailing ones of i − 1 become zeros and the zero above them a one.
  for (const x of r) {
    const { start, steps, wrap } = columns.at(-1)!
    const rise = Q.mul(x, Q.inv(one(x)))
    columns.push({
      start: Q.mul(start, one(x)),
      steps: [...steps, Q.mul(wrap, rise)],
      wrap: Q.mul(wrap, Q.inv(rise)),
    })
  }
  return columns
}

/** The values of R over 2^log rows in natural order, as planes. */
export function ratioPlanes({ steps, wrap }: EqColumn, out: Uint32Array): void {
  const n = 2 ** steps.length
  for (let l = 0; l < 4; l++) {
    const plane = out.subarray(l * n, (l + 1) * n)
    // The ruler sequence: each half repeats the one before it, but for its first entry.
    steps.forEach((step, t) => {
      plane.copyWithin(2 ** t, 0, 2 ** t)
      plane[2 ** t] = step[l]
    })
    plane[0] = wrap[l]
  }
}

/**
 * The selectors that R is made of, at the point P of the domain of size 2^n: `first[k]` of row 0 of every 2^k rows,
 * `middle[t]` of row 2^t of every 2^(t+1). A column of 2^k rows is read at π^(n−k)(P).
 */
export function rowSelectors(
  point: ExtensionPoint,
  n: number,
): { readonly first: readonly QM31[]; readonly middle: readonly QM31[] } {
  const first: QM31[] = [Q.ONE]
  const middle: QM31[] = []
  for (let log = 1; log <= n; log++) {
    const at = doubleTimes(point, n - log)
    first[log] = firstRowSelector(at, log)
    // Row 2^(log−1) is half way round: the group's element of order 2 away.
    middle[log - 1] = firstRowSelector({ x: Q.neg(at.x), y: Q.neg(at.y) }, log)
  }
  return { first, middle }
}

/** R at the point that the selectors are for. */
export function ratioAt({ steps, wrap }: EqColumn, { first, middle }: ReturnType<typeof rowSelectors>): QM31 {
  return steps.reduce<QM31>(
    (sum, step, t) => Q.add(sum, Q.mul(step, middle[t])),
    Q.mul(wrap, first[steps.length]),
  )
}
