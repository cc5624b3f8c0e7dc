import type { ExtensionPoint } from '../field/circle.ts'
import type { QM31 } from '../field/qm31.ts'
import type { Chip } from '../air/chip.ts'

/** A byte offset into the kernels' memory, 16-byte aligned. Memory is little-endian 32-bit words. */
export type Pointer = number

/**
 * The hot loops of the prover, over one linear memory. Two implementations, 'wasm' and 'reference', pass one
 * conformance suite and give byte-equal proofs.
 *
 * Layouts.
 * - A column is 2^log words, each canonical (in [0, P)) at every border of this interface.
 * - "Natural order": row i of the trace coset of size 2^log, point (2i+1)·g_{2^(log+1)}.
 * - "Domain order": the circle domain of size 2^log (the same canonic coset) bit-reversed. The half coset is
 *   h_j = (4j+1)·g_{2^(log+1)}, j < 2^(log-1); circle index c is h_c for c < 2^(log-1), else −h_(c − 2^(log-1));
 *   position q holds circle index bitreverse_log(q). So a point and its conjugate sit at 2q and 2q+1, circle
 *   index c < 2^(log-1) is natural row 2c, and its conjugate is natural row 2^log − 1 − 2c.
 * - Position q of a domain of size 2^n maps under π^(n−k) to position ((q >> (n−k+1)) << 1) | (q & 1) of the domain
 *   of size 2^k (lifting).
 * - Coefficients: index bit 0 is the basis factor y, bit 1 is x, bit t >= 2 is x∘π^(t−1).
 * - QM31 arrays are four planes of n words, one a limb, one after the other ("planes").
 * - A digest is 8 consecutive words (32 bytes). A Merkle tree of 2^log leaves is one array of digests: leaves first
 *   (2^log), then each layer up, the root last: 2^(log+1) − 1 digests.
 */
export interface Kernels {
  readonly name: 'wasm' | 'reference'
  /** Threads that the larger calls run on, the caller's included. A call returns when all of its work is done. */
  readonly threads: number
  /** Ends the other threads; calls then run on the caller's alone. */
  close(): void
  /** Words allocated now, and the most so far. */
  readonly usage: { readonly words: number; readonly peakWords: number }
  /** Zeroed memory of `words` words; grows the memory. Throws OutOfMemory past the limit. */
  alloc(words: number): Pointer
  /**
   * The same with arbitrary contents, for what is written whole before any of it is read: outputs of `extendColumn(s)`,
   * `evaluate(Columns)`, `merkleTree`, `friTree`, `friFold`, `basisAt`, `eqTables`, `addFractions`, `bindFirst`, `runningSum`,
   * and `fractions`, but not what they add to. The reference fills it with words that are no field elements.
   */
  allocUninitialized(words: number): Pointer
  /** Everything allocated after `mark()` is given back by `release(mark)`. */
  mark(): number
  release(mark: number): void
  /** A view of memory. Dead after the next `alloc`: take it late, drop it early. */
  words(pointer: Pointer, length: number): Uint32Array

  /** Natural-order values -> coefficients (written to `coefficients`) -> values on the domain of size 2^(log+logBlowup), domain order. */
  extendColumn(
    values: Pointer,
    coefficients: Pointer,
    extended: Pointer,
    log: number,
    logBlowup: number,
  ): void
  /** `extendColumn` of several columns, which may share nothing but `values`: what threads need, best a multiple of them. */
  extendColumns(
    columns: readonly {
      readonly values: Pointer
      readonly coefficients: Pointer
      readonly extended: Pointer
      readonly log: number
    }[],
    logBlowup: number,
  ): void
  /** In place: values at the first 2^log positions of the domain of size 2^logDomain (log <= logDomain; a twin coset) -> coefficients. */
  interpolate(column: Pointer, log: number, logDomain: number): void
  /** The same for several columns. */
  interpolateColumns(columns: readonly Pointer[], log: number, logDomain: number): void
  /** Coefficients (2^log) -> values on the whole domain of size 2^logDomain >= 2^log. `destination` may not overlap. */
  evaluate(coefficients: Pointer, destination: Pointer, log: number, logDomain: number): void
  /** `evaluate` of several columns, of coefficients to `extended`. */
  evaluateColumns(
    columns: readonly { readonly coefficients: Pointer; readonly extended: Pointer; readonly log: number }[],
    logDomain: number,
  ): void

  /**
   * Adds the coefficients of q∘π^(logTo−logFrom) to `to`, for q of 2^logFrom coefficients at `from`. An even
   * coefficient index c goes to c << (logTo−logFrom); an odd one to (c << m) | (2^m − 1 for the freed bits and bit 0
   * kept 1), scaled by 2^m, because y∘π^m = 2^m·y·x·x∘π···x∘π^(m−1).
   */
  addLiftedCoefficients(from: Pointer, logFrom: number, to: Pointer, logTo: number): void

  /**
   * Merkle tree over lifted columns. `classes` ascend strictly by log; class columns are in domain order, 2^log
   * words each; the tree has 2^(last log) leaves. Leaf i of class k: d = KEYED_BLAKE3(LEAF_KEY, d_prev ‖ words) over
   * segments of at most 248 words in column order, where d_prev is the digest of the previous segment or class (lifted
   * to this class's position) and 32 zero bytes at the very start. Inner nodes: KEYED_BLAKE3(NODE_KEY, left ‖ right).
   */
  merkleTree(
    classes: readonly { readonly log: number; readonly columns: readonly Pointer[] }[],
    tree: Pointer,
  ): void
  /** Merkle tree over one FRI layer: planes of 2^log QM31; leaf i is one segment: the 2^arityLog values at positions [i << arityLog, ...), 4 words each. */
  friTree(planes: Pointer, log: number, arityLog: number, tree: Pointer): void
  /**
   * The smallest nonce (below 2^53) such that the first 32-bit word w of KEYED_BLAKE3(GRIND_KEY, seed ‖ nonce as u64 LE)
   * has its low `bits` bits zero (bits <= 31). `seed` is 8 words. Looks at [from, from + count) and answers undefined if none.
   */
  grind(seed: Uint32Array, bits: number, from: number, count: number): number | undefined

  /** Writes the 2^log basis functions at `point` as planes: basis[c] = Π of the factors of c's bits. */
  basisAt(point: ExtensionPoint, log: number, planes: Pointer): void
  /** Dot products of coefficient columns of size 2^log with a basis of `basisAt`. */
  dotProducts(columns: readonly Pointer[], log: number, basis: Pointer): QM31[]

  /** planes[i] += Σ_j weights[j]·columns[j][i] for i < 2^log. */
  accumulate(columns: readonly Pointer[], weights: readonly QM31[], log: number, planes: Pointer): void
  /**
   * Adds to `planes` (2^log QM31, domain order) at every domain point p = (x, y):
   *   (Σ_k sums_k[lifted position] − a·y − b) / ((x − Re x₀)·Im y₀ − (y − Re y₀)·Im x₀)
   * with (x₀, y₀) = point and Re, Im the CM31 halves of a QM31 (z = Re + Im·u). `sums` are planes by log.
   */
  addQuotients(
    sums: readonly { readonly log: number; readonly planes: Pointer }[],
    point: ExtensionPoint,
    a: QM31,
    b: QM31,
    log: number,
    planes: Pointer,
  ): void
  /**
   * One FRI fold of 2^arityLog values into one. `from`: planes of 2^log in domain order. First fold: circle
   * domain of size 2^log, one y-fold and then arityLog − 1 x-folds, by beta, beta², beta⁴. Later folds: the line domain
   * {x∘π^depth} that 'depth' earlier halvings of the canonic domain of size 2^(log+depth) left, in the same order,
   * x-folds by beta, beta², beta⁴. A fold of f(x) and f(−x) is ((f(x) + f(−x)) + beta·(f(x) − f(−x))/x) / 2;
   * the y-fold the same with y and the conjugate.
   */
  friFold(from: Pointer, log: number, depth: number, arityLog: number, beta: QM31, to: Pointer): void
  /** In place: values on the line domain of size 2^log after `depth` halvings -> coefficients in the basis Π x∘π^t (bit t of the index). */
  lineInterpolate(planes: Pointer, log: number, depth: number): void

  /** Position of the previous trace row for each of the first 2^count positions of the domain of size 2^(log+logBlowup) of a trace of 2^log rows. */
  prevPositions(log: number, logBlowup: number, count: number): Pointer
  /** The first-row selector at the first 2^count positions of the same domain, as a column. */
  firstSelector(log: number, logBlowup: number, count: number): Pointer

  /**
   * The multilinear equality polynomial over the cube for every prefix of `point`: level j <= point.length holds
   * eq((point_0, …, point_{j−1}), i) for i < 2^j, as planes of 2^j words at word offset 4·2^j of `tables`, which has
   * 4·2^(length+1) words. Bit t of i belongs to point_t.
   */
  eqTables(point: readonly QM31[], tables: Pointer): void
  /**
   * Sums of fractions i and i + half of a layer, for 2^log of them: n = n0·d1 + n1·d0, d = d0·d1. The layer above where
   * `from` is a whole layer, else a part of it. The outputs are planes, and may not overlap `from`.
   */
  addFractions(from: Fractions, log: number, to: FractionTarget): void
  /**
   * The coefficient of X² in the first round's h of a layer's sumcheck, over x < 2^log (log >= 1) with bit log − 1 unbound:
   *   h(X) = Σ_{y < 2^(log−1)} eq(y)·(n0·d1 + n1·d0 + lambda·d0·d1)(y, X),
   * each factor being f(y, X) = f(y) + X·(f(y + 2^(log−1)) − f(y)). The others are known: h(b) = n_b + lambda·d_b, of the
   * values n_b, d_b of the layer above in which its own sumcheck ended.
   */
  roundSquare(layer: Fractions, log: number, eq: EqFactors, lambda: QM31): QM31
  /**
   * Binds bit log − 1 (log >= 2) of x to `challenge`: f(y) += challenge·(f(y + 2^(log−1)) − f(y)) for y < 2^(log−1) in each
   * of the four halves; what lies above is arbitrary afterwards. Then puts n1 + lambda·d1 in place of n1. Denominators are
   * bound in place, numerators too, unless the layer is `base`: theirs go to `to`, as planes of 2^log words, halves
   * 2^(log−1) words apart. Gives h(0) and the coefficient of X² of the next round, as `bindNext` does.
   */
  bindFirst(
    layer: Fractions,
    log: number,
    challenge: QM31,
    lambda: QM31,
    eq: EqFactors,
    to: Pointer,
  ): readonly [QM31, QM31]
  /**
   * Binds a bit of what `bindFirst` left, in place, and gives h(0) and the coefficient of X² of the next round, over
   * x < 2^(log−1): h(X) = Σ_{y < 2^(log−2)} eq(y)·(n0·d1 + d0·n1)(y, X).
   */
  bindNext(layer: Fractions, log: number, challenge: QM31, eq: EqFactors): readonly [QM31, QM31]
  /**
   * S_i = S_{i−1} + e_i·f_i − share, S_{−1} = 0, over planes of 2^log. Gives the last S, which is zero when `share` is the
   * 2^log-th part of Σ e_i·f_i. `out` may not overlap `e` or `f`.
   */
  runningSum(e: Pointer, f: Pointer, log: number, share: QM31, out: Pointer): QM31
  /** Σ e_i·f_i over planes of 2^log. */
  innerProduct(e: Pointer, f: Pointer, log: number): QM31
  /**
   * planes[q] += inverseVanishing[half]·Σ_j weights[j]·C_j(q) for the first 2^(log+1) positions q of the domain of size
   * 2^(log+logBlowup), half = 0 below 2^log, else 1, with
   *   C_0 = first·(E − start), C_1 = E − E_prev·R, C_2 = S − S_prev − E·f + share, C_3 = first·S_prev.
   * E, S and R (`ratio`) are four columns each, limb by limb; f (`combination`) is planes of 2^(log+1) words.
   */
  sumConstraints(
    columns: {
      readonly e: readonly Pointer[]
      readonly s: readonly Pointer[]
      readonly ratio: readonly Pointer[]
      readonly combination: Pointer
      readonly prev: Pointer
      readonly first: Pointer
    },
    log: number,
    challenges: { readonly start: QM31; readonly share: QM31; readonly weights: readonly QM31[] },
    inverseVanishing: readonly [number, number],
    planes: Pointer,
  ): void

  /** Compiles a chip; cached by chip. */
  chip(chip: Chip<never>): ChipKernels
}

/**
 * One layer of a fraction tree while a sumcheck runs over it: fractions (x, 0) and (x, 1) for x < 2^log, where log falls
 * by one a round. The half with the last bit 0 starts at the pointers, the other `Half` words (as log2) after it, whatever
 * log is; so planes are of 2^(Half+1) words. Of the whole layer, log = Half.
 */
export interface Fractions {
  readonly numerators: Pointer
  readonly numeratorHalf: number
  /** The numerators lie in M31, as those of the leaves do: one plane in place of four. */
  readonly base: boolean
  readonly denominators: Pointer
  readonly denominatorHalf: number
}

/** log2 of the entries of a full lower table of `EqFactors`. */
export const EQ_LOW_LOG = 8

/** eq(y) = low[y mod 2^k]·high[y >> k] for y < 2^log, k = min(log, EQ_LOW_LOG): levels k and log − k of two `eqTables`. */
export interface EqFactors {
  readonly low: Pointer
  readonly high: Pointer
}

/** Where fractions go: denominators as planes of `planeWords` words; numerators too, or in M31 as one plane. */
export interface FractionTarget {
  readonly numerators: Pointer
  readonly denominators: Pointer
  readonly planeWords: number
}

/** Where a chip's columns are. Each list in column order. */
export interface ChipColumns {
  readonly main: readonly Pointer[]
  readonly preprocessed: readonly Pointer[]
  readonly publics: readonly number[]
}

export interface ChipKernels {
  /**
   * Adds the multiplicities of every receive message whose bus has a `table` to that bus's counts, over natural rows
   * [0, rows). `counts(bus)` gives where. An out-of-range slot throws a RangeError naming chip, message and row.
   */
  count(
    columns: ChipColumns,
    rows: number,
    counts: (busName: string) => { pointer: Pointer; slots: number; base: number } | undefined,
  ): void
  /**
   * The leaves that the chip's messages add to the fraction trees, one target a message: row i has the numerator
   * sign·multiplicity and the denominator z − Σ alpha^j·t_j with t_0 = bus id.
   */
  fractions(columns: ChipColumns, log: number, z: QM31, alpha: QM31, targets: readonly FractionTarget[]): void
  /**
   * planes[i] += (Σ_j weights[j]·C_j(i)) · inverseVanishing[half] for the first 2^(log+1) positions of the domain of size
   * 2^(log+logBlowup), C the chip's constraints. v takes two values on these positions, one a half: inverseVanishing =
   * [first half, second half].
   */
  constraints(
    columns: ChipColumns & { readonly prev: Pointer; readonly first: Pointer },
    log: number,
    weights: readonly QM31[],
    inverseVanishing: readonly [number, number],
    planes: Pointer,
  ): void
}

/** Keys of the keyed hashes: the ASCII text zero-padded to 32 bytes. */
export const LEAF_KEY = 'vouch merkle leaf v1'
export const NODE_KEY = 'vouch merkle node v1'
export const GRIND_KEY = 'vouch grind v1'
export const SEGMENT_WORDS = 248

/** The prover's memory limit was reached. */
export class OutOfMemory extends Error {
  override readonly name = 'OutOfMemory'
  readonly code = 'prover/out-of-memory'
}

/** A logUp denominator is zero: the challenge hit a tuple. Probability about 2^-100; prove again with other input order. */
export class VanishingDenominator extends Error {
  override readonly name = 'VanishingDenominator'
  readonly code = 'prover/vanishing-denominator'
}
