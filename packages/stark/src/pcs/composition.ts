import * as M from '../field/m31.ts'
import { ratioPlanes } from '../gkr/eq-column.ts'
import type { Kernels, Pointer } from '../kernels/kernels.ts'
import { SUM_CONSTRAINTS, sumWeights } from '../layout.ts'
import type { Layout, PlacedChip } from '../layout.ts'
import { sumShare } from '../ood.ts'
import type { Challenges } from '../ood.ts'
import type { Pacer } from '../progress.ts'
import type { CommittedColumn } from './commit.ts'
import { domainPoint } from './domain.ts'

/** Pointers to a chip's extended columns. */
export interface ExtendedChip {
  readonly main: readonly Pointer[]
  readonly preprocessed: readonly Pointer[]
}

/** What the sums of a height are checked with. */
export interface ExtendedSums {
  /** The extended columns of E and S, limb by limb. */
  readonly columns: readonly Pointer[]
  /** The weighted sum of all columns of the height in natural order, as planes. */
  readonly combination: Pointer
}

/**
 * The composition polynomial Σ weight·constraint / v as 8 columns of size 2^n, left and right half in four limbs each:
 * Q = left + v_n·right. Per height, the quotients of all chips are added up on the first 2^(k+1) positions of the
 * chip's domain, a twin coset on which polynomials of that size are determined; then lifted to one height.
 */
export async function composition(
  kernels: Kernels,
  layout: Layout,
  publics: readonly number[],
  drawn: Challenges,
  columnsOf: (placed: PlacedChip) => ExtendedChip,
  sumsOf: (height: number) => ExtendedSums,
  pace: Pacer,
): Promise<CommittedColumn[]> {
  const { n, logDomain } = layout
  const { logBlowup } = layout.parameters
  const size = 2 ** n
  const coefficients = Array.from({ length: 4 }, () => kernels.alloc(2 * size))
  const starts = weightStarts(layout)
  const inverses = inverseVanishing(logBlowup)
  for (const [height, { log }] of layout.heights.entries()) {
    const mark = kernels.mark()
    const count = 2 ** (log + 1)
    const planes = kernels.alloc(4 * count)
    const prev = kernels.prevPositions(log, logBlowup, count)
    const first = kernels.firstSelector(log, logBlowup, count)
    for (const [i, placed] of layout.chips.entries()) {
      if (placed.log !== log) continue
      const weights = drawn.weights.slice(starts[i], starts[i + 1])
      kernels
        .chip(placed.chip)
        .constraints({ ...columnsOf(placed), publics, prev, first }, log, weights, inverses, planes)
      await pace.step()
    }
    addSums(kernels, layout, height, drawn, sumsOf(height), { prev, first }, inverses, planes)
    const limbs = coefficients.map((_, limb) => planes + 4 * limb * count)
    kernels.interpolateColumns(limbs, log + 1, log + logBlowup)
    limbs.forEach((plane, limb) => {
      kernels.addLiftedCoefficients(plane, log + 1, coefficients[limb], n + 1)
    })
    kernels.release(mark)
  }
  const columns: CommittedColumn[] = []
  for (const half of [0, 1]) {
    const four = coefficients.map((limb) => ({
      log: n,
      coefficients: limb + 4 * half * size,
      extended: kernels.allocUninitialized(2 ** logDomain),
    }))
    kernels.evaluateColumns(four, logDomain)
    columns.push(...four)
    for (let i = 0; i < four.length; i++) await pace.step()
  }
  return columns
}

/** Adds the quotients of the constraints on E and S of one height. */
function addSums(
  kernels: Kernels,
  layout: Layout,
  height: number,
  drawn: Challenges,
  { columns, combination }: ExtendedSums,
  { prev, first }: { readonly prev: Pointer; readonly first: Pointer },
  inverses: readonly [number, number],
  planes: Pointer,
): void {
  const { log } = layout.heights[height]
  const { logBlowup } = layout.parameters
  const eqColumn = drawn.eqColumns[log]
  const mark = kernels.mark()
  const [rows, count] = [2 ** log, 2 ** (log + 1)]
  const ratio = kernels.allocUninitialized(4 * rows)
  ratioPlanes(eqColumn, kernels.words(ratio, 4 * rows))
  // Linear combinations are extended as such: eight columns in the place of all that they combine.
  const whole = 2 ** (log + logBlowup)
  const extended = [combination, ratio].flatMap((natural) =>
    limbsOf(natural, rows).map((values) => ({
      values,
      coefficients: kernels.allocUninitialized(rows),
      extended: kernels.allocUninitialized(whole),
      log,
    })),
  )
  kernels.extendColumns(extended, logBlowup)
  const f = kernels.allocUninitialized(4 * count)
  for (let limb = 0; limb < 4; limb++)
    kernels.words(f + 4 * limb * count, count).set(kernels.words(extended[limb].extended, count))
  const weight = sumWeights(layout, height)
  kernels.sumConstraints(
    {
      e: columns.slice(0, 4),
      s: columns.slice(4),
      ratio: extended.slice(4).map((c) => c.extended),
      combination: f,
      prev,
      first,
    },
    log,
    {
      start: eqColumn.start,
      share: sumShare(layout, height, drawn),
      weights: drawn.weights.slice(weight, weight + SUM_CONSTRAINTS),
    },
    inverses,
    planes,
  )
  kernels.release(mark)
}

/** The four planes of 2^… QM31 as columns. */
export const limbsOf = (planes: Pointer, words: number): Pointer[] =>
  [0, 1, 2, 3].map((limb) => planes + 4 * limb * words)

/** 1/v on the two halves of the first 2^(log+1) positions: v = x∘π^(log−1) takes them to two pairs of points. */
function inverseVanishing(logBlowup: number): readonly [number, number] {
  const at = (half: number): number => M.inv(domainPoint(logBlowup + 1, 2 * half).x)
  return [at(0), at(1)]
}

function weightStarts(layout: Layout): number[] {
  const starts = [0]
  for (const { chip } of layout.chips) starts.push(starts.at(-1)! + chip.constraints.length)
  return starts
}
