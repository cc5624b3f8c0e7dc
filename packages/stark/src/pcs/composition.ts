import * as M from '../field/m31.ts'
import * as Q from '../field/qm31.ts'
import type { QM31 } from '../field/qm31.ts'
import type { Kernels, Pointer } from '../kernels/kernels.ts'
import { boundaryWeight } from '../layout.ts'
import type { Layout, PlacedChip } from '../layout.ts'
import type { Challenges } from '../ood.ts'
import type { Pacer } from '../progress.ts'
import type { CommittedColumn } from './commit.ts'
import { domainPoint } from './domain.ts'

/** Pointers to a chip's extended columns. */
export interface ExtendedChip {
  readonly main: readonly Pointer[]
  readonly preprocessed: readonly Pointer[]
  readonly interaction: readonly Pointer[]
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
  { z, alpha, claims, weights }: Challenges,
  columnsOf: (placed: PlacedChip) => ExtendedChip,
  pace: Pacer,
): Promise<CommittedColumn[]> {
  const { n, logDomain } = layout
  const { logBlowup } = layout.parameters
  const size = 2 ** n
  const coefficients = Array.from({ length: 4 }, () => kernels.alloc(2 * size))
  const starts = weightStarts(layout)
  for (const log of new Set(layout.chips.map((c) => c.log))) {
    const mark = kernels.mark()
    const count = 2 ** (log + 1)
    const planes = kernels.alloc(4 * count)
    const prev = kernels.prevPositions(log, logBlowup, count)
    const first = kernels.firstSelector(log, logBlowup, count)
    const inverses = inverseVanishing(logBlowup)
    for (const [i, placed] of layout.chips.entries()) {
      if (placed.log !== log) continue
      const drawn = { z, alpha, claim: claims[i], weights: weights.slice(starts[i], starts[i + 1]) }
      kernels
        .chip(placed.chip)
        .constraints({ ...columnsOf(placed), publics, prev, first }, log, drawn, inverses, planes)
      await pace.step()
    }
    addBoundaries(
      kernels,
      layout,
      log,
      weights,
      (placed) => columnsOf(placed).interaction,
      prev,
      first,
      inverses,
      planes,
    )
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

/**
 * Adds Σ weight·first·S_prev / v over the chips of one height; see `boundaryWeight`. `first` and v are the same for
 * all of them, so the weighted sum of their running sums comes first and one pass does the rest.
 */
function addBoundaries(
  kernels: Kernels,
  layout: Layout,
  log: number,
  weights: readonly QM31[],
  interactionOf: (placed: PlacedChip) => readonly Pointer[],
  prev: Pointer,
  first: Pointer,
  inverses: readonly [number, number],
  planes: Pointer,
): void {
  const mark = kernels.mark()
  const count = 2 ** (log + 1)
  const sums = kernels.alloc(4 * count)
  for (const [i, placed] of layout.chips.entries()) {
    if (placed.log !== log) continue
    const weight = weights[boundaryWeight(layout, i)]
    kernels.accumulate(
      interactionOf(placed).slice(-4),
      Q.UNITS.map((unit) => Q.mul(unit, weight)),
      log + 1,
      sums,
    )
  }
  const from = kernels.words(sums, 4 * count)
  const previous = kernels.words(prev, count)
  const selector = kernels.words(first, count)
  const to = kernels.words(planes, 4 * count)
  for (let i = 0; i < count; i++) {
    const factor = M.mul(selector[i], inverses[i < count / 2 ? 0 : 1])
    for (let limb = 0; limb < 4; limb++) {
      const at = limb * count
      to[at + i] = M.add(to[at + i], M.mul(factor, from[at + previous[i]]))
    }
  }
  kernels.release(mark)
}

/** 1/v on the two halves of the first 2^(log+1) positions: v = x∘π^(log−1) takes them to two pairs of points. */
function inverseVanishing(logBlowup: number): readonly [number, number] {
  const at = (half: number): number => M.inv(domainPoint(logBlowup + 1, 2 * half).x)
  return [at(0), at(1)]
}

function weightStarts(layout: Layout): number[] {
  const starts = [0]
  for (const { chip } of layout.chips)
    starts.push(starts.at(-1)! + chip.constraints.length + chip.groups.length)
  return starts
}
