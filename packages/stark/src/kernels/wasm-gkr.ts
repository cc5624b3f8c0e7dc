import * as M from '../field/m31.ts'
import * as Q from '../field/qm31.ts'
import type { QM31 } from '../field/qm31.ts'
import type { Arena } from './arena.ts'
import { EQ_LOW_LOG } from './kernels.ts'
import type { EqFactors, Fractions, Pointer } from './kernels.ts'
import { referenceTree } from './reference-gkr.ts'
import type { TreeKernels } from './reference-gkr.ts'
import { LAYER } from './wasm-layer.ts'
import { CONSTRAINTS } from './wasm-sums.ts'
import type { WasmFunction } from '@vouch/wasm'
import type { Argument, Functions, Pool } from './pool.ts'

/** Entries a call: V8 swaps in the optimised code of a function only between calls. */
const CHUNK = 4096
/** Words of a partial sum: four lanes a limb. */
const LANES = 16

const inPlace = ({ numerators, numeratorHalf }: Fractions): { pointer: Pointer; half: number } => ({
  pointer: numerators,
  half: 2 ** numeratorHalf,
})

const planes = (pointer: Pointer, n: number): number[] => Q.UNITS.map((_, l) => pointer + 4 * l * n)

/** The kernels over vectors; what has fewer than four entries, as every tree has near its root, is the reference's. */
export function fractionTree(arena: Arena, functions: Functions, pool: Pool): TreeKernels {
  const reference = referenceTree(arena.words)
  /** Runs a kernel over `n` entries from `first` on; it takes byte offsets. */
  const rows = (
    run: WasmFunction,
    n: number,
    args: (from: number, to: number) => readonly Argument[],
    first = 0,
  ): void => {
    pool.ranges(run, first, first + n, CHUNK, (from, to) => args(4 * from, 4 * to))
  }
  const blockOf = (layer: Fractions): Pointer => {
    const block = arena.alloc(LAYER.bytes / 4)
    const w = arena.words(block, LAYER.bytes / 4)
    w.set(planes(layer.numerators, 2 ** (layer.numeratorHalf + 1)), LAYER.numerators / 4)
    w.set(planes(layer.denominators, 2 ** (layer.denominatorHalf + 1)), LAYER.denominators / 4)
    w[LAYER.numeratorHalf / 4] = 4 * 2 ** layer.numeratorHalf
    w[LAYER.denominatorHalf / 4] = 4 * 2 ** layer.denominatorHalf
    return block
  }
  /** The sum of `count` QM31 over all calls of a kernel, each of which leaves four lanes a limb. */
  const total = (
    run: WasmFunction,
    n: number,
    count: number,
    args: (from: number, to: number, sums: Pointer) => readonly Argument[],
  ): QM31[] => {
    const words = LANES * count
    const sums = arena.allocUninitialized(words * Math.ceil(n / CHUNK))
    let calls = 0
    rows(run, n, (from, to) => args(from, to, sums + 4 * words * calls++))
    const totals = Array.from({ length: count }, () => [0, 0, 0, 0])
    const w = arena.words(sums, words * calls)
    for (let call = 0; call < calls; call++)
      totals.forEach((sum, i) => {
        for (let l = 0; l < 4; l++) {
          const at = words * call + LANES * i + 4 * l
          sum[l] = (sum[l] + w[at] + w[at + 1] + w[at + 2] + w[at + 3]) % M.P
        }
      })
    return totals as unknown as QM31[]
  }

  /** The sums that a kernel gives over 2^log indices, those that `eq` has weights for. */
  const round = (
    run: WasmFunction,
    layer: Fractions,
    log: number,
    eq: EqFactors,
    challenges: { readonly lambda?: QM31; readonly challenge?: QM31 },
    distance: number,
    to: { readonly pointer: Pointer; readonly half: number } | undefined,
    count: number,
  ): QM31[] =>
    arena.scoped(() => {
      const n = 2 ** log
      const k = Math.min(log, EQ_LOW_LOG)
      const block = blockOf(layer)
      const w = arena.words(block, LAYER.bytes / 4)
      w.set(planes(eq.low, 2 ** k), LAYER.eqLow / 4)
      w.set(planes(eq.high, 2 ** (log - k)), LAYER.eqHigh / 4)
      w[LAYER.eqLowBytes / 4] = 4 * 2 ** k
      w.set(challenges.lambda ?? Q.ZERO, LAYER.lambda / 4)
      w.set(challenges.challenge ?? Q.ZERO, LAYER.challenge / 4)
      w[LAYER.distance / 4] = distance
      if (to !== undefined) {
        w.set(planes(to.pointer, 2 * to.half), LAYER.out / 4)
        w[LAYER.outHalf / 4] = 4 * to.half
      }
      return total(run, n, count, (from, end, sums) => [block, from, end, sums])
    })

  return {
    addFractions(from, log, to) {
      const n = 2 ** log
      if (log < 2) return reference.addFractions(from, log, to)
      arena.scoped(() => {
        const block = blockOf(from)
        const w = arena.words(block, LAYER.bytes / 4)
        w.set(planes(to.numerators, to.planeWords), LAYER.out / 4)
        w.set(planes(to.denominators, to.planeWords), LAYER.outDenominators / 4)
        const run = from.base ? functions.addFractionsBase! : functions.addFractions!
        rows(run, n, (start, end) => [block, start, end])
      })
    },

    roundSquare(layer, log, eq, lambda) {
      if (log < 3) return reference.roundSquare(layer, log, eq, lambda)
      const run = layer.base ? functions.roundSquareBase! : functions.roundSquare!
      return round(run, layer, log - 1, eq, { lambda }, 4 * 2 ** (log - 1), undefined, 1)[0]
    },

    bindFirst(layer, log, challenge, lambda, eq, to) {
      if (log < 4) return reference.bindFirst(layer, log, challenge, lambda, eq, to)
      const run = layer.base ? functions.bindFirstBase! : functions.bindFirst!
      const target = layer.base ? { pointer: to, half: 2 ** (log - 1) } : inPlace(layer)
      const [h0, h2] = round(run, layer, log - 2, eq, { lambda, challenge }, 4 * 2 ** (log - 1), target, 2)
      return [h0, h2]
    },

    bindNext(layer, log, challenge, eq) {
      if (log < 4) return reference.bindNext(layer, log, challenge, eq)
      const run = functions.bindNext!
      const [h0, h2] = round(run, layer, log - 2, eq, { challenge }, 4 * 2 ** (log - 1), inPlace(layer), 2)
      return [h0, h2]
    },

    eqTables(point, tables) {
      const small = Math.min(point.length, 2)
      reference.eqTables(point.slice(0, small), tables)
      arena.scoped(() => {
        const p = arena.alloc(4)
        for (let t = 2; t < point.length; t++) {
          const n = 2 ** t
          arena.words(p, 4).set(point[t])
          rows(functions.eqLevel!, n, (from, to) => [tables + 16 * n, 4 * n, tables + 32 * n, p, from, to])
        }
      })
    },

    innerProduct(e, f, log) {
      if (log < 2) return reference.innerProduct(e, f, log)
      const n = 2 ** log
      return arena.scoped(
        () => total(functions.innerProduct!, n, 1, (from, to, sums) => [e, f, 4 * n, sums, from, to])[0],
      )
    },

    runningSum(e, f, log, share, out) {
      if (log < 2) return reference.runningSum(e, f, log, share, out)
      const n = 2 ** log
      arena.scoped(() => {
        const state = arena.alloc(20)
        arena.words(state, 4).set(share)
        // Each row builds on the one before: one thread.
        for (let i = 0; i < n; i += CHUNK)
          functions.runningSum!(e, f, out, 4 * n, state, 4 * i, 4 * Math.min(n, i + CHUNK))
      })
      const w = arena.words(out, 4 * n)
      return [w[n - 1], w[2 * n - 1], w[3 * n - 1], w[4 * n - 1]]
    },

    sumConstraints(columns, log, challenges, inverseVanishing, out) {
      if (log < 2) return reference.sumConstraints(columns, log, challenges, inverseVanishing, out)
      const half = 2 ** log
      const { start, share, weights } = challenges
      arena.scoped(() => {
        const block = arena.alloc(CONSTRAINTS.bytes / 4)
        const w = arena.words(block, CONSTRAINTS.bytes / 4)
        w.set(columns.e, CONSTRAINTS.e / 4)
        w.set(columns.s, CONSTRAINTS.s / 4)
        w.set(columns.ratio, CONSTRAINTS.ratio / 4)
        w.set(planes(columns.combination, 2 * half), CONSTRAINTS.combination / 4)
        w.set(planes(out, 2 * half), CONSTRAINTS.out / 4)
        w.set([columns.prev, columns.first], CONSTRAINTS.prev / 4)
        w.set([...start, ...share], CONSTRAINTS.start / 4)
        inverseVanishing.forEach((inverse, k) => {
          w.set(
            weights.flatMap((weight) => Q.mulBase(weight, inverse)),
            CONSTRAINTS.weights / 4,
          )
          rows(functions.sumConstraints!, half, (from, to) => [block, from, to], half * k)
        })
      })
    },
  }
}
