import { addPoints, double, multiply, negate, subgroupGenerator } from '../field/circle.ts'
import type { Point } from '../field/circle.ts'

/** Where things are on a circle domain in domain order. See the layouts in kernels.ts. */

/** The low `bits` bits of `n` in reverse order. */
export function reverseBits(n: number, bits: number): number {
  let r = 0
  for (let i = 0; i < bits; i++) r = (r << 1) | ((n >>> i) & 1)
  return r
}

/** The natural row held by position q of the domain of size 2^log. */
export function rowOfPosition(q: number, log: number): number {
  const half = reverseBits(q >>> 1, log - 1)
  return (q & 1) === 0 ? 2 * half : 2 ** log - 1 - 2 * half
}

/** The inverse of `rowOfPosition`. */
export function positionOfRow(row: number, log: number): number {
  return (row & 1) === 0
    ? 2 * reverseBits(row >>> 1, log - 1)
    : 2 * reverseBits((2 ** log - 1 - row) >>> 1, log - 1) + 1
}

/** Position q of the domain of size 2^from under π^(from − to). */
export const liftPosition = (q: number, from: number, to: number): number =>
  from === to ? q : ((q >>> (from - to + 1)) << 1) | (q & 1)

/** Position of the previous row of a trace of 2^log rows, for position q of the domain of size 2^(log + logBlowup). */
export function prevPosition(q: number, log: number, logBlowup: number): number {
  const domain = log + logBlowup
  const size = 2 ** domain
  return positionOfRow((rowOfPosition(q, domain) + size - 2 ** logBlowup) % size, domain)
}

/** The point at position q of the domain of size 2^log. */
export function pointAt(q: number, log: number): Point {
  const h = multiply(subgroupGenerator(log + 1), 4 * reverseBits(q >>> 1, log - 1) + 1)
  return (q & 1) === 0 ? h : negate(h)
}

/** The points at the even positions of the domain of size 2^log (log >= 1); each odd position holds the conjugate. */
export function halfCoset(log: number): { readonly x: Uint32Array; readonly y: Uint32Array } {
  const size = 2 ** (log - 1)
  const [x, y] = [new Uint32Array(size), new Uint32Array(size)]
  const start = subgroupGenerator(log + 1)
  const step = double(double(start))
  let p = start
  for (let j = 0; j < size; j++) {
    const s = reverseBits(j, log - 1)
    x[s] = p.x
    y[s] = p.y
    p = addPoints(p, step)
  }
  return { x, y }
}
