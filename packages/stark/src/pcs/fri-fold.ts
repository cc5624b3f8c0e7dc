import * as M from '../field/m31.ts'
import * as Q from '../field/qm31.ts'
import type { QM31 } from '../field/qm31.ts'
import { domainPoint } from './domain.ts'

/**
 * Folds the 2^arityLog values of one leaf into one, as `Kernels.friFold` does for a whole layer. `depth` halvings led
 * from the circle domain of size 2^logDomain to this layer; `leaf` is the leaf's index in it.
 */
export function foldLeaf(
  values: readonly QM31[],
  logDomain: number,
  depth: number,
  leaf: number,
  beta: QM31,
): QM31 {
  let current = values
  let challenge = beta
  let position = leaf * values.length
  for (let level = depth; current.length > 1; level++) {
    const next: QM31[] = []
    for (let i = 0; i < current.length; i += 2) {
      const twiddle =
        level === 0 ? domainPoint(logDomain, position + i).y : lineX(logDomain, level, position + i)
      const even = Q.add(current[i], current[i + 1])
      const odd = Q.mulBase(Q.sub(current[i], current[i + 1]), M.inv(twiddle))
      next.push(Q.mulBase(Q.add(even, Q.mul(challenge, odd)), HALF))
    }
    current = next
    challenge = Q.square(challenge)
    position /= 2
  }
  return current[0]
}

const HALF = 2 ** 30

/** The line coordinate at a position of the layer that `depth` >= 1 halvings left: x∘π^(depth−1) of its circle points. */
export const lineX = (logDomain: number, depth: number, position: number): number =>
  domainPoint(logDomain - depth + 1, 2 * position).x

/** Σ coefficients[i]·Π x∘π^t over the bits t of i. */
export function evaluateLine(coefficients: readonly QM31[], x: number): QM31 {
  let current = coefficients
  const factors: number[] = []
  for (let size = 1, f = x; size < coefficients.length; size *= 2) {
    factors.push(f)
    f = M.sub(M.mul(2, M.mul(f, f)), 1)
  }
  for (const factor of factors.reverse()) {
    const half = current.length / 2
    const low = current.slice(0, half)
    current = low.map((c, i) => Q.add(c, Q.mulBase(current[half + i], factor)))
  }
  return current[0]
}
