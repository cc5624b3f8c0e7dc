import * as Q from '../field/qm31.ts'
import type { QM31 } from '../field/qm31.ts'
import type { EqFactors, FractionTarget, Fractions, Kernels, Pointer } from '../kernels/kernels.ts'
import { EQ_LOW_LOG, VanishingDenominator } from '../kernels/kernels.ts'
import type { Pacer } from '../progress.ts'
import type { ProverTranscript } from '../transcript.ts'
import type { FractionTree } from './forest.ts'
import { combined, cubicAt, eq as eqAt, one, treeWeights } from './sumcheck.ts'
import type { Cubic, Fraction, Halves, LeafPoint } from './sumcheck.ts'

/** The leaves of a tree: M31 numerators in one plane, QM31 denominators in planes of 2^log words. */
export interface Leaves {
  readonly log: number
  readonly numerators: Pointer
  readonly denominators: Pointer
}

/** The layers of all trees. The sumchecks use them up, and free them from the top. */
export interface Forest {
  /** `layers[t][d]`: the 2^d fractions of layer d of tree t; the root first, the leaves last. */
  readonly layers: readonly (readonly (Fractions | undefined)[])[]
  /** `marks[g]`: what was allocated before the layers of depth g, counted from the root of the deepest tree. */
  readonly marks: readonly number[]
}

/** Trees of more leaves (log2) do not keep the layer above their leaves, four words a leaf: it is made twice. */
export const KEEP_LOG = 24
/** Fractions (log2) of the layer that is not kept that are made at once. */
const PART_LOG = 16

/** Adds the fractions of all trees up, layer by layer from the leaves; the deepest tree is the first. */
export function fractionLayers(kernels: Kernels, leaves: readonly Leaves[], keepLog = KEEP_LOG): Forest {
  const depth = leaves[0].log
  const layers = leaves.map(({ log, numerators, denominators }) => {
    const own: (Fractions | undefined)[] = []
    own[log] = { numerators, numeratorHalf: log - 1, base: true, denominators, denominatorHalf: log - 1 }
    return own
  })
  const marks: number[] = []
  for (let g = depth - 1; g >= 0; g--) {
    marks[g] = kernels.mark()
    leaves.forEach(({ log }, t) => {
      const d = g - (depth - log)
      if (d < 0 || (d === log - 1 && log > keepLog)) return
      const below = layers[t][d + 1]
      layers[t][d] = below === undefined ? addTwice(kernels, layers[t][log]!, d) : addUp(kernels, below, d)
    })
  }
  return { layers, marks }
}

const target = (kernels: Kernels, log: number): FractionTarget => ({
  numerators: kernels.allocUninitialized(4 * 2 ** log),
  denominators: kernels.allocUninitialized(4 * 2 ** log),
  planeWords: 2 ** log,
})

/** The 2^log fractions in the planes of a target, as a layer. */
const layerOf = ({ numerators, denominators }: FractionTarget, log: number): Fractions => ({
  numerators,
  numeratorHalf: log - 1,
  base: false,
  denominators,
  denominatorHalf: log - 1,
})

/** The layer of 2^log fractions above one of twice as many. */
function addUp(kernels: Kernels, below: Fractions, log: number): Fractions {
  const to = target(kernels, log)
  kernels.addFractions(below, log, to)
  return layerOf(to, log)
}

/** The layer of 2^log fractions two above the leaves, a part of the layer between at a time. */
function addTwice(kernels: Kernels, leaves: Fractions, log: number): Fractions {
  const to = target(kernels, log)
  const mark = kernels.mark()
  const part = Math.min(PART_LOG, log)
  const between = target(kernels, part + 1)
  for (let first = 0; first < 2 ** log; first += 2 ** part) {
    for (const half of [0, 1])
      kernels.addFractions(shifted(leaves, first + half * 2 ** log), part, shifted(between, half * 2 ** part))
    kernels.addFractions(layerOf(between, part + 1), part, shifted(to, first))
  }
  kernels.release(mark)
  return layerOf(to, log)
}

/** The same planes from entry `by` on. */
const shifted = <T extends { readonly numerators: Pointer; readonly denominators: Pointer }>(
  planes: T,
  by: number,
): T => ({
  ...planes,
  numerators: planes.numerators + 4 * by,
  denominators: planes.denominators + 4 * by,
})

/** The fraction that all leaves of a tree add up to. Throws `VanishingDenominator` when one of them has none. */
export function rootFraction(kernels: Kernels, layers: Forest['layers'][number]): Fraction {
  const { numerators, denominators } = layers[0]!
  const at = (pointer: Pointer): QM31 => limbs(kernels, pointer, 1, 0)
  const denominator = at(denominators)
  if (Q.isZero(denominator)) throw new VanishingDenominator('a bus fraction has the denominator 0')
  return { numerator: at(numerators), denominator }
}

/**
 * Shows that the roots are what the leaves add up to, and answers the point at which the leaves are then claimed. Twin
 * of `gkrVerify`, which has the source.
 */
export async function gkrProve(
  kernels: Kernels,
  transcript: ProverTranscript,
  trees: readonly FractionTree[],
  { layers, marks }: Forest,
  pace: Pacer,
): Promise<LeafPoint> {
  transcript.sendExtensions(
    'fraction sums',
    layers
      .map((own) => rootFraction(kernels, own))
      .flatMap(({ numerator, denominator }) => [numerator, denominator]),
  )
  const depth = trees[0].log
  let low: QM31[] = []
  let top: QM31 = Q.ZERO
  let halves: Halves[] = []
  for (let layer = 0; layer < depth; layer++) {
    // Layers above the one at hand are done with.
    kernels.release(marks[layer])
    const eqOf = eqFactors(kernels, low.slice(0, Math.max(0, layer - 1)))
    const lambda = transcript.drawExtension('gkr lambda')
    const weights = treeWeights(lambda, trees.length)
    // Trees fall in depth: those that take part come first.
    const present = trees.flatMap(({ log }, t) => {
      const variables = layer - (depth - log)
      return variables < 0
        ? []
        : [sumOf(kernels, layerAt(kernels, layers[t], variables + 1), variables, weights[t], lambda)]
    })
    const challenges: QM31[] = []
    for (let bit = layer - 1; bit >= 0; bit--) {
      const rounds = present.flatMap((sum, i) => {
        if (sum.variables <= bit) return []
        const eqBelow = eqOf(bit)
        // The halves that the layer above ended with are the values of the first round at 0 and 1.
        return [sum.variables === bit + 1 ? sum.first(top, eqBelow, halves[i]) : sum.next(low[bit], eqBelow)]
      })
      const round = rounds.reduce<Cubic>(
        (s, c) => [Q.add(s[0], c[0]), Q.add(s[1], c[1]), Q.add(s[2], c[2]), Q.add(s[3], c[3])],
        [Q.ZERO, Q.ZERO, Q.ZERO, Q.ZERO],
      )
      transcript.sendExtensions('gkr round', [round[0], round[2], round[3]])
      const challenge = transcript.drawExtension('gkr challenge')
      challenges[bit] = challenge
      for (const sum of present)
        if (sum.variables > bit) sum.bind(sum.variables === bit + 1 ? top : low[bit], challenge)
      await pace.step()
    }
    halves = present.map((sum) => sum.halves())
    transcript.sendExtensions(
      'gkr values',
      halves.flatMap(({ low: l, high: h }) => [l.numerator, l.denominator, h.numerator, h.denominator]),
    )
    top = transcript.drawExtension('gkr half')
    low = challenges
  }
  return { low, top }
}

/** Layer d of a tree, made again where it was not kept. */
const layerAt = (kernels: Kernels, layers: Forest['layers'][number], d: number): Fractions =>
  layers[d] ?? addUp(kernels, layers[d + 1]!, d)

/** eq(point, y) over y < 2^bits for every bits <= point.length. */
function eqFactors(kernels: Kernels, point: readonly QM31[]): (bits: number) => EqFactors {
  const [low, high] = [point.slice(0, EQ_LOW_LOG), point.slice(EQ_LOW_LOG)].map((some) => {
    const tables = kernels.allocUninitialized(8 * 2 ** some.length)
    kernels.eqTables(some, tables)
    return tables
  })
  return (bits) => {
    const lower = Math.min(bits, EQ_LOW_LOG)
    return { low: low + 16 * 2 ** lower, high: high + 16 * 2 ** (bits - lower) }
  }
}

/** One tree's part of the sumcheck of a layer. */
interface LayerSum {
  readonly variables: number
  /**
   * The polynomials of the first round and of a later one. `eq` is over the variables below the free one; `halves` are
   * what the sumcheck of the layer above ended with: the values of the first round at 0 and 1.
   */
  first(coordinate: QM31, eq: EqFactors, halves: Halves): Cubic
  next(coordinate: QM31, eq: EqFactors): Cubic
  bind(coordinate: QM31, challenge: QM31): void
  halves(): Halves
}

/** A tree's fractions are bound to a challenge on the way to the next round: each is read and written once a round. */
function sumOf(kernels: Kernels, from: Fractions, variables: number, weight: QM31, lambda: QM31): LayerSum {
  let layer = from
  /** Variables that the fractions in memory have. */
  let log = variables
  /** Whether lambda·d1 has been added to n1. */
  let joined = false
  let pending: QM31 = Q.ZERO
  let factor = weight
  /** What is left to be shown, without the factors of the variables that are bound. */
  let claim: QM31 = Q.ZERO
  let inner: readonly [QM31, QM31, QM31] = [Q.ZERO, Q.ZERO, Q.ZERO]
  /** h(X) times eq(coordinate, X) = (1 − coordinate) + (2·coordinate − 1)·X and the factors so far. */
  const round = (coordinate: QM31, h0: QM31, h1: QM31, h2: QM31): Cubic => {
    inner = [h0, Q.sub(Q.sub(h1, h0), h2), h2]
    const constant = Q.mul(factor, one(coordinate))
    const slope = Q.mul(factor, Q.sub(Q.add(coordinate, coordinate), Q.ONE))
    const [a, b, c] = inner
    return [
      Q.mul(constant, a),
      Q.add(Q.mul(constant, b), Q.mul(slope, a)),
      Q.add(Q.mul(constant, c), Q.mul(slope, b)),
      Q.mul(slope, c),
    ]
  }
  const bindLayer = (eq: EqFactors): readonly [QM31, QM31] => {
    if (joined) return kernels.bindNext(layer, log, pending, eq)
    joined = true
    const { base } = layer
    const numerators = base ? kernels.allocUninitialized(4 * 2 ** log) : layer.numerators
    const sums = kernels.bindFirst(layer, log, pending, lambda, eq, numerators)
    if (base) layer = { ...layer, numerators, numeratorHalf: log - 1, base: false }
    return sums
  }
  return {
    variables,
    first(coordinate, eq, { low, high }) {
      const h2 = kernels.roundSquare(layer, log, eq, lambda)
      return round(coordinate, combined(low, lambda), combined(high, lambda), h2)
    },
    next(coordinate, eq) {
      const [h0, h2] = bindLayer(eq)
      log -= 1
      if (Q.isZero(coordinate)) throw new VanishingDenominator('a coordinate of the fraction trees is 0')
      // claim = (1 − coordinate)·h(0) + coordinate·h(1)
      const h1 = Q.mul(Q.sub(claim, Q.mul(one(coordinate), h0)), Q.inv(coordinate))
      return round(coordinate, h0, h1, h2)
    },
    bind(coordinate, challenge) {
      claim = cubicAt([...inner, Q.ZERO], challenge)
      factor = Q.mul(factor, eqAt(coordinate, challenge))
      pending = challenge
    },
    halves() {
      const [low, high] = [0, 1].map((k) => {
        const values = Array.from({ length: 2 ** log }, (_, x) => fractionAt(kernels, layer, k, x))
        return values.reduce((at, to) => ({
          numerator: Q.add(at.numerator, Q.mul(pending, Q.sub(to.numerator, at.numerator))),
          denominator: Q.add(at.denominator, Q.mul(pending, Q.sub(to.denominator, at.denominator))),
        }))
      })
      if (!joined) return { low, high }
      const numerator = Q.sub(high.numerator, Q.mul(lambda, high.denominator))
      return { low, high: { ...high, numerator } }
    },
  }
}

/** Fraction (x, k) of a layer that may be bound in part. */
function fractionAt(kernels: Kernels, layer: Fractions, k: number, x: number): Fraction {
  const { numerators, numeratorHalf, denominators, denominatorHalf, base } = layer
  const at = k * 2 ** numeratorHalf + x
  return {
    numerator: base
      ? Q.fromBase(kernels.words(numerators + 4 * at, 1)[0])
      : limbs(kernels, numerators, 2 ** (numeratorHalf + 1), at),
    denominator: limbs(kernels, denominators, 2 ** (denominatorHalf + 1), k * 2 ** denominatorHalf + x),
  }
}

/** Element `index` of planes of `words` words. */
function limbs(kernels: Kernels, planes: Pointer, words: number, index: number): QM31 {
  const at = (l: number): number => kernels.words(planes + 4 * (l * words + index), 1)[0]
  return [at(0), at(1), at(2), at(3)]
}
