import { addPoints, multiply, subgroupGenerator } from '../field/circle.ts'
import type { Point } from '../field/circle.ts'
import * as M from '../field/m31.ts'
import * as Q from '../field/qm31.ts'
import type { QM31 } from '../field/qm31.ts'
import { reverseBits } from '../kernels/positions.ts'
import { ancestors, domainPoint } from './domain.ts'

/**
 * Folds each leaf of 2^arityLog values into one, as `Kernels.friFold` does for a whole layer. `words` are the limbs of the
 * values, leaf after leaf; `depth` halvings led from the circle domain of size 2^logDomain to this layer; `leaves` are the
 * leaves' indices in it.
 */
export function foldLeaves(
  words: Uint32Array,
  arityLog: number,
  logDomain: number,
  depth: number,
  leaves: readonly number[],
  beta: QM31,
): QM31[] {
  const arity = 2 ** arityLog
  const inverses = inverted(twiddles(arityLog, logDomain, depth, leaves))
  const challenges = [beta]
  for (let i = 1; i < arityLog; i++) challenges.push(Q.square(challenges[i - 1]))
  // Each halving leaves out a factor 1/2; 2^31 is 1.
  const scale = 2 ** (31 - arityLog)
  const values = new Uint32Array(4 * arity)
  let next = 0
  return leaves.map((_, leaf) => {
    for (let i = 0; i < values.length; i++) values[i] = words[leaf * values.length + i]
    for (let level = 0; level < arityLog; level++)
      for (let pair = 0; pair < arity >> (level + 1); pair++)
        foldPair(values, pair, challenges[level], inverses[next++])
    return Q.mulBase([values[0], values[1], values[2], values[3]], scale)
  })
}

/** values[pair] <- a + b + challenge·(a − b)·inverse for the two values a, b of a pair, in place. */
function foldPair(values: Uint32Array, pair: number, challenge: QM31, inverse: number): void {
  const a = 8 * pair
  const odd = (l: number): number => M.mul(M.sub(values[a + l], values[a + 4 + l]), inverse)
  const product = Q.mul(challenge, [odd(0), odd(1), odd(2), odd(3)])
  for (let l = 0; l < 4; l++)
    values[4 * pair + l] = M.add(M.add(values[a + l], values[a + 4 + l]), product[l])
}

/** The coordinates that the halvings of each leaf divide by, in the order of `foldLeaves`: arity − 1 a leaf. */
function twiddles(
  arityLog: number,
  logDomain: number,
  depth: number,
  leaves: readonly number[],
): Uint32Array {
  const arity = 2 ** arityLog
  const all = new Uint32Array(leaves.length * (arity - 1))
  // Position p of a line layer is x of the position 2p of a circle domain; a pair of values is two positions.
  const log = depth === 0 ? logDomain : logDomain - depth + 1
  const stride = depth === 0 ? 2 : 4
  const offsets = pairOffsets(log, arity / 2, stride)
  let at = 0
  for (const leaf of leaves) {
    const first = domainPoint(log, (leaf * arity * stride) / 2)
    const points = offsets.map((offset) => addPoints(first, offset))
    let xs: number[] = []
    if (depth === 0) {
      for (const { y } of points) all[at++] = y
      for (let i = 0; i + 1 < points.length; i += 2) xs.push(points[i].x)
    } else xs = points.map(({ x }) => x)
    while (xs.length > 0) {
      for (const x of xs) all[at++] = x
      // π of the points; of two neighbours, whose x differ in sign, it is the same.
      xs = xs.length === 1 ? [] : xs.filter((_, i) => i % 2 === 0).map((x) => M.sub(M.mul(2, M.mul(x, x)), 1))
    }
  }
  return all
}

/** What leads from the point of position q, a multiple of count·stride, to those of q + stride·k, k < count. */
function pairOffsets(log: number, count: number, stride: number): Point[] {
  const generator = subgroupGenerator(log + 1)
  return Array.from({ length: count }, (_, k) =>
    multiply(generator, 4 * reverseBits((k * stride) / 2, log - 1)),
  )
}

/** 1/x of each, none 0: one inversion for all (Montgomery's trick). */
function inverted(values: Uint32Array): Uint32Array {
  const out = new Uint32Array(values.length)
  let product = 1
  for (let i = 0; i < values.length; i++) {
    out[i] = product
    product = M.mul(product, values[i])
  }
  let inverse = M.inv(product)
  for (let i = values.length - 1; i >= 0; i--) {
    out[i] = M.mul(out[i], inverse)
    inverse = M.mul(inverse, values[i])
  }
  return out
}

/** The line coordinate at a position of the layer that `depth` >= 1 halvings left: x∘π^(depth−1) of its circle points. */
export const lineX = (logDomain: number, depth: number, position: number): number =>
  domainPoint(logDomain - depth + 1, 2 * position).x

/**
 * Σ coefficients[i]·Π x∘π^t over the bits t of i, a power of two of them, at ascending positions of the layer that
 * `depth` >= 1 halvings left. The highest bit goes first: its factor is the same for all positions that so many halvings
 * more would make one, and few of the long sums are made.
 */
export function evaluateLine(
  coefficients: readonly QM31[],
  logDomain: number,
  depth: number,
  positions: readonly number[],
): QM31[] {
  const visit = (rest: Uint32Array, bits: number, below: readonly number[]): QM31[] => {
    if (bits === 0) return below.map(() => [rest[0], rest[1], rest[2], rest[3]])
    const t = bits - 1
    return ancestors(below, t).flatMap((p) => {
      const joined = joinHalves(rest, lineX(logDomain, depth + t, p))
      return visit(
        joined,
        t,
        below.filter((q) => q >>> t === p),
      )
    })
  }
  return visit(Uint32Array.from(coefficients.flat()), Math.log2(coefficients.length), positions)
}

/** low + x·high of the two halves of the limbs of QM31. */
function joinHalves(all: Uint32Array, x: number): Uint32Array {
  const half = all.length / 2
  const joined = new Uint32Array(half)
  for (let i = 0; i < half; i++) joined[i] = M.add(all[i], M.mul(all[half + i], x))
  return joined
}
