import { addBasePoint, negate, subgroupGenerator } from './field/circle.ts'
import type { ExtensionPoint, Point } from './field/circle.ts'
import { fold, join } from './field/m31.ts'
import * as Q from './field/qm31.ts'
import type { QM31 } from './field/qm31.ts'
import type { Layout } from './layout.ts'
import type { Transcript } from './transcript.ts'

/** The imaginary half over CM31: `z = Re + Im·u`. */
const imaginary = (z: QM31): QM31 => [z[2], z[3], 0, 0]
const real = (z: QM31): QM31 => [z[0], z[1], 0, 0]

/** P and P − g_n: the row at hand and the row before it, for columns of every height at once. */
export type OodPoints = readonly [ExtensionPoint, ExtensionPoint]

/**
 * Draws P uniformly among the points of the circle over QM31 that can serve: t uniform, P = ((1 − t²)/(1 + t²),
 * 2t/(1 + t²)), drawn again when t² = −1 (no point) and when Im y = 0 at either point (the line through the point and
 * its conjugate has no slope). The latter covers every t in M31, whose points lie on the circle of the domains. About
 * 2^-60 of all t fail.
 */
export function drawOodPoints(transcript: Transcript, n: number): OodPoints {
  for (;;) {
    const points = oodPoints(transcript.drawExtension('ood point'), n)
    if (points !== undefined) return points
  }
}

/** The points of `t`, or undefined when it must be drawn again. */
export function oodPoints(t: QM31, n: number): OodPoints | undefined {
  const square = Q.square(t)
  const denominator = Q.add(Q.ONE, square)
  if (Q.isZero(denominator)) return undefined
  const scale = Q.inv(denominator)
  const p = { x: Q.mul(Q.sub(Q.ONE, square), scale), y: Q.mulBase(Q.mul(t, scale), 2) }
  const previous = addBasePoint(p, negate(subgroupGenerator(n)))
  if (Q.isZero(imaginary(p.y)) || Q.isZero(imaginary(previous.y))) return undefined
  return [p, previous]
}

/** The weighted line through all samples of one point and their conjugates: y ↦ a·y + b. */
export interface DeepLine {
  readonly point: ExtensionPoint
  readonly a: QM31
  readonly b: QM31
}

/**
 * Σ γ_f·(a_f·y + b_f) over the samples of each point, where a_f = Im v/Im y₀ and b_f = v − a_f·y₀ give the line through
 * (P, v) and (conj P, conj v). Circle STARKs, ePrint 2024/278, §4.3 (DEEP quotients).
 */
export function deepLines(
  layout: Layout,
  points: OodPoints,
  sampled: readonly QM31[],
  gammas: readonly QM31[],
): [DeepLine, DeepLine] {
  const line = (which: 0 | 1): DeepLine => {
    const point = points[which]
    let slope = Q.ZERO
    let value = Q.ZERO
    layout.samples.forEach((sample, i) => {
      if (sample.point !== which) return
      slope = Q.add(slope, Q.mul(gammas[i], imaginary(sampled[i])))
      value = Q.add(value, Q.mul(gammas[i], sampled[i]))
    })
    const a = Q.mul(slope, Q.inv(imaginary(point.y)))
    return { point, a, b: Q.sub(value, Q.mul(a, point.y)) }
  }
  return [line(0), line(1)]
}

/** (sum − a·y − b)/ℓ(p) at a domain point: one point's part of the DEEP quotient; see `Kernels.addQuotients`. */
export function deepQuotient({ point, a, b }: DeepLine, sum: QM31, p: Point): QM31 {
  const numerator = Q.sub(Q.sub(sum, Q.mulBase(a, p.y)), b)
  const dx = Q.sub(Q.fromBase(p.x), real(point.x))
  const dy = Q.sub(Q.fromBase(p.y), real(point.y))
  const line = Q.sub(Q.mul(dx, imaginary(point.y)), Q.mul(dy, imaginary(point.x)))
  return Q.mul(numerator, Q.inv(line))
}

/**
 * Σ_j weights[j]·values[offset + j], for fixed weights and many rows of values. Weights are cut in halves of 16 bits: a
 * half times a value stays below 2^47, so that 32 products add up exactly in a double.
 */
export function weightedSums(weights: readonly QM31[]): (values: ArrayLike<number>, offset: number) => QM31 {
  // Few columns are opened at the second point: leave the others out. Halves of each limb, low and high, limb after limb.
  const columns = new Uint32Array(weights.length)
  const halves = new Float64Array(8 * weights.length)
  let count = 0
  weights.forEach((w, column) => {
    if (Q.isZero(w)) return
    columns[count] = column
    for (let l = 0; l < 4; l++) {
      halves[8 * count + 2 * l] = w[l] & 0xffff
      halves[8 * count + 2 * l + 1] = w[l] >>> 16
    }
    count++
  })
  return (values, offset) => {
    let l0 = 0
    let h0 = 0
    let l1 = 0
    let h1 = 0
    let l2 = 0
    let h2 = 0
    let l3 = 0
    let h3 = 0
    for (let j = 0; j < count; j++) {
      if ((j & 31) === 0) {
        l0 = fold(l0)
        h0 = fold(h0)
        l1 = fold(l1)
        h1 = fold(h1)
        l2 = fold(l2)
        h2 = fold(h2)
        l3 = fold(l3)
        h3 = fold(h3)
      }
      const v = values[offset + columns[j]]
      const k = 8 * j
      l0 += v * halves[k]
      h0 += v * halves[k + 1]
      l1 += v * halves[k + 2]
      h1 += v * halves[k + 3]
      l2 += v * halves[k + 4]
      h2 += v * halves[k + 5]
      l3 += v * halves[k + 6]
      h3 += v * halves[k + 7]
    }
    return [join(l0, h0), join(l1, h1), join(l2, h2), join(l3, h3)]
  }
}
