import * as T from './reference-transforms.ts'
import type { Arena } from './arena.ts'
import type { Kernels, Pointer } from './kernels.ts'
import type { Functions, Job, Pool } from './pool.ts'
import { MIN_LOG } from './wasm-fft.ts'

export type Transforms = Pick<
  Kernels,
  'extendColumn' | 'extendColumns' | 'interpolate' | 'interpolateColumns' | 'evaluate' | 'evaluateColumns'
>

export function transforms(
  arena: Arena,
  functions: Functions,
  pool: Pool,
  tables: (log: number) => void,
): Transforms {
  const { extend, interpolateNatural, interpolateDomain, evaluateBlock } = functions

  /** The layers above log see zeros in their upper halves: each block of 2^log starts from the same coefficients. */
  const blocks = (coefficients: Pointer, destination: Pointer, log: number, logDomain: number): Job[] =>
    Array.from({ length: 2 ** (logDomain - log) }, (_, i) => {
      const start = i * 2 ** log
      return [evaluateBlock, coefficients, destination + 4 * start, 2 ** logDomain + start, log]
    })
  const smallEvaluate = (
    coefficients: Pointer,
    destination: Pointer,
    log: number,
    logDomain: number,
  ): void => {
    const values = T.evaluate(arena.words(coefficients, 2 ** log), logDomain)
    arena.words(destination, 2 ** logDomain).set(values)
  }

  const extendColumns: Kernels['extendColumns'] = (columns, logBlowup) => {
    const large = columns.filter(({ log }) => log >= MIN_LOG)
    for (const { values, coefficients, extended, log } of columns) {
      if (log >= MIN_LOG) continue
      const column = T.naturalToDomain(arena.words(values, 2 ** log), log)
      T.interpolate(column, log)
      arena.words(coefficients, 2 ** log).set(column)
      smallEvaluate(coefficients, extended, log, log + logBlowup)
    }
    if (large.length === 0) return
    tables(Math.max(...large.map((c) => c.log)) + logBlowup)
    // Whole columns, as many for each thread; the others in two steps, of which the second has more jobs.
    const whole = large.length - (large.length % pool.threads)
    pool.run(
      large.map(({ values, coefficients, extended, log }, i) =>
        i < whole
          ? [extend, values, coefficients, extended, log, logBlowup]
          : [interpolateNatural, values, coefficients, log],
      ),
    )
    pool.run(
      large
        .slice(whole)
        .flatMap(({ coefficients, extended, log }) => blocks(coefficients, extended, log, log + logBlowup)),
    )
  }

  const interpolateColumns: Kernels['interpolateColumns'] = (columns, log, logDomain) => {
    if (log < MIN_LOG) {
      for (const column of columns) T.interpolate(arena.words(column, 2 ** log), logDomain)
      return
    }
    tables(logDomain)
    pool.run(columns.map((column) => [interpolateDomain, column, 2 ** logDomain, log]))
  }

  const evaluateColumns: Kernels['evaluateColumns'] = (columns, logDomain) => {
    const large = columns.filter(({ log }) => log >= MIN_LOG)
    for (const { coefficients, extended, log } of columns)
      if (log < MIN_LOG) smallEvaluate(coefficients, extended, log, logDomain)
    if (large.length > 0) tables(logDomain)
    pool.run(
      large.flatMap(({ coefficients, extended, log }) => blocks(coefficients, extended, log, logDomain)),
    )
  }

  return {
    extendColumns,
    extendColumn(values, coefficients, extended, log, logBlowup) {
      extendColumns([{ values, coefficients, extended, log }], logBlowup)
    },
    interpolateColumns,
    interpolate(column, log, logDomain) {
      interpolateColumns([column], log, logDomain)
    },
    evaluateColumns,
    evaluate(coefficients, destination, log, logDomain) {
      evaluateColumns([{ coefficients, extended: destination, log }], logDomain)
    },
  }
}
