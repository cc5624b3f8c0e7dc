import { double, subgroupGenerator } from '../field/circle.ts'
import * as M from '../field/m31.ts'
import * as Q from '../field/qm31.ts'
import type { QM31 } from '../field/qm31.ts'
import type { Arena } from './arena.ts'
import type { Kernels } from './kernels.ts'
import { pointAt } from './positions.ts'
import * as T from './reference-transforms.ts'
import type { Functions, Pool } from './pool.ts'
import { FOLD_CHUNK } from './wasm-rows.ts'
import type { Transforms } from './wasm-transforms.ts'

const MIN_LOG = 4
/** Rows of a job. */
const JOB_ROWS = 2 ** 13

type Quotients = Pick<
  Kernels,
  'addQuotients' | 'friFold' | 'lineInterpolate' | 'prevPositions' | 'firstSelector'
>

export function quotients(
  arena: Arena,
  functions: Functions,
  pool: Pool,
  tables: (log: number) => void,
  transforms: Transforms,
): Quotients {
  const { quotientRows, foldRows, selectorRows } = functions
  return {
    addQuotients(sums, point, a, b, log, planes) {
      const n = 2 ** log
      if (log < MIN_LOG) {
        const arrays = sums.map((s) => ({ log: s.log, planes: arena.words(s.planes, 4 * 2 ** s.log) }))
        T.addQuotients(arrays, point, a, b, log, arena.words(planes, 4 * n))
        return
      }
      tables(log)
      arena.scoped(() => {
        const constants = arena.alloc(14)
        const table = arena.alloc(3 * sums.length)
        const re = (z: QM31): QM31 => [z[0], z[1], 0, 0]
        const im = (z: QM31): QM31 => [z[2], z[3], 0, 0]
        const c = Q.sub(Q.mul(re(point.y), im(point.x)), Q.mul(re(point.x), im(point.y)))
        arena
          .words(constants, 14)
          .set([point.y[2], point.y[3], point.x[2], point.x[3], c[0], c[1], ...a, ...Q.neg(b)])
        arena.words(table, 3 * sums.length).set(sums.flatMap((s) => [s.planes, 4 * 2 ** s.log, log - s.log]))
        const done = pool.ranges(quotientRows, 0, n, JOB_ROWS, (a, b) => [
          n,
          constants,
          table,
          sums.length,
          planes,
          a,
          b - a,
        ])
        if (done.includes(0)) throw new RangeError('inverse of 0')
      })
    },

    friFold(from, log, depth, arityLog, beta, to) {
      const [n, outputs] = [2 ** log, 2 ** (log - arityLog)]
      if (outputs < 4) {
        let values: Uint32Array = arena.words(from, 4 * n).slice()
        let power = beta
        for (let i = 0; i < arityLog; i++) {
          values = T.fold(values, depth + i === 0, power)
          power = Q.square(power)
        }
        arena.words(to, 4 * outputs).set(values)
        return
      }
      tables(log + 1)
      arena.scoped(() => {
        const factors = arena.alloc(4 * arityLog)
        let power = beta
        for (let i = 0; i < arityLog; i++) {
          arena.words(factors, 4 * arityLog).set(Q.mulBase(power, 2 ** 30), 4 * i)
          power = Q.square(power)
        }
        // What lies between two folds of a chunk is to fit the scratch memory.
        const chunk = arityLog > 3 ? FOLD_CHUNK / 2 ** (arityLog - 3) : FOLD_CHUNK
        pool.ranges(foldRows, 0, outputs, Math.max(chunk, JOB_ROWS / 2 ** arityLog), (a, b) => [
          from,
          to,
          n,
          depth === 0 ? 1 : 0,
          arityLog,
          factors,
          chunk,
          a,
          b - a,
        ])
      })
    },

    lineInterpolate(planes, log) {
      const n = 2 ** log
      arena.scoped(() => {
        // f(x) on the circle domain of twice the size has no coefficient with the factor y.
        const twice = arena.allocUninitialized(2 * n)
        for (let k = 0; k < 4; k++) {
          const [line, circle] = [arena.words(planes + 4 * k * n, n), arena.words(twice, 2 * n)]
          for (let i = 0; i < n; i++) circle[2 * i] = circle[2 * i + 1] = line[i]
          transforms.interpolate(twice, log + 1, log + 1)
          const [target, source] = [arena.words(planes + 4 * k * n, n), arena.words(twice, 2 * n)]
          for (let i = 0; i < n; i++) target[i] = source[2 * i]
        }
      })
    },

    prevPositions(log, _logBlowup, count) {
      const pointer = arena.allocUninitialized(count)
      const out = arena.words(pointer, count)
      // j ∓ 2^(logBlowup−1) on the half-coset index behind position 2s, bit-reversed: the borrow runs down from bit log − 1
      // to the first set bit, the carry to the first clear one.
      const mask = 2 ** log - 1
      for (let q = 0; q < count; q++) {
        const s = q >>> 1
        const low = ((q & 1) === 0 ? s : ~s) & mask
        const stop = low === 0 ? 0 : 31 - Math.clz32(low)
        out[q] = (((s ^ (mask & ~((1 << stop) - 1))) << 1) | (q & 1)) >>> 0
      }
      return pointer
    },

    firstSelector(log, logBlowup, count) {
      const domain = log + logBlowup
      const pointer = arena.allocUninitialized(count)
      if (log < MIN_LOG) {
        const out = arena.words(pointer, count)
        for (let q = 0; q < count; q++) out[q] = T.firstSelectorAt(q, log, domain)
        return pointer
      }
      tables(domain)
      arena.scoped(() => {
        const row = pointAt(0, log)
        let quarter = subgroupGenerator(log + 1)
        for (let i = 1; i < log; i++) quarter = double(quarter)
        const scale = M.inv(M.neg(M.mul(M.pow(2, log), quarter.y)))
        const constants = arena.alloc(2)
        arena.words(constants, 2).set([row.x, row.y])
        const run = Math.min(2 ** log, count)
        for (let first = 0; first < count; first += run) {
          // The vanishing polynomial is x of the domain of size 2^(logBlowup+1), constant on each run of 2^log positions.
          const v = pointAt(2 * Math.floor(first / 2 ** log), logBlowup + 1).x
          pool.ranges(selectorRows, first, first + run, JOB_ROWS, (a, b) => [
            2 ** domain + a,
            b - a,
            constants,
            pointer + 4 * a,
            2 * M.mul(v, scale),
          ])
        }
      })
      return pointer
    },
  }
}
