import type { Chip } from './air/chip.ts'
import { Misuse, Rejection } from './failure.ts'
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
  /** One run of columns a chip, ascending by log. */
  readonly runs: readonly {
    readonly chip: number
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
    readonly interaction: number
    readonly prev: number
    readonly prevInteraction: number
  }
}

/** Every count, order and length of a proof: a function of verifying key, statement and heights. */
export interface Layout {
  readonly chips: readonly PlacedChip[]
  /** The preprocessed trees in use, main, interaction, composition. */
  readonly trees: readonly TreeLayout[]
  readonly roots: readonly PreprocessedCommitment[]
  /** log2 of the height that all columns are lifted to. */
  readonly n: number
  /** log2 of the FRI domain. */
  readonly logDomain: number
  readonly samples: readonly Sample[]
  /** The first of the eight composition samples. */
  readonly compositionSample: number
  /** Composition weights: a chip's constraints, then its groups, over all present chips; then a boundary each. */
  readonly weights: number
  /** log2 of each FRI fold. */
  readonly folds: readonly number[]
  readonly parameters: ProtocolParameters
  readonly security: SecurityReport
}

/** Two halves of the composition polynomial, four limbs each. */
const COMPOSITION_COLUMNS = 8

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
          ? [{ chip: index, log: commitment.logHeights[chip.name], count: chip.preprocessed.columns.length }]
          : [],
      ),
    ),
  )
  const treeOf = (name: string, count: (chip: Chip<never>) => number): TreeLayout =>
    treeLayout(
      name,
      present.map(({ chip, index, log }) => ({ chip: index, log, count: count(chip) })),
    )
  const main = treeOf('main', (chip) => chip.columns.length)
  const interaction = treeOf('interaction', (chip) => 4 * chip.groups.length)
  const n = Math.max(profile.minLogHeight, interaction.log, ...preprocessedTrees.map((t) => t.log))
  const composition = treeLayout('composition', [{ chip: -1, log: n, count: COMPOSITION_COLUMNS }])
  const trees = [...preprocessedTrees, main, interaction, composition]

  const samples: Sample[] = []
  const starts = new Map<string, number>()
  const open = (
    kind: string,
    tree: number,
    run: TreeLayout['runs'][number],
    columns: readonly number[],
    point: 0 | 1,
  ): void => {
    starts.set(`${kind} ${run.chip}`, samples.length)
    for (const c of columns) samples.push({ tree, column: run.start + c, log: run.log, point })
  }
  const all = (count: number): number[] => Array.from({ length: count }, (_, i) => i)
  trees.forEach((tree, t) => {
    const kind = t < preprocessedTrees.length ? 'preprocessed' : tree.name
    for (const run of tree.runs)
      if (run.chip < 0 || logHeights[run.chip] !== 0) open(kind, t, run, all(run.count), 0)
  })
  const mainTree = preprocessedTrees.length
  for (const run of main.runs) open('prev', mainTree, run, air.chips[run.chip].prevColumns, 1)
  for (const run of interaction.runs)
    open(
      'prevInteraction',
      mainTree + 1,
      run,
      all(4).map((i) => run.count - 4 + i),
      1,
    )

  const at = (kind: string, index: number): number => starts.get(`${kind} ${index}`) ?? samples.length
  const chips = present.map((p) => ({
    ...p,
    samples: {
      main: at('main', p.index),
      preprocessed: at('preprocessed', p.index),
      interaction: at('interaction', p.index),
      prev: at('prev', p.index),
      prevInteraction: at('prevInteraction', p.index),
    },
  }))
  const weights = present.reduce((sum, { chip }) => sum + chip.constraints.length + chip.groups.length + 1, 0)
  return {
    chips,
    trees,
    roots: used.map((u) => u.commitment),
    n,
    logDomain: n + profile.logBlowup,
    samples,
    compositionSample: at('composition', -1),
    weights,
    folds: foldArities(n, profile.foldArityLog, finalLogDegreeFor(profile, n)).map(Math.log2),
    ...securityOfLayout(vk, statement, present, n, samples.length),
  }
}

/**
 * Index of the weight of a chip's boundary constraint first·S_prev = 0 (`chip` counts present chips).
 *
 * FRI bounds degrees at the common height n; nothing there makes a column of height 2^k < 2^n repeat itself. Its
 * polynomial is a trace of 2^n rows, 2^(n−k) periods that may all differ, and without the boundary only their average
 * would have to add up to the claim: fractions of messages, for which a bus proves nothing. With it the running sum is
 * zero where a period begins, so each period by itself is a witness of height 2^k with this claim. The row before row 0
 * belongs to another period: a constraint must not read it for anything but the boundary.
 */
export const boundaryWeight = (layout: Layout, chip: number): number =>
  layout.weights - layout.chips.length + chip

function securityOfLayout(
  vk: VerifyingKey,
  statement: StarkStatement,
  present: readonly { readonly chip: Chip<never>; readonly log: number }[],
  n: number,
  samples: number,
): { parameters: ProtocolParameters; security: SecurityReport } {
  const widths = vk.air.chips.flatMap((c) => c.messages.map((m) => m.bus.fields.length + 1))
  const shape = {
    ...shapeOf(
      present.map(({ chip, log }) => ({
        logHeight: log,
        constraints: chip.constraints.length + chip.groups.length + 1,
        batchTerms: 0,
        messages: chip.messages.length,
      })),
      { publicTerms: statement.publicTerms.count, tupleWidth: Math.max(...widths), extraBatchTerms: samples },
    ),
    logHeight: n,
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
  runs: readonly { readonly chip: number; readonly log: number; readonly count: number }[],
): TreeLayout {
  let width = 0
  const classes: { log: number; count: number }[] = []
  const placed = runs
    .filter((run) => run.count > 0)
    .sort((a, b) => a.log - b.log || a.chip - b.chip)
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
