import type { Chip } from './air/chip.ts'
import { Misuse, Rejection } from './failure.ts'
import { fractionForest } from './gkr/forest.ts'
import type { FractionTree } from './gkr/forest.ts'
import { P } from './field/m31.ts'
import type { QM31 } from './field/qm31.ts'
import { finalLogDegreeFor, parameters, shapeOf } from './profiles.ts'
import { InsecureParameters, foldArities, securityOf } from './security-report.ts'
import type { ProtocolParameters, SecurityReport } from './security-report.ts'
import { checkCommitment } from './verifying-key.ts'
import type { PreprocessedCommitment, VerifyingKey } from './verifying-key.ts'

/** Bus fractions of the statement that no chip adds. */
export interface PublicTerms {
  /** How many fractions there are: they count as bus terms for the soundness error. */
  readonly count: number
  /** Σ multiplicity / (z − Σ alpha^j·t_j), or undefined when a denominator is zero. */
  readonly sum: (z: QM31, alpha: QM31) => QM31 | undefined
}

/** What a proof is about. Both sides make it from what they trust; nothing in it comes out of a proof. */
export interface StarkStatement {
  /** An injective encoding of the whole statement. */
  readonly bytes: Uint8Array
  /** Values of `air.publics`, each below P. */
  readonly publics: readonly number[]
  readonly publicTerms: PublicTerms
  /** The trees that the key does not fix, by name. */
  readonly preprocessed: Readonly<Record<string, PreprocessedCommitment>>
}

/** A tree of lifted columns, ordered by size, then by chip, then by index. */
export interface TreeLayout {
  readonly name: string
  /** log2 of its tallest column, before blowup. */
  readonly log: number
  /** One run of columns a chip or, in the sums tree, a height; ascending by log. */
  readonly runs: readonly {
    /** Index of the chip in the AIR; of the height in the sums tree; −1 in the composition tree. */
    readonly owner: number
    readonly log: number
    readonly start: number
    readonly count: number
  }[]
  readonly classes: readonly { readonly log: number; readonly count: number }[]
  readonly width: number
}

/** A column that is opened at P (point 0) or at the previous-row point P − g_n (point 1). */
export interface Sample {
  readonly tree: number
  readonly column: number
  readonly log: number
  readonly point: 0 | 1
}

/** A present chip and where its columns' values start among the samples. */
export interface PlacedChip {
  readonly chip: Chip<never>
  /** Its index in the AIR. */
  readonly index: number
  readonly log: number
  readonly samples: {
    readonly main: number
    readonly preprocessed: number
    readonly prev: number
  }
}

/**
 * The chips of one height, 2^log rows, share eight columns that show what the multilinear extensions of all their columns
 * are at the point r of the fraction trees: four limbs of E_i = eq(r, i), and four of S, the running sum of E times a
 * weighted sum of the columns.
 */
export interface Height {
  readonly log: number
  readonly samples: { readonly sums: number; readonly prevSums: number }
}

/** Every count, order and length of a proof: a function of verifying key, statement and heights. */
export interface Layout {
  readonly chips: readonly PlacedChip[]
  /** Ascending by log. */
  readonly heights: readonly Height[]
  /** The trees that add the bus fractions of all chips up. */
  readonly forest: readonly FractionTree[]
  /** The preprocessed trees in use, main, sums, composition. */
  readonly trees: readonly TreeLayout[]
  readonly roots: readonly PreprocessedCommitment[]
  /** log2 of the height that all columns are lifted to. */
  readonly n: number
  /** log2 of the FRI domain. */
  readonly logDomain: number
  readonly samples: readonly Sample[]
  /** The first of the eight composition samples. */
  readonly compositionSample: number
  /** Composition weights: the constraints of all present chips in turn, then `SUM_CONSTRAINTS` a height. */
  readonly weights: number
  /** log2 of each FRI fold. */
  readonly folds: readonly number[]
  readonly parameters: ProtocolParameters
  readonly security: SecurityReport
}

/** Two halves of the composition polynomial, four limbs each. */
const COMPOSITION_COLUMNS = 8
/** E and S, four limbs each. */
const SUM_COLUMNS = 8
/** See `Kernels.sumConstraints`. */
export const SUM_CONSTRAINTS = 4

/** The commitment of each preprocessed tree. Throws `Misuse` when the statement lacks one or has a wrong one. */
export function commitments(vk: VerifyingKey, statement: StarkStatement): PreprocessedCommitment[] {
  if (statement.publics.length !== vk.air.publics.length)
    throw new Misuse(`expected ${vk.air.publics.length} public values, got ${statement.publics.length}`)
  for (const v of statement.publics)
    if (!(Number.isInteger(v) && v >= 0 && v < P)) throw new Misuse(`public value ${v} is not in [0, P)`)
  const { count } = statement.publicTerms
  if (!(Number.isInteger(count) && count >= 0)) throw new Misuse(`${count} public terms`)
  return vk.preprocessed.map(({ name, fixed }) => {
    const commitment = fixed ?? statement.preprocessed[name]
    if (commitment === undefined) throw new Misuse(`the statement has no commitment of tree '${name}'`)
    if (fixed === undefined) checkCommitment(vk.air, name, commitment)
    return commitment
  })
}

/**
 * Checks the log heights (one a chip of the AIR, 0 for an absent one) and derives the layout. Rejects 'shape/…' and
 * 'security/below-target'; throws `Misuse` on a bad statement.
 */
export function layoutOf(vk: VerifyingKey, statement: StarkStatement, logHeights: ArrayLike<number>): Layout {
  const { air, profile } = vk
  const roots = commitments(vk, statement)
  checkHeights(vk, statement, roots, logHeights)
  const present = air.chips.flatMap((chip, index) =>
    logHeights[index] === 0 ? [] : [{ chip, index, log: logHeights[index] }],
  )
  const used = vk.preprocessed.flatMap(({ name }, i) =>
    present.some(({ chip }) => chip.preprocessed?.tree === name) ? [{ name, commitment: roots[i] }] : [],
  )
  const preprocessedTrees = used.map(({ name, commitment }) =>
    treeLayout(
      name,
      air.chips.flatMap((chip, index) =>
        chip.preprocessed?.tree === name
          ? [{ owner: index, log: commitment.logHeights[chip.name], count: chip.preprocessed.columns.length }]
          : [],
      ),
    ),
  )
  const main = treeLayout(
    'main',
    present.map(({ chip, index, log }) => ({ owner: index, log, count: chip.columns.length })),
  )
  const logs = [...new Set(present.map(({ log }) => log))].sort((a, b) => a - b)
  const sums = treeLayout(
    'sums',
    logs.map((log, owner) => ({ owner, log, count: SUM_COLUMNS })),
  )
  const n = Math.max(profile.minLogHeight, sums.log, ...preprocessedTrees.map((t) => t.log))
  const composition = treeLayout('composition', [{ owner: -1, log: n, count: COMPOSITION_COLUMNS }])
  const trees = [...preprocessedTrees, main, sums, composition]

  const samples: Sample[] = []
  const starts = new Map<string, number>()
  const open = (
    kind: string,
    tree: number,
    run: TreeLayout['runs'][number],
    columns: readonly number[],
    point: 0 | 1,
  ): void => {
    starts.set(`${kind} ${run.owner}`, samples.length)
    for (const c of columns) samples.push({ tree, column: run.start + c, log: run.log, point })
  }
  const all = (count: number): number[] => Array.from({ length: count }, (_, i) => i)
  trees.forEach((tree, t) => {
    const isPreprocessed = t < preprocessedTrees.length
    for (const run of tree.runs)
      if (!isPreprocessed || logHeights[run.owner] !== 0)
        open(isPreprocessed ? 'preprocessed' : tree.name, t, run, all(run.count), 0)
  })
  const mainTree = preprocessedTrees.length
  for (const run of main.runs) open('prev', mainTree, run, air.chips[run.owner].prevColumns, 1)
  for (const run of sums.runs) open('prevSums', mainTree + 1, run, all(run.count), 1)

  const at = (kind: string, owner: number): number => starts.get(`${kind} ${owner}`) ?? samples.length
  const forest = fractionForest(present)
  const weights =
    present.reduce((sum, { chip }) => sum + chip.constraints.length, 0) + SUM_CONSTRAINTS * logs.length
  return {
    chips: present.map((p) => ({
      ...p,
      samples: {
        main: at('main', p.index),
        preprocessed: at('preprocessed', p.index),
        prev: at('prev', p.index),
      },
    })),
    heights: logs.map((log, owner) => ({
      log,
      samples: { sums: at('sums', owner), prevSums: at('prevSums', owner) },
    })),
    forest,
    trees,
    roots: used.map((u) => u.commitment),
    n,
    logDomain: n + profile.logBlowup,
    samples,
    compositionSample: at('composition', -1),
    weights,
    folds: foldArities(n, profile.foldArityLog, finalLogDegreeFor(profile, n)).map(Math.log2),
    ...securityOfLayout(vk, statement, present, { n, samples: samples.length, weights, forest }),
  }
}

/** Index of the first of the weights of a height's sums. */
export const sumWeights = (layout: Layout, height: number): number =>
  layout.weights - SUM_CONSTRAINTS * (layout.heights.length - height)

function securityOfLayout(
  vk: VerifyingKey,
  statement: StarkStatement,
  present: readonly { readonly chip: Chip<never>; readonly log: number }[],
  layout: Pick<Layout, 'n' | 'weights' | 'forest'> & { readonly samples: number },
): { parameters: ProtocolParameters; security: SecurityReport } {
  const widths = vk.air.chips.flatMap((c) => c.messages.map((m) => m.bus.fields.length + 1))
  const shape = {
    ...shapeOf(
      present.map(({ chip, log }) => ({
        logHeight: log,
        constraints: 0,
        batchTerms: 0,
        messages: chip.messages.length,
      })),
      {
        publicTerms: statement.publicTerms.count,
        tupleWidth: Math.max(...widths),
        extraBatchTerms: layout.samples,
        treeDepths: layout.forest.map((t) => t.log),
      },
    ),
    constraints: layout.weights,
    logHeight: layout.n,
  }
  try {
    const derived = parameters(vk.profile, shape)
    return { parameters: derived, security: securityOf(derived, shape) }
  } catch (error) {
    // Whatever the heights did to the formulas, it is no proof of the target.
    if (error instanceof InsecureParameters)
      throw new Rejection('security/below-target', vk.profile.name, vk.profile.targetBits, error.message)
    throw error
  }
}

function treeLayout(
  name: string,
  runs: readonly { readonly owner: number; readonly log: number; readonly count: number }[],
): TreeLayout {
  let width = 0
  const classes: { log: number; count: number }[] = []
  const placed = runs
    .filter((run) => run.count > 0)
    .sort((a, b) => a.log - b.log || a.owner - b.owner)
    .map((run) => {
      const last = classes.at(-1)
      if (last?.log === run.log) last.count += run.count
      else classes.push({ log: run.log, count: run.count })
      const start = width
      width += run.count
      return { ...run, start }
    })
  const tallest = classes.at(-1)
  // The heights of a hostile proof may leave out every chip, or all with main columns.
  if (tallest === undefined) throw new Rejection('shape/no-chips', name, 'a column', 'none')
  return { name, log: tallest.log, runs: placed, classes, width }
}

function checkHeights(
  vk: VerifyingKey,
  statement: StarkStatement,
  roots: readonly PreprocessedCommitment[],
  logHeights: ArrayLike<number>,
): void {
  const { air } = vk
  let rows = 0
  let terms = statement.publicTerms.count
  air.chips.forEach((chip, i) => {
    const log = logHeights[i]
    if (log === 0) return
    if (log < air.minLogHeight || log > air.maxLogHeight)
      throw new Rejection('shape/log-height', chip.name, `${air.minLogHeight}..${air.maxLogHeight}`, log)
    if (chip.fixedLogHeight !== undefined && log !== chip.fixedLogHeight)
      throw new Rejection('shape/fixed-log-height', chip.name, chip.fixedLogHeight, log)
    const tree = vk.preprocessed.findIndex((t) => t.name === chip.preprocessed?.tree)
    if (tree >= 0 && roots[tree].logHeights[chip.name] !== log)
      throw new Rejection('shape/preprocessed-log-height', chip.name, roots[tree].logHeights[chip.name], log)
    rows += 2 ** log
    terms += chip.messages.length * 2 ** log
  })
  if (rows > vk.maxRows) throw new Rejection('shape/rows', 'log heights', `<= ${vk.maxRows}`, rows)
  if (terms >= P) throw new Rejection('shape/multiplicities', 'log heights', `< ${P}`, terms)
}
