import type { FunctionBuilder, Local, ModuleBuilder } from '@vouch/wasm'
import { loadLimbs, mulLimbs, simd, storeLimbs, takeLimbs } from './simd.ts'
import { foldWide, loadVectors, rotate, storeVectors } from './wasm-field.ts'

/**
 * Linear combinations. A wide accumulator is two vectors of 64-bit sums a limb (rows 0-1, rows 2-3): eight vectors, below
 * 2^33 + 2^31 between folds, so that four products below 2^62 fit on top. wasm-rows.ts goes through many rows.
 *
 * accumulate8, accumulate4 (table, weights, first, vectors, sums)  sums[v] += Σ_j w_j·column_j[first + 4v ..], 8 or 4 columns;
 *                                                                weights are 4 words a column
 * finish(sums, planes, planeBytes, first, vectors)               planes[first + 4v ..] += sums[v]
 * dot(column, basis, planeBytes, vectors, sum)                   sum += Σ_i column[i]·basis[i]; vectors a multiple of 4
 *
 * Exported:
 * scaleExtension(from, to, planeBytes, words, factor)            to[i] = from[i]·factor, planes; factor is 4 words
 * liftAdd(from, to, words, m)                                    `words` coefficients, see addLiftedCoefficients; m >= 1
 * addWords(from, to, words)                                      to[i] += from[i]; a multiple of 4
 */
export const SUM_BYTES = 128

export function emitLinear(m: ModuleBuilder): LinearFunctions {
  emitScale(m)
  emitLift(m)
  return {
    accumulate8: emitAccumulate(m, 8),
    accumulate4: emitAccumulate(m, 4),
    finish: emitFinish(m),
    dot: emitDot(m),
  }
}

export interface LinearFunctions {
  readonly accumulate8: FunctionBuilder
  readonly accumulate4: FunctionBuilder
  readonly finish: FunctionBuilder
  readonly dot: FunctionBuilder
}

const sumLocals = (f: FunctionBuilder): Local[] => Array.from({ length: 8 }, () => f.local('v128'))

/** sum[2·limb], sum[2·limb + 1] += v times the vector that `factor` pushes. */
function multiplyInto(
  f: FunctionBuilder,
  sums: readonly Local[],
  v: Local,
  limb: number,
  factor: () => void,
): void {
  f.temp('v128', (w) => {
    factor()
    f.set(w)
    for (const [half, op] of [
      [0, 'i64x2.extmul_low_i32x4_u'],
      [1, 'i64x2.extmul_high_i32x4_u'],
    ] as const) {
      const sum = sums[2 * limb + half]
      f.get(sum, v, w).op(op, 'i64x2.add').set(sum)
    }
  })
}

function foldSums(f: FunctionBuilder, sums: readonly Local[], mask: Local): void {
  for (const sum of sums) {
    f.get(sum)
    foldWide(f, mask)
    f.set(sum)
  }
}

const wideMask = (f: FunctionBuilder): Local => {
  const mask = f.local('v128')
  f.v128(0x7fffffff, 0, 0x7fffffff, 0).set(mask)
  return mask
}

function emitAccumulate(m: ModuleBuilder, columns: 4 | 8): FunctionBuilder {
  const f = m.func('', ['i32', 'i32', 'i32', 'i32', 'i32'])
  const [table, weights, first, count, at] = f.params
  const mask = wideMask(f)
  const sums = sumLocals(f)
  const v = f.local('v128')
  const [offset, end] = [f.local('i32'), f.local('i32')]
  const pointers = Array.from({ length: columns }, (_, j) => {
    const p = f.local('i32')
    f.get(table)
      .load('i32.load', 4 * j)
      .get(first)
      .i32(2)
      .op('i32.shl', 'i32.add')
      .set(p)
    return p
  })
  f.get(count).i32(4).op('i32.shl').set(end)
  f.while(offset, end, 16, () => {
    loadVectors(f, at, sums)
    pointers.forEach((p, j) => {
      f.get(p, offset).op('i32.add').load('v128.load').set(v)
      for (let limb = 0; limb < 4; limb++)
        multiplyInto(f, sums, v, limb, () => f.get(weights).load('v128.load32_splat', 16 * j + 4 * limb))
      if (j % 4 === 3) foldSums(f, sums, mask)
    })
    storeVectors(f, at, sums)
    f.increment(at, SUM_BYTES)
  })
  return f
}

function emitFinish(m: ModuleBuilder): FunctionBuilder {
  const f = m.func('', ['i32', 'i32', 'i32', 'i32', 'i32'])
  const s = simd(f)
  const [at, planes, planeBytes, first, count] = f.params
  const mask = wideMask(f)
  const [row, end, target] = [f.local('i32'), f.local('i32'), f.local('i32')]
  f.get(planes, first).i32(2).op('i32.shl', 'i32.add').set(row)
  f.get(row, count).i32(4).op('i32.shl', 'i32.add').set(end)
  f.while(row, end, 16, () => {
    f.get(row).set(target)
    for (let limb = 0; limb < 4; limb++) {
      f.get(target, target).load('v128.load')
      // Two more folds bring a sum to [0, P]; its low words are the value.
      for (const half of [0, 1]) {
        f.get(at).load('v128.load', 32 * limb + 16 * half)
        foldWide(f, mask)
        foldWide(f, mask)
      }
      f.shuffle(0, 2, 4, 6)
      s.canonical()
      s.add()
      f.store('v128.store')
      f.get(target, planeBytes).op('i32.add').set(target)
    }
    f.increment(at, SUM_BYTES)
  })
  return f
}

function emitDot(m: ModuleBuilder): FunctionBuilder {
  const f = m.func('', ['i32', 'i32', 'i32', 'i32', 'i32'])
  const [column, basis, planeBytes, count, at] = f.params
  const mask = wideMask(f)
  const sums = sumLocals(f)
  const v = f.local('v128')
  const [offset, end] = [f.local('i32'), f.local('i32')]
  const planes = [basis, f.local('i32'), f.local('i32'), f.local('i32')]
  for (let limb = 1; limb < 4; limb++)
    f.get(planes[limb - 1], planeBytes)
      .op('i32.add')
      .set(planes[limb])
  loadVectors(f, at, sums)
  f.get(count).i32(4).op('i32.shl').set(end)
  f.while(offset, end, 64, () => {
    for (let k = 0; k < 4; k++) {
      f.get(column, offset)
        .op('i32.add')
        .load('v128.load', 16 * k)
        .set(v)
      planes.forEach((p, limb) =>
        multiplyInto(f, sums, v, limb, () => {
          f.get(p, offset)
            .op('i32.add')
            .load('v128.load', 16 * k)
        }),
      )
    }
    foldSums(f, sums, mask)
  })
  storeVectors(f, at, sums)
  return f
}

function emitScale(m: ModuleBuilder): void {
  const f = m.func('scaleExtension', ['i32', 'i32', 'i32', 'i32', 'i32'])
  const s = simd(f)
  const [from, to, planeBytes, count, factor] = f.params
  const [source, target] = [planeAddresses(f, from, planeBytes), planeAddresses(f, to, planeBytes)]
  const end = f.local('i32')
  const [x, y] = [takeLimbs(f), takeLimbs(f)]
  y.forEach((limb, k) =>
    f
      .get(factor)
      .load('v128.load32_splat', 4 * k)
      .set(limb),
  )
  f.get(from, count).i32(2).op('i32.shl', 'i32.add').set(end)
  f.while(from, end, 16, () => {
    loadLimbs(f, source, 0, x)
    mulLimbs(f, s, x, y, x)
    storeLimbs(f, target, 0, x)
    for (const a of [...source.slice(1), ...target]) f.increment(a, 16)
  })
}

function emitLift(m: ModuleBuilder): void {
  const f = m.func('liftAdd', ['i32', 'i32', 'i32', 'i32'])
  const s = simd(f)
  const [from, to, count, by] = f.params
  const [end, even, odd, step, right] = [
    f.local('i32'),
    f.local('i32'),
    f.local('i32'),
    f.local('i32'),
    f.local('i32'),
  ]
  f.get(from, count).i32(2).op('i32.shl', 'i32.add').set(end)
  // Coefficients 2i and 2i + 1 go to i·2^(m+1) and (i + 1)·2^(m+1) − 1.
  f.i32(8).get(by).op('i32.shl').set(step)
  f.get(to).set(even)
  f.get(to, step).op('i32.add').i32(4).op('i32.sub').set(odd)
  f.i32(31).get(by).op('i32.sub').set(right)
  const add = (target: Local): void => {
    f.get(target).load('v128.load32_zero')
    s.add()
    f.temp('v128', (t) => f.set(t).get(target, t).memoryLane('v128.store32_lane', 0, 0))
  }
  f.while(from, end, 8, () => {
    f.get(from).load('v128.load32_zero')
    add(even)
    f.get(from).load('v128.load32_zero', 4)
    rotate(f, s, by, right)
    add(odd)
    f.get(even, step).op('i32.add').set(even)
    f.get(odd, step).op('i32.add').set(odd)
  })

  const g = m.func('addWords', ['i32', 'i32', 'i32'])
  const t = simd(g)
  const limit = g.local('i32')
  g.get(g.param(0), g.param(2)).i32(2).op('i32.shl', 'i32.add').set(limit)
  g.while(g.param(0), limit, 16, () => {
    g.get(g.param(1), g.param(0)).load('v128.load').get(g.param(1)).load('v128.load')
    t.add()
    g.store('v128.store').increment(g.param(1), 16)
  })
}

/** Addresses of the four limbs of planes at `base`, itself the first. */
export function planeAddresses(
  f: FunctionBuilder,
  base: Local,
  planeBytes: Local,
): readonly [Local, Local, Local, Local] {
  const [b, c, d] = [f.local('i32'), f.local('i32'), f.local('i32')]
  f.get(base, planeBytes).op('i32.add').set(b)
  f.get(b, planeBytes).op('i32.add').set(c)
  f.get(c, planeBytes).op('i32.add').set(d)
  return [base, b, c, d]
}
