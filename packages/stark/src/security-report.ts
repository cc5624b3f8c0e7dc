import {
  batchingFactor,
  fieldBits,
  johnson,
  outOfDomainZeros,
  queryBits,
  randomWordsAgreement,
  uniqueDecoding,
} from './security-bounds.ts'
import type { Batching, JohnsonLaw, Regime } from './security-bounds.ts'

/** Collision resistance, in bits, of the 256-bit hash behind Merkle trees and transcript: no proof is worth more. */
export const HASH_BITS = 128

/** log2 of the largest trace that a proof may have. */
export const MAX_LOG_HEIGHT = 24

/**
 * Coefficients that the decoded trace polynomials may have beyond the height N: k = N + 3.
 *
 * FRI shows that the line quotients (f - l)/v lie in the FFT space of dimension N, inside the polynomials of
 * degree N/2 on the circle (ePrint 2024/278). Multiplying back by the line v and adding the line l gives degree
 * N/2 + 1, and the polynomials of degree M on the circle have dimension 2M + 1.
 */
export const EXTRA_DIMENSION = 3

export type InsecureCode = 'security/below-target' | 'security/shape' | 'security/parameters'

/** The parameters cannot carry the bits asked for, or the shape is outside what the formulas cover. */
export class InsecureParameters extends Error {
  readonly code: InsecureCode
  constructor(code: InsecureCode, message: string) {
    super(message)
    this.name = 'InsecureParameters'
    this.code = code
  }
}

/** What is proved, in numbers. Derived from the verifying key and the padded heights, never from the proof. */
export interface Shape {
  /** log2 of the largest padded height; every column is lifted to it. */
  readonly logHeight: number
  /** Constraints over all chips, those of buses and boundaries included. */
  readonly constraints: number
  /** Words in the DEEP batch: each base-field column once per opened point. */
  readonly batchTerms: number
  /** Fractions in all bus sums: Σ over chips of messages a row × padded height, plus the public terms. */
  readonly logupTerms: number
  /** Bad challenges of the sumchecks over the trees of bus fractions, and of the batch of their columns. */
  readonly sumcheckErrors: number
  /** Widest bus tuple, the constant of the bus included. */
  readonly tupleWidth: number
  readonly constraintDegree: number
  /** Pieces in which the composition polynomial is committed. */
  readonly quotientPieces: number
  /** Most points at which a column is opened out of the domain. */
  readonly oodPoints: number
}

/** Grinding bits of each site; a site is credited to the challenge drawn right after it, and to no other. */
export interface Grinding {
  /** Before the bus challenges. */
  readonly logup: number
  /** Before the out-of-domain point. */
  readonly ood: number
  /** Before the DEEP batching challenges. */
  readonly batching: number
  /** Before the folding challenge of each FRI layer; one entry a fold of `foldArities`. */
  readonly commit: readonly number[]
  /** Before the query indices. */
  readonly query: number
}

/** Everything about the protocol that its soundness depends on. */
export interface ProtocolParameters {
  /** Degree of the challenge field over M31: 4 for QM31, 6 for M31⁶. */
  readonly extensionDegree: number
  readonly logBlowup: number
  readonly queries: number
  readonly grinding: Grinding
  /** How the composition and the DEEP batch draw their challenges. */
  readonly batching: Batching
  readonly foldArityLog: number
  readonly finalLogDegree: number
}

/** One round: `bits = statistical + grinding`. */
export interface Term {
  readonly name: string
  readonly bits: number
  /** -log2 of the error of the round, against a prover without limits. */
  readonly statistical: number
  /** Work paid before the round's challenge, against a prover that must redo it for each try. */
  readonly grinding: number
}

/** The bits of one regime. */
export interface RegimeReport {
  /** The statement the number rests on. */
  readonly law: 'unique decoding, BCHKS25' | JohnsonLaw | 'random words'
  /** Multiplicity, where the law has one: the best for these parameters. */
  readonly m?: number
  /** The smallest term: round-by-round soundness. */
  readonly bits: number
  readonly binding: Term
  /** -log2 of the sum of all errors. */
  readonly union: number
  /** The smallest statistical part: what holds with every grinding bit written off. */
  readonly withoutGrinding: number
  readonly terms: readonly Term[]
}

/** Three numbers that must never be mixed up, and two more columns for the second. */
export interface SecurityReport {
  readonly parameters: ProtocolParameters
  readonly shape: Shape
  readonly provenUDR: RegimeReport
  /** Under BCHKS25. */
  readonly provenJohnson: RegimeReport
  readonly johnsonDKT26: RegimeReport
  readonly johnsonBCIKS20: RegimeReport
  readonly conjecturedRandomWords: RegimeReport
}

/**
 * Arities of the FRI folds from 2^logHeight coefficients down to 2^finalLogDegree: as many as come nearest to folds of
 * 2^foldArityLog, and as even as can be, the larger first. A layer of its own for a small remainder would cost more bytes
 * of paths than larger leaves do. The first fold also leads from the circle to the line, so there is at least one.
 *
 * Throws `InsecureParameters` when the schedule is malformed or the height leaves nothing to fold.
 */
export function foldArities(logHeight: number, foldArityLog: number, finalLogDegree: number): number[] {
  if (!integerWithin(foldArityLog, 1, 4) || !integerWithin(finalLogDegree, 0, MAX_LOG_HEIGHT))
    throw new InsecureParameters('security/parameters', 'the fold schedule is malformed')
  if (!(logHeight > finalLogDegree))
    throw new InsecureParameters('security/shape', `2^${logHeight} rows: fewer than 2^${finalLogDegree + 1}`)
  const arities: number[] = []
  const all = logHeight - finalLogDegree
  const layers = Math.max(1, Math.round(all / foldArityLog))
  let left = all
  for (let l = layers; l > 0; l--) {
    const log = Math.ceil(left / l)
    arities.push(2 ** log)
    left -= log
  }
  return arities
}

/** Bad challenges of each challenge round under `regime`; the error of the round is the count over |F|. */
export interface BadChallenges {
  readonly logup: number
  readonly gkr: number
  readonly composition: number
  readonly ood: number
  readonly batching: number
  readonly commit: readonly number[]
}

/** Points of the evaluation domain, and dimension of the code that the trace polynomials lie in. */
export function codeOf(logBlowup: number, shape: Shape): { domain: number; dimension: number; rho: number } {
  const domain = 2 ** (shape.logHeight + logBlowup)
  const dimension = 2 ** shape.logHeight + EXTRA_DIMENSION
  return { domain, dimension, rho: dimension / domain }
}

/**
 * The bad challenges of every round. Under unique decoding all counts are dyadic and exact in a double.
 *
 * - logup: Σ K·N·(S + 2), per fraction the degree of its fingerprint, one numerator root, one vanishing
 *   denominator (ePrint 2022/1530); times the list, which is not yet cut down when the bus challenges are drawn.
 * - gkr: all rounds together, so the least of them has more bits than the sum; times the list.
 * - composition, ood: times the list size. DEEP is charged for columns of N + 3 coefficients.
 * - commit: one power curve of degree arity - 1 a layer, over the domain before the fold; the words that are
 *   combined live on the smaller one after it, so this is on the safe side.
 *
 * Throws `InsecureParameters` when N + 3 + mc < (1-θ)D fails, without which DEEP says nothing.
 */
export function badChallenges(
  parameters: Omit<ProtocolParameters, 'queries' | 'grinding'>,
  shape: Shape,
  regime: Regime,
): BadChallenges {
  const { domain, dimension } = codeOf(parameters.logBlowup, shape)
  if (!(dimension + shape.oodPoints < (1 - regime.theta) * domain))
    throw new InsecureParameters(
      'security/shape',
      'the proximity radius leaves no room for the opened points',
    )
  const zeros = outOfDomainZeros(dimension, shape.oodPoints, shape.constraintDegree, shape.quotientPieces)
  let length = domain
  const commit = foldArities(shape.logHeight, parameters.foldArityLog, parameters.finalLogDegree).map(
    (arity) => {
      const count = (arity - 1) * regime.lineCount(length, length / 2 ** parameters.logBlowup)
      length /= arity
      return count
    },
  )
  return {
    logup: regime.listSize * shape.logupTerms * (shape.tupleWidth + 2),
    gkr: regime.listSize * shape.sumcheckErrors,
    composition: regime.listSize * batchingFactor(parameters.batching, shape.constraints),
    ood: regime.listSize * zeros,
    batching:
      batchingFactor(parameters.batching, shape.batchTerms) *
      regime.lineCount(domain, domain / 2 ** parameters.logBlowup),
    commit,
  }
}

/**
 * The security of a protocol with these parameters on this shape, in bits.
 *
 * Throws `InsecureParameters` when either is malformed or out of range; says nothing on whether the bits are
 * enough. That is `assertSecure`.
 */
export function securityOf(parameters: ProtocolParameters, shape: Shape): SecurityReport {
  checkShape(shape)
  checkParameters(parameters, shape)
  const { rho } = codeOf(parameters.logBlowup, shape)
  const unique = uniqueDecoding(rho)
  const agreement = randomWordsAgreement(rho, fieldBits(parameters.extensionDegree))
  const johnsonBest = (law: JohnsonLaw): RegimeReport => bestJohnson(parameters, shape, rho, law)
  return {
    parameters,
    shape,
    provenUDR: report('unique decoding, BCHKS25', terms(parameters, shape, unique, 1 - unique.theta)),
    provenJohnson: johnsonBest('BCHKS25'),
    johnsonDKT26: johnsonBest('DKT26'),
    johnsonBCIKS20: johnsonBest('BCIKS20'),
    conjecturedRandomWords: report('random words', terms(parameters, shape, unique, agreement)),
  }
}

/** The query term rises with m and the others fall, so the minimum has a single peak. */
function bestJohnson(
  parameters: ProtocolParameters,
  shape: Shape,
  rho: number,
  law: JohnsonLaw,
): RegimeReport {
  let best: RegimeReport | undefined
  for (let m = 3; m <= 1024; m++) {
    const regime = johnson(rho, m, law)
    const next = report(law, terms(parameters, shape, regime, 1 - regime.theta), m)
    if (best !== undefined && next.bits < best.bits) break
    if (best === undefined || next.bits > best.bits) best = next
  }
  return best!
}

function terms(parameters: ProtocolParameters, shape: Shape, regime: Regime, agreement: number): Term[] {
  const field = fieldBits(parameters.extensionDegree)
  const { grinding } = parameters
  const bad = badChallenges(parameters, shape, regime)
  const term = (name: string, statistical: number, ground: number): Term => ({
    name,
    bits: statistical + ground,
    statistical,
    grinding: ground,
  })
  const round = (name: string, count: number, ground: number): Term =>
    term(name, field - Math.log2(count), ground)
  return [
    ...(bad.logup > 0 ? [round('LogUp', bad.logup, grinding.logup)] : []),
    ...(bad.gkr > 0 ? [round('GKR', bad.gkr, 0)] : []),
    round('ALI', bad.composition, 0),
    round('DEEP', bad.ood, grinding.ood),
    round('batching', bad.batching, grinding.batching),
    ...bad.commit.map((count, i) => round(`commit ${i + 1}`, count, grinding.commit[i])),
    term('query', queryBits(parameters.queries, agreement), grinding.query),
    term('hash', HASH_BITS, 0),
  ]
}

function report(law: RegimeReport['law'], all: readonly Term[], m?: number): RegimeReport {
  const binding = all.reduce((least, term) => (term.bits < least.bits ? term : least))
  return {
    law,
    ...(m === undefined ? {} : { m }),
    bits: binding.bits,
    binding,
    union: -Math.log2(all.reduce((sum, term) => sum + 2 ** -term.bits, 0)),
    withoutGrinding: Math.min(...all.map((term) => term.statistical)),
    terms: all,
  }
}

function integerWithin(value: number, least: number, most: number): boolean {
  return Number.isInteger(value) && value >= least && value <= most
}

/**
 * Throws `InsecureParameters` ('security/shape') unless every number is an integer in the range the formulas
 * cover. That the bus fractions stay under p is a condition of logUp itself: multiplicities must not wrap.
 */
export function checkShape(shape: Shape): void {
  const ranges: [keyof Shape, number, number][] = [
    ['logHeight', 1, MAX_LOG_HEIGHT],
    ['constraints', 1, 2 ** 24],
    ['batchTerms', 1, 2 ** 24],
    ['logupTerms', 0, 2 ** 31 - 2],
    ['sumcheckErrors', 0, 2 ** 16],
    ['tupleWidth', 1, 2 ** 10],
    ['constraintDegree', 1, 16],
    ['quotientPieces', 1, 16],
    ['oodPoints', 1, 16],
  ]
  for (const [name, least, most] of ranges)
    if (!integerWithin(shape[name], least, most))
      throw new InsecureParameters('security/shape', `${name} is ${shape[name]}, not in ${least}..${most}`)
}

function checkParameters(parameters: ProtocolParameters, shape: Shape): void {
  const { grinding } = parameters
  const folds = foldArities(shape.logHeight, parameters.foldArityLog, parameters.finalLogDegree)
  const sites = [grinding.logup, grinding.ood, grinding.batching, grinding.query, ...grinding.commit]
  const sound =
    integerWithin(parameters.extensionDegree, 1, 16) &&
    integerWithin(parameters.logBlowup, 1, 6) &&
    integerWithin(parameters.queries, 1, 1024) &&
    grinding.commit.length === folds.length &&
    sites.every((bits) => integerWithin(bits, 0, 64))
  if (!sound) throw new InsecureParameters('security/parameters', 'the protocol parameters are malformed')
}
