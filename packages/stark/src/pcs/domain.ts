import { GENERATOR, IDENTITY, LOG_ORDER, addPoints, double } from '../field/circle.ts'
import type { Point } from '../field/circle.ts'
import { neg } from '../field/m31.ts'
import { reverseBits } from '../kernels/positions.ts'

const POWERS: readonly Point[] = (() => {
  const powers = [GENERATOR]
  for (let i = 1; i < LOG_ORDER; i++) powers.push(double(powers[i - 1]))
  return powers
})()

/** The point at a position of the circle domain of size 2^log, 1 <= log <= 30, in the order of kernels.ts. */
export function domainPoint(log: number, position: number): Point {
  // h_j = (4j + 1)·g with g of order 2^(log+1).
  const steps = 4 * reverseBits(position >>> 1, log - 1) + 1
  const shift = LOG_ORDER - 1 - log
  let point = IDENTITY
  for (let bit = 0; bit <= log; bit++) if ((steps >>> bit) & 1) point = addPoints(point, POWERS[bit + shift])
  return position % 2 === 0 ? point : { x: point.x, y: neg(point.y) }
}

/** Sorted ascending, each once. */
export const distinct = (positions: Iterable<number>): number[] =>
  ancestors(Array.from(Uint32Array.from(positions).sort()), 0)

/** Ascending positions without their last `bits` bits, each once. */
export function ancestors(positions: readonly number[], bits: number): number[] {
  const up: number[] = []
  for (const p of positions) if (p >>> bits !== up.at(-1)) up.push(p >>> bits)
  return up
}
