import { doubleExtension } from '../field/circle.ts'
import * as M from '../field/m31.ts'
import * as Q from '../field/qm31.ts'
import type { QM31 } from '../field/qm31.ts'
import type { Arena } from './arena.ts'
import type { Kernels, Pointer } from './kernels.ts'
import * as T from './reference-transforms.ts'
import type { Functions, Pool } from './pool.ts'
import { SUM_BYTES } from './wasm-linear.ts'

/** Products of a word by an extension element in a job. */
const JOB_PRODUCTS = 2 ** 16
/** Rows of a job over so many columns. */
const rowsOf = (columns: number): number => Math.max(1024, JOB_PRODUCTS / 2 ** Math.ceil(Math.log2(columns)))

type Combining = Pick<Kernels, 'basisAt' | 'dotProducts' | 'accumulate' | 'addLiftedCoefficients'>

export function combining(arena: Arena, functions: Functions, pool: Pool): Combining {
  const { accumulateRows, dots, scaleExtension, liftAdd, addWords } = functions
  return {
    accumulate(columns, weights, log, planes) {
      const n = 2 ** log
      if (log < 2) {
        const out = arena.words(planes, 4 * n)
        columns.forEach((pointer, j) =>
          arena.words(pointer, n).forEach((v, i) => {
            T.writeLimbs(out, n, i, Q.add(T.readLimbs(out, n, i), Q.mulBase(weights[j], v)))
          }),
        )
        return
      }
      if (columns.length === 0) return
      arena.scoped(() => {
        // Groups of eight, a last one of four or eight filled up with weight 0.
        const padded = Math.ceil(columns.length / 4) * 4
        const table = arena.alloc(padded)
        const factors = arena.alloc(4 * padded)
        const t = arena.words(table, padded)
        t.fill(columns[0])
        t.set(columns)
        const w = arena.words(factors, 4 * padded)
        weights.forEach((weight, j) => w.set(weight, 4 * j))
        pool.ranges(accumulateRows, 0, n, rowsOf(padded), (a, b) => [
          table,
          factors,
          padded,
          a,
          b - a,
          planes,
          4 * n,
        ])
      })
    },

    dotProducts(columns, log, basis) {
      const n = 2 ** log
      if (log < 4) {
        const b = arena.words(basis, 4 * n)
        return columns.map((pointer) =>
          arena
            .words(pointer, n)
            .reduce<QM31>((sum, v, i) => Q.add(sum, Q.mulBase(T.readLimbs(b, n, i), v)), Q.ZERO),
        )
      }
      return arena.scoped(() => {
        const stride = columns.length * SUM_BYTES
        const sums = arena.alloc((pool.threads * stride) / 4)
        const table = arena.alloc(columns.length)
        arena.words(table, columns.length).set(columns)
        pool.ranges(dots, 0, n, rowsOf(columns.length), (a, b) => [
          table,
          columns.length,
          basis,
          4 * n,
          a,
          b - a,
          { pointer: sums, stride },
        ])
        return columns.map((_, j): QM31 => {
          const limb = (k: number): number => {
            let sum = 0
            // Four 64-bit sums a thread below 2^34, exact as doubles.
            for (let t = 0; t < pool.threads; t++) {
              const w = arena.words(sums + t * stride + SUM_BYTES * j, SUM_BYTES / 4)
              for (let i = 8 * k; i < 8 * k + 8; i += 2) sum += w[i] + w[i + 1] * 2 ** 32
            }
            return M.fromInteger(sum)
          }
          return [limb(0), limb(1), limb(2), limb(3)]
        })
      })
    },

    basisAt(point, log, planes) {
      const n = 2 ** log
      const small = Math.min(log, 2)
      const start = new Uint32Array(4 * 2 ** small)
      T.basisPlanes(point, small, start)
      const w = arena.words(planes, 4 * n)
      for (let k = 0; k < 4; k++) w.set(start.subarray(k * 2 ** small, (k + 1) * 2 ** small), k * n)
      arena.scoped(() => {
        const factor = arena.alloc(4)
        let p = point
        for (let bit = 2; bit < log; bit++) {
          p = doubleExtension(p)
          arena.words(factor, 4).set(p.x)
          const to = planes + 4 * 2 ** bit
          pool.ranges(scaleExtension, 0, 2 ** bit, JOB_PRODUCTS / 8, (a, b) => [
            planes + 4 * a,
            to + 4 * a,
            4 * n,
            b - a,
            factor,
          ])
        }
      })
    },

    addLiftedCoefficients(from: Pointer, logFrom, to: Pointer, logTo) {
      if (logFrom < 2) T.addLifted(arena.words(from, 2 ** logFrom), arena.words(to, 2 ** logTo))
      else if (logFrom === logTo) addWords(from, to, 2 ** logFrom)
      else liftAdd(from, to, 2 ** logFrom, logTo - logFrom)
    },
  }
}
