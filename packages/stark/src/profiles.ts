import { MAX_TREES } from './gkr/forest.ts'
import { uniqueDecoding } from './security-bounds.ts'
import { badChallenges, checkShape, codeOf, InsecureParameters } from './security-report.ts'
import type { BadChallenges, Grinding, ProtocolParameters, Shape } from './security-report.ts'

export type ProfileName = 'fast-100' | 'proven-100'

/** A named set of least parameters; what a proof really uses is `parameters(profile, shape)`. */
export interface Profile {
  readonly name: ProfileName
  /** The challenge field. */
  readonly field: 'qm31'
  readonly logBlowup: 1 | 2
  /** Least number of queries. */
  readonly queries: number
  /** Least grinding bits of each site. */
  readonly grinding: {
    readonly logup: number
    readonly ood: number
    readonly batching: number
    readonly query: number
  }
  readonly batching: 'independent'
  readonly foldArityLog: number
  /** log2 of the most coefficients that the final FRI polynomial may have; see `finalLogDegreeFor`. */
  readonly finalLogDegree: number
  /** log2 of the least height that columns are lifted to. */
  readonly minLogHeight: number
  /** Proven bits under unique decoding, the least over all rounds. An integer. */
  readonly targetBits: number
}

/** The most grinding that one site may ask for: 2^24 hashes are seconds, and every bit more doubles them. */
export const MAX_GRINDING = 24

const MAX_QUERIES = 256

const EXTENSION_DEGREE: Record<Profile['field'], number> = { qm31: 4 }

const common = {
  field: 'qm31',
  grinding: { logup: 0, ood: 0, batching: 0, query: 20 },
  batching: 'independent',
  foldArityLog: 3,
  finalLogDegree: 9,
  minLogHeight: 7,
  targetBits: 100,
} as const

/** Both rest on unique decoding alone: no statement on lists, no conjecture. */
export const PROFILES: Readonly<Record<ProfileName, Profile>> = {
  'fast-100': { name: 'fast-100', ...common, logBlowup: 1, queries: 193 },
  'proven-100': { name: 'proven-100', ...common, logBlowup: 2, queries: 118 },
}

/**
 * The parameters that a proof of this shape uses: the least, none below the profile's, whose every round has
 * `targetBits` proven bits. Small traces pay no grinding; tiny ones need a few more queries, because N + 3 is
 * then visibly more than N.
 *
 * Prover and verifier both derive them, from the verifying key and the heights; a proof carries none of them.
 * The comparisons are exact, so that two JavaScript engines cannot disagree.
 *
 * Throws `InsecureParameters` when the shape is out of range or no allowed parameters suffice.
 */
export function parameters(profile: Profile, shape: Shape): ProtocolParameters {
  return {
    extensionDegree: EXTENSION_DEGREE[profile.field],
    logBlowup: profile.logBlowup,
    queries: queriesFor(profile, shape),
    grinding: grindingFor(profile, shape),
    batching: profile.batching,
    foldArityLog: profile.foldArityLog,
    finalLogDegree: finalLogDegreeFor(profile, shape.logHeight),
  }
}

/**
 * log2 of the coefficients of the final FRI polynomial. Up to the profile's 2^9 they are fewer bytes than one more layer's
 * paths; a short trace is folded once.
 */
export const finalLogDegreeFor = (profile: Profile, logHeight: number): number =>
  Math.min(profile.finalLogDegree, Math.max(profile.minLogHeight - 1, logHeight - profile.foldArityLog))

/** The grinding bits of each site; see `parameters`. Throws `InsecureParameters` above `MAX_GRINDING`. */
export function grindingFor(profile: Profile, shape: Shape): Grinding {
  const bad = uniqueDecodingCounts(profile, shape)
  const site = (count: number, least: number): number => {
    const bits = Math.max(least, grindingNeeded(profile, count))
    if (bits > MAX_GRINDING)
      throw new InsecureParameters('security/below-target', `a site needs ${bits} bits of grinding`)
    return bits
  }
  for (const round of ['gkr', 'composition'] as const)
    if (grindingNeeded(profile, bad[round]) > 0)
      throw new InsecureParameters('security/below-target', `the challenge field is too small: ${round}`)
  return {
    logup: site(bad.logup, profile.grinding.logup),
    ood: site(bad.ood, profile.grinding.ood),
    batching: site(bad.batching, profile.grinding.batching),
    commit: bad.commit.map((count) => site(count, 0)),
    query: site(0, profile.grinding.query),
  }
}

/** The number of queries; see `parameters`. Throws `InsecureParameters` when 256 are too few. */
export function queriesFor(profile: Profile, shape: Shape): number {
  checkShape(shape)
  const { domain, dimension } = codeOf(profile.logBlowup, shape)
  // 1 - θ = (D + k) / 2D
  const agree = BigInt(domain + dimension)
  const all = BigInt(2 * domain)
  const wanted = Math.max(0, profile.targetBits - profile.grinding.query)
  for (let queries = profile.queries; queries <= MAX_QUERIES; queries++) {
    const exponent = BigInt(queries)
    if (isBelow(agree ** exponent, all ** exponent, wanted)) return queries
  }
  throw new InsecureParameters('security/below-target', `${MAX_QUERIES} queries do not reach the target`)
}

function uniqueDecodingCounts(profile: Profile, shape: Shape): BadChallenges {
  checkShape(shape)
  const { rho } = codeOf(profile.logBlowup, shape)
  const code = {
    ...profile,
    extensionDegree: EXTENSION_DEGREE[profile.field],
    finalLogDegree: finalLogDegreeFor(profile, shape.logHeight),
  }
  return badChallenges(code, shape, uniqueDecoding(rho))
}

/** Counts are multiples of 2^-SCALE: a commit count has the denominator 2D at most. */
const SCALE = 32

/** Bits of grinding that bring `count` bad challenges of the field down to the target. */
function grindingNeeded(profile: Profile, count: number): number {
  const scaled = count * 2 ** SCALE
  const size = (BigInt(2 ** 31 - 1) ** BigInt(EXTENSION_DEGREE[profile.field])) << BigInt(SCALE)
  let bits = 0
  while (bits < profile.targetBits && !isBelow(BigInt(scaled), size, profile.targetBits - bits)) bits++
  return bits
}

/**
 * Whether a / b ≤ 2^-bits with a margin of 2^-30. The margin keeps the report, computed in doubles, on the same
 * side of the target as this exact comparison.
 */
function isBelow(a: bigint, b: bigint, bits: number): boolean {
  return (a * ((1n << 30n) + 1n)) << BigInt(bits) <= b << 30n
}

/** A chip as far as soundness sees it. All but the height come from the verifying key. */
export interface ChipShape {
  /** log2 of the padded height. */
  readonly logHeight: number
  readonly constraints: number
  /** Base-field columns, each once per opened point. */
  readonly batchTerms: number
  /** Bus messages a row. */
  readonly messages: number
}

/**
 * The shape of a proof over these chips (those present). `publicTerms` are the bus fractions that the verifier
 * adds itself; `extraBatchTerms` the words that belong to no chip, such as the composition polynomial's.
 */
export function shapeOf(
  chips: readonly ChipShape[],
  bus: {
    readonly publicTerms: number
    readonly tupleWidth: number
    readonly extraBatchTerms?: number
    /** log2 of the leaves of each tree of bus fractions, the deepest first; when left out, more than any forest has. */
    readonly treeDepths?: readonly number[]
  },
  degree: {
    readonly constraintDegree: number
    readonly quotientPieces: number
    readonly oodPoints: number
  } = {
    constraintDegree: 3,
    quotientPieces: 2,
    oodPoints: 2,
  },
): Shape {
  const sum = (of: (chip: ChipShape) => number): number => chips.reduce((total, chip) => total + of(chip), 0)
  const leaves = sum((chip) => chip.messages * 2 ** chip.logHeight)
  return {
    logHeight: Math.max(0, ...chips.map((chip) => chip.logHeight)),
    constraints: sum((chip) => chip.constraints),
    batchTerms: sum((chip) => chip.batchTerms) + (bus.extraBatchTerms ?? 0),
    logupTerms: leaves + bus.publicTerms,
    sumcheckErrors: sumcheckErrors(bus.treeDepths ?? deepestForest(leaves)),
    tupleWidth: bus.tupleWidth,
    ...degree,
  }
}

/** Depths that no forest of so many leaves exceeds: see `fractionForest`. */
function deepestForest(leaves: number): number[] {
  return leaves === 0 ? [] : Array.from({ length: MAX_TREES }, () => Math.ceil(Math.log2(leaves)) + 1)
}

/**
 * Bad challenges over all rounds that lead from the bus sums to the committed columns. A layer of d variables has a batch
 * of two claims a tree, d rounds of degree 3, and the line through the two halves; at the end the columns are batched
 * once (Papini and Haböck, ePrint 2023/1283, §3; Thaler, Proofs, Arguments, and Zero-Knowledge, §4.1).
 */
export function sumcheckErrors(treeDepths: readonly number[]): number {
  const [depth = 0] = treeDepths
  let errors = depth === 0 ? 0 : 1
  for (let variables = 0; variables < depth; variables++)
    errors += 2 * treeDepths.length - 1 + 3 * variables + 1
  return errors
}
