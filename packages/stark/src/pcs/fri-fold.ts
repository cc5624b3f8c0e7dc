import { addPoints, multiply, subgroupGenerator } from '../field/circle.ts'
import type { Point } from '../field/circle.ts'
import * as M from '../field/m31.ts'
import * as Q from '../field/qm31.ts'
import type { QM31 } from '../field/qm31.ts'
import { reverseBits } from '../kernels/positions.ts'
import { domainPoint } from './domain.ts'

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
  leaves.forEach((leaf, i) => {
    const first = domainPoint(log, (leaf * arity * stride) / 2)
    let at = i * (arity - 1)
    let level = at
    let count = arity / 2
    offsets.forEach((offset, k) => {
      const { x, y } = addPoints(first, offset)
      all[at + k] = depth === 0 ? y : x
      // After the y of the circle come the x of every second pair: of two neighbours they differ in sign.
      if (depth === 0 && k % 2 === 0 && count > 1) all[at + count + k / 2] = x
    })
    if (depth === 0) {
      at += count
      level = at
      count /= 2
    }
    for (; count > 1; count /= 2) {
      at += count
      // π of the points.
      for (let k = 0; k < count / 2; k++)
        all[at + k] = M.sub(M.mul(2, M.mul(all[level + 2 * k], all[level + 2 * k])), 1)
      level = at
    }
  })
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
  const bits = Math.log2(coefficients.length)
  const factors = new Uint32Array(bits * positions.length)
  positions.forEach((p, i) => {
    let x = lineX(logDomain, depth, p)
    for (let t = 0; t < bits; t++) {
      factors[bits * i + t] = x
      x = M.sub(M.mul(2, M.mul(x, x)), 1)
    }
  })
  const values: QM31[] = []
  const visit = (rest: Uint32Array, left: number, start: number, end: number): void => {
    if (left === 0) {
      for (let i = start; i < end; i++) values.push([rest[0], rest[1], rest[2], rest[3]])
      return
    }
    const t = left - 1
    for (let from = start, to = start; from < end; from = to) {
      while (to < end && positions[to] >>> t === positions[from] >>> t) to++
      visit(joinHalves(rest, factors[bits * from + t]), t, from, to)
    }
  }
  const limbs = new Uint32Array(4 * coefficients.length)
  coefficients.forEach((c, i) => limbs.set(c, 4 * i))
  visit(limbs, bits, 0, positions.length)
  return values
}

/** low + x·high of the two halves of the limbs of QM31. */
function joinHalves(all: Uint32Array, x: number): Uint32Array {
  const half = all.length / 2
  const joined = new Uint32Array(half)
  for (let i = 0; i < half; i++) joined[i] = M.add(all[i], M.mul(all[half + i], x))
  return joined
}
