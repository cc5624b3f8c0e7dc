/** The prime of M31. */
const P = 2 ** 31 - 1

/** `log2 |F|` of the challenge field of degree `degree` over M31: just under `31 · degree`. */
export function fieldBits(degree: number): number {
  return degree * Math.log2(P)
}

/** How one random word of a batch is drawn: what a batch of several words costs against a single line. */
export type Batching = 'independent' | 'eq' | 'powers'

/**
 * Factor by which the error of one line grows when `terms` words are batched.
 *
 * Independent challenges span an affine space, whose error is that of a line (BCIKS20, ePrint 2020/654,
 * Theorem 1.6); `eq` pays once per variable; powers pay the degree of the curve (ibid., Theorem 1.5).
 */
export function batchingFactor(batching: Batching, terms: number): number {
  if (batching === 'independent') return 1
  return batching === 'eq' ? Math.max(1, Math.ceil(Math.log2(terms))) : Math.max(1, terms - 1)
}

/** A theorem on correlated agreement up to the Johnson radius. */
export type JohnsonLaw = 'BCHKS25' | 'DKT26' | 'BCIKS20'

/** What a decoding regime says of a Reed-Solomon code. All three numbers hold for one proximity radius. */
export interface Regime {
  /** Relative proximity radius: a word further than this from the code is caught by a query with chance ≥ θ. */
  readonly theta: number
  /** Most codewords within `theta` of a word. */
  readonly listSize: number
  /**
   * Bad challenges on one line of words of `length` points: those that bring the line closer to the code of
   * dimension `dimension` than its ends allow. The error is this count over |F|.
   */
  lineCount(length: number, dimension: number): number
}

/**
 * Unique decoding: θ = (1-ρ)/2, at most θn + 1 bad challenges on a line (BCHKS25, ePrint 2025/2055;
 * BCIKS20, ePrint 2020/654, has n). Every value is an exact double when ρ and `length` are dyadic.
 */
export function uniqueDecoding(rho: number): Regime {
  const theta = (1 - rho) / 2
  return { theta, listSize: 1, lineCount: (length) => theta * length + 1 }
}

/** Johnson radius with multiplicity `m ≥ 3`: θ = 1 - √ρ - √ρ/2m and lists of (m + ½)/√ρ. */
export function johnson(rho: number, m: number, law: JohnsonLaw): Regime {
  const root = Math.sqrt(rho)
  const theta = 1 - root - root / (2 * m)
  return {
    theta,
    listSize: (m + 0.5) / root,
    lineCount: (length, dimension) => johnsonLineCount(law, { rho, theta, m, length, dimension }),
  }
}

/** The numbers a Johnson count depends on; `m` is the multiplicity of the interpolation. */
export interface JohnsonPoint {
  readonly rho: number
  readonly theta: number
  readonly m: number
  readonly length: number
  readonly dimension: number
}

/**
 * Bad challenges on a line, up to the Johnson radius.
 *
 * - BCHKS25 (ePrint 2025/2055, Theorem 4.2 with m = max(⌈√ρ/2η⌉, 3), the authors' correction): linear in n.
 * - DKT26 (ePrint 2026/2056): `dkt26LineCount`. Stated for a line; a curve of degree ℓ at ℓ times the count is
 *   an extension made by implementations, not by the paper.
 * - BCIKS20 (ePrint 2020/654, Theorem 1.4): quadratic in n, the only one with peer review.
 */
export function johnsonLineCount(law: JohnsonLaw, point: JohnsonPoint): number {
  const { rho, theta, m, length, dimension } = point
  const half = m + 0.5
  if (law === 'DKT26') return dkt26LineCount(length, dimension, m)
  if (law === 'BCIKS20') return (half ** 7 * length ** 2) / (3 * rho ** 1.5)
  return ((2 * half ** 5 + 3 * half * theta * rho) * length) / (3 * rho ** 1.5) + half / Math.sqrt(rho)
}

/**
 * Bad challenges on a line by DKT26 (Dao, Kominers, Thaler, ePrint 2026/2056): 8n(m+½)³ / 3ρ⁻ with
 * ρ⁻ = (k-1)/n and m ≥ 3; for the constant code (k = 1) every pair of points gives at most one.
 */
export function dkt26LineCount(length: number, dimension: number, m: number): number {
  if (dimension <= 1) return (length * (length - 1)) / 2
  return (8 * length * (m + 0.5) ** 3 * length) / (3 * (dimension - 1))
}

/**
 * Agreement a random word can be expected to have with some codeword, ρ + η with η = ρ·log2(e/ρ)/log2|F|
 * (Diamond and Gruen, ePrint 2025/2010, section 1.5). No radius beyond 1 - ρ - η can hold, so this is the most
 * that a conjecture may still claim.
 */
export function randomWordsAgreement(rho: number, bitsOfField: number): number {
  return rho + (rho * (Math.LOG2E - Math.log2(rho))) / bitsOfField
}

/** Bits of `queries` uniform queries that each miss with chance at most `agreement`. */
export function queryBits(queries: number, agreement: number): number {
  return -queries * Math.log2(agreement)
}

/**
 * Most zeros of the out-of-domain identity for columns of `size` coefficients, opened at `points` points:
 * d(N+mc-1) + N-1 (Haböck, ePrint 2022/1216, section 4), and with the quotient sent in `pieces`
 * pieces (pieces+1)N + mc-1. The larger one counts; soundcalc takes the first alone.
 */
export function outOfDomainZeros(size: number, points: number, degree: number, pieces: number): number {
  return Math.max(degree * (size + points - 1) + size - 1, (pieces + 1) * size + points - 1)
}
