import * as T from './reference-transforms.ts'
import type { Arena } from './arena.ts'
import type { Kernels, Pointer } from './kernels.ts'
import type { Functions } from './wasm-tables.ts'

/** The smallest transform in four lanes. Below it the reference runs. */
export const MIN_LOG = 4
/** Words (log2) of a block that stays in the first and the second cache through several passes. */
const BLOCK_LOGS = [13, 17]

export type Transforms = Pick<Kernels, 'extendColumn' | 'interpolate' | 'evaluate'>

export function transforms(arena: Arena, functions: Functions, tables: (log: number) => void): Transforms {
  const { inverseFirst, inverseNatural, inverse4, inverse2, forward4, forward2, forwardLast } = functions

  /** Layers [low, high) of 2^log words from `heap` in place, upwards. */
  const inversePasses = (data: Pointer, heap: number, log: number, low: number, high: number): void => {
    let bit = low
    if ((high - low) % 2 === 1) inverse2(data, heap, 2 ** log, bit++)
    for (; bit < high; bit += 2) inverse4(data, heap, 2 ** log, bit)
  }
  /** Layers [MIN_LOG, log), small blocks first. */
  const inverseRest = (data: Pointer, heap: number, log: number): void => {
    let low = MIN_LOG
    for (const limit of [...BLOCK_LOGS, log]) {
      const high = Math.min(limit, log)
      for (let start = 0; start < 2 ** log; start += 2 ** high)
        inversePasses(data + 4 * start, heap + start, high, low, high)
      low = high
    }
  }
  const forwardPasses = (
    from: Pointer,
    to: Pointer,
    heap: number,
    log: number,
    low: number,
    high: number,
  ): void => {
    let source = from
    let bit = high
    while (bit > low) {
      const two = bit - low >= 2
      bit -= two ? 2 : 1
      if (two) forward4(source, to, heap, 2 ** log, bit)
      else forward2(source, to, heap, 2 ** log, bit)
      source = to
    }
  }
  /** Layers [0, high) in blocks of 2^high. */
  const splitForward = (from: Pointer, to: Pointer, heap: number, log: number, high: number): void => {
    const next = BLOCK_LOGS.filter((b) => b < high).at(-1)
    for (let start = 0; start < 2 ** log; start += 2 ** high) {
      const [source, target, at] = [from + 4 * start, to + 4 * start, heap + start]
      if (next === undefined) {
        forwardPasses(source, target, at, high, MIN_LOG, high)
        forwardLast(high > MIN_LOG ? target : source, target, at, 2 ** high)
      } else {
        forwardPasses(source, target, at, high, next, high)
        splitForward(target, target, at, high, next)
      }
    }
  }

  const evaluate = (coefficients: Pointer, destination: Pointer, log: number, logDomain: number): void => {
    if (log < MIN_LOG) {
      const values = T.evaluate(arena.words(coefficients, 2 ** log), logDomain)
      arena.words(destination, 2 ** logDomain).set(values)
      return
    }
    tables(logDomain)
    // The layers above log see zeros in their upper halves: each block of 2^log starts from the same coefficients.
    for (let start = 0; start < 2 ** logDomain; start += 2 ** log)
      splitForward(coefficients, destination + 4 * start, 2 ** logDomain + start, log, log)
  }

  return {
    evaluate,
    interpolate(column, log, logDomain) {
      if (log < MIN_LOG) {
        T.interpolate(arena.words(column, 2 ** log), logDomain)
        return
      }
      tables(logDomain)
      inverseFirst(column, column, 2 ** logDomain, 2 ** log, log)
      inverseRest(column, 2 ** logDomain, log)
    },
    extendColumn(values, coefficients, extended, log, logBlowup) {
      if (log < MIN_LOG) {
        const column = T.naturalToDomain(arena.words(values, 2 ** log), log)
        T.interpolate(column, log)
        arena.words(coefficients, 2 ** log).set(column)
      } else {
        tables(log + logBlowup)
        inverseNatural(values, coefficients, log, 0, 0, 2 ** (log - 4))
        inverseRest(coefficients, 2 ** log, log)
      }
      evaluate(coefficients, extended, log, log + logBlowup)
    },
  }
}
