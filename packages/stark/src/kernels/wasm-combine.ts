import { doubleExtension } from '../field/circle.ts'
import * as M from '../field/m31.ts'
import * as Q from '../field/qm31.ts'
import type { QM31 } from '../field/qm31.ts'
import type { Arena } from './arena.ts'
import type { Kernels, Pointer } from './kernels.ts'
import * as T from './reference-transforms.ts'
import { SCRATCH } from './wasm-layout.ts'
import { SUM_BYTES } from './wasm-linear.ts'
import type { Functions } from './wasm-tables.ts'

/** Rows (or coefficients) handled at once: their wide sums, 32 bytes a row, and a basis chunk stay in the first cache. */
const CHUNK = 512
const DOT_CHUNK = 1024

type Combining = Pick<Kernels, 'basisAt' | 'dotProducts' | 'accumulate' | 'addLiftedCoefficients'>

export function combining(arena: Arena, functions: Functions): Combining {
  const { accumulate8, accumulate4, finish, dot, scaleExtension, liftAdd, addWords } = functions
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
        for (let first = 0; first < n; first += CHUNK) {
          const vectors = Math.min(CHUNK, n - first) / 4
          arena.words(SCRATCH, (vectors * SUM_BYTES) / 4).fill(0)
          for (let j = 0; j < padded; j += 8) {
            const group = padded - j >= 8 ? accumulate8! : accumulate4!
            group(table + 4 * j, factors + 16 * j, first, vectors, SCRATCH)
          }
          finish(SCRATCH, planes, 4 * n, first, vectors)
        }
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
        const sums = arena.alloc((columns.length * SUM_BYTES) / 4)
        const chunk = Math.min(n, DOT_CHUNK)
        for (let first = 0; first < n; first += chunk)
          columns.forEach((pointer, j) => {
            dot(pointer + 4 * first, basis + 4 * first, 4 * n, chunk / 4, sums + SUM_BYTES * j)
          })
        return columns.map((_, j): QM31 => {
          const w = arena.words(sums + SUM_BYTES * j, SUM_BYTES / 4)
          const limb = (k: number): number => {
            let sum = 0
            // Four 64-bit sums below 2^34, exact as doubles.
            for (let i = 8 * k; i < 8 * k + 8; i += 2) sum += w[i] + w[i + 1] * 2 ** 32
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
      let p = point
      for (let bit = 2; bit < log; bit++) {
        p = doubleExtension(p)
        arena.words(SCRATCH, 4).set(p.x)
        scaleExtension(planes, planes + 4 * 2 ** bit, 4 * n, 2 ** bit, SCRATCH)
      }
    },

    addLiftedCoefficients(from: Pointer, logFrom, to: Pointer, logTo) {
      if (logFrom < 2) T.addLifted(arena.words(from, 2 ** logFrom), arena.words(to, 2 ** logTo))
      else if (logFrom === logTo) addWords(from, to, 2 ** logFrom)
      else liftAdd(from, to, 2 ** logFrom, logTo - logFrom)
    },
  }
}
