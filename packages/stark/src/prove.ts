import { deepLines, drawOodPoints } from './deep.ts'
import type { OodPoints } from './deep.ts'
import { Misuse, Rejection } from './failure.ts'
import { doubleTimes } from './field/circle.ts'
import * as Q from './field/qm31.ts'
import type { QM31 } from './field/qm31.ts'
import { eqColumns } from './gkr/eq-column.ts'
import { fractionLayers, gkrProve, rootFraction } from './gkr/gkr-prove.ts'
import type { Forest } from './gkr/gkr-prove.ts'
import { fractionLeaves } from './gkr/leaves.ts'
import { absorbHeader } from './header.ts'
import { VanishingDenominator } from './kernels/kernels.ts'
import type { Kernels, Pointer } from './kernels/kernels.ts'
import { layoutOf } from './layout.ts'
import type { Layout, PlacedChip, StarkStatement } from './layout.ts'
import { compositionSides, drawColumnWeights, sumShare } from './ood.ts'
import type { Challenges } from './ood.ts'
import { commitTree, extendInto, openTree, reserve } from './pcs/commit.ts'
import type { CommittedColumn, CommittedTree, NaturalColumn, PreprocessedTree } from './pcs/commit.ts'
import { composition, limbsOf } from './pcs/composition.ts'
import type { ExtendedSums } from './pcs/composition.ts'
import { friCommit, friOpen } from './pcs/fri-prove.ts'
import { pacer } from './progress.ts'
import type { Abort, Pacer, PhaseTime, Progress } from './progress.ts'
import { assertSecure } from './security.ts'
import { InsecureParameters } from './security-report.ts'
import type { SecurityReport } from './security-report.ts'
import { ProverTranscript } from './transcript.ts'
import type { VerifyingKey } from './verifying-key.ts'

/** What the prover knows. Columns are natural-order pointers into the memory of `kernels`, filled and counted. */
export interface Witness {
  /** One entry a chip of the AIR, undefined for an absent one. */
  readonly chips: readonly ({ readonly logHeight: number; readonly main: readonly Pointer[] } | undefined)[]
  /** By name: every tree that has a present chip. */
  readonly preprocessed: Readonly<Record<string, PreprocessedTree>>
}

export interface ProveOptions {
  readonly onProgress?: (progress: Progress) => void
  readonly signal?: Abort
  /** Leaves out the prover's checks of its own work, for tests that want a false proof refused by `verify`. */
  readonly unchecked?: true
}

export interface ProofReport {
  readonly phases: readonly PhaseTime[]
  /** Committed base-field cells before blowup: main columns and sums. */
  readonly cells: number
  readonly peakWords: number
  readonly proofBytes: number
  readonly security: SecurityReport
}

/**
 * Proves that the witness satisfies the key's AIR for `statement`. Columns stay as they are; all other memory is
 * given back. Equal inputs give equal bytes on every kernel. Step by step the twin of `verify`.
 *
 * Throws `Misuse` (the inputs do not fit together), `InsecureParameters`, `ProverAborted`, `OutOfMemory`,
 * `VanishingDenominator`, and `UnsatisfiedWitness` when no proof exists for this witness.
 */
export async function prove(
  kernels: Kernels,
  vk: VerifyingKey,
  statement: StarkStatement,
  witness: Witness,
  options: ProveOptions = {},
): Promise<{ proof: Uint8Array; report: ProofReport }> {
  const mark = kernels.mark()
  try {
    return await run(kernels, vk, statement, witness, options)
  } finally {
    kernels.release(mark)
  }
}

/** The witness breaks a constraint or leaves a bus unbalanced: a proof of it would be refused. */
export class UnsatisfiedWitness extends Error {
  override readonly name = 'UnsatisfiedWitness'
  readonly code = 'prover/unsatisfied'
}

async function run(
  kernels: Kernels,
  vk: VerifyingKey,
  statement: StarkStatement,
  witness: Witness,
  { onProgress, signal, unchecked }: ProveOptions,
): Promise<{ proof: Uint8Array; report: ProofReport }> {
  const pace = pacer(onProgress, signal)
  const { logBlowup } = vk.profile
  const transcript = new ProverTranscript(vk.suite)
  absorbHeader(transcript, vk, statement)
  const logHeights = Uint8Array.from(vk.air.chips, (_, i) => witness.chips[i]?.logHeight ?? 0)
  const layout = provableLayout(vk, statement, logHeights)
  checkWitness(vk, layout, witness)
  transcript.sendBytes('log heights', logHeights)
  assertSecure(layout.security, vk.profile.targetBits)
  const { grinding, queries } = layout.parameters
  const grind = (site: string, bits: number): Promise<void> => {
    if (bits > 0) pace.phase(`grind ${site}`, 1)
    return transcript.grind(site, bits, (seed) => search(kernels, seed, bits, pace))
  }
  const preprocessedOf = ({ chip }: PlacedChip): readonly NaturalColumn[] =>
    chip.preprocessed === undefined ? [] : witness.preprocessed[chip.preprocessed.tree].byChip[chip.name]

  pace.phase('main', totalOf(layout, 'main'))
  const main = new Map<number, CommittedColumn[]>()
  for (const { index, log } of layout.chips) {
    const columns = witness.chips[index]!.main.map((natural) => ({
      ...reserve(kernels, log, logBlowup),
      natural,
    }))
    await extendInto(kernels, columns, logBlowup, () => pace.step())
    main.set(index, columns)
  }
  const mainTree = await commit(kernels, layout, 'main', main, pace)
  transcript.sendBytes('main root', mainTree.root)

  await grind('logup', grinding.logup)
  const [z, alpha] = transcript.drawExtensions('logup', 2)
  const columnsOf = (placed: PlacedChip): readonly Pointer[] => [
    ...witness.chips[placed.index]!.main,
    ...preprocessedOf(placed).map((c) => c.natural),
  ]
  const { claims, point } = await reduceBuses(
    kernels,
    transcript,
    layout,
    statement,
    columnsOf,
    { z, alpha },
    {
      pace,
      unchecked,
    },
  )
  transcript.sendExtensions('column claims', claims.flat())
  const eqAt = eqColumns(point)
  if (eqAt === undefined) throw new VanishingDenominator('a coordinate of r is 0 or 1')
  const columnWeights = drawColumnWeights(transcript, layout)
  const challenges = { columnClaims: claims, columnWeights, eqColumns: eqAt }

  pace.phase('sums', totalOf(layout, 'sums'))
  const sums = await commitSums(kernels, layout, point, columnsOf, challenges, pace)
  const sumsTree = commitTree(kernels, sums.columns, logBlowup)
  transcript.sendBytes('sums root', sumsTree.root)

  const weights = transcript.drawExtensions('composition', layout.weights)
  const drawn: Challenges = { ...challenges, weights }
  pace.phase('composition', layout.chips.length + 8)
  const compositionColumns = await composition(
    kernels,
    layout,
    statement.publics,
    drawn,
    (placed) => ({
      main: main.get(placed.index)!.map((c) => c.extended),
      preprocessed: preprocessedOf(placed).map((c) => c.extended),
    }),
    (height) => sums.extended[height],
    pace,
  )
  const compositionTree = commitTree(kernels, compositionColumns, logBlowup)
  transcript.sendBytes('composition root', compositionTree.root)

  await grind('ood', grinding.ood)
  const points = drawOodPoints(transcript, layout.n)
  const preprocessedTrees = layout.trees.slice(0, -3).map(({ name }) => witness.preprocessed[name])
  const trees: CommittedTree[] = [...preprocessedTrees, mainTree, sumsTree, compositionTree]
  pace.phase('sampling', layout.samples.length)
  const sampled = await sample(kernels, layout, points, trees, pace)
  transcript.sendExtensions('sampled values', sampled)
  const sides = compositionSides(layout, statement, points, sampled, drawn)
  if (!unchecked && !Q.equals(sides.constraints, sides.composition))
    throw new UnsatisfiedWitness('the composition is no polynomial: a row breaks a constraint')

  await grind('batching', grinding.batching)
  const gammas = transcript.drawExtensions('batching', layout.samples.length)
  pace.phase('deep', layout.samples.length)
  const deep = kernels.alloc(4 * 2 ** layout.logDomain)
  await addDeepQuotients(kernels, layout, points, sampled, gammas, trees, deep, pace)

  pace.phase('fri', layout.folds.length)
  const layers = await friCommit(kernels, transcript, layout, deep, async (layer) => {
    await pace.step()
    await grind('commit', grinding.commit[layer])
  })

  await grind('query', grinding.query)
  const positions = transcript.drawPositions('query', queries, layout.logDomain)

  pace.phase('openings', trees.length + 1)
  for (const tree of trees) {
    openTree(kernels, transcript, tree, logBlowup, positions, layout.logDomain)
    await pace.step()
  }
  friOpen(kernels, transcript, layers, positions)
  const proof = transcript.proof()
  const cells = layout.trees
    .slice(-3, -1)
    .reduce((s, t) => s + t.runs.reduce((u, r) => u + r.count * 2 ** r.log, 0), 0)
  const { peakWords } = kernels.usage
  return {
    proof,
    report: { phases: pace.times(), cells, peakWords, proofBytes: proof.length, security: layout.security },
  }
}

const totalOf = (layout: Layout, name: string): number => layout.trees.find((t) => t.name === name)!.width + 1

/**
 * Reduces the sum of all bus fractions to the values of the columns' multilinear extensions at one point. `columnsOf`:
 * a chip's columns in natural order, main and then preprocessed.
 */
async function reduceBuses(
  kernels: Kernels,
  transcript: ProverTranscript,
  layout: Layout,
  statement: StarkStatement,
  columnsOf: (placed: PlacedChip) => readonly Pointer[],
  { z, alpha }: { readonly z: QM31; readonly alpha: QM31 },
  { pace, unchecked }: { readonly pace: Pacer; readonly unchecked: true | undefined },
): Promise<{ claims: QM31[][]; point: readonly QM31[] }> {
  const { chips, forest } = layout
  const mark = kernels.mark()
  pace.phase('fractions', chips.length + 1)
  const leaves = await fractionLeaves(kernels, layout, statement.publics, columnsOf, { z, alpha }, pace)
  const trees = fractionLayers(kernels, leaves)
  await pace.step()
  if (!unchecked) checkBalance(kernels, statement, z, alpha, trees)
  pace.phase('gkr', (forest[0].log * (forest[0].log - 1)) / 2)
  const { low } = await gkrProve(kernels, transcript, forest, trees, pace)
  kernels.release(mark)
  const point = low.slice(0, layout.heights.at(-1)!.log)
  const tables = kernels.allocUninitialized(8 * 2 ** point.length)
  kernels.eqTables(point, tables)
  const claims = chips.map((placed) =>
    kernels.dotProducts(columnsOf(placed), placed.log, tables + 16 * 2 ** placed.log),
  )
  kernels.release(mark)
  return { claims, point }
}

/** Commits to E and S of every height. */
async function commitSums(
  kernels: Kernels,
  layout: Layout,
  point: readonly QM31[],
  columnsOf: (placed: PlacedChip) => readonly Pointer[],
  drawn: Omit<Challenges, 'weights'>,
  pace: Pacer,
): Promise<{ columns: CommittedColumn[]; extended: ExtendedSums[] }> {
  const { logBlowup } = layout.parameters
  const reserved = layout.heights.map(({ log }) => ({
    columns: Array.from({ length: 8 }, () => reserve(kernels, log, logBlowup)),
    combination: kernels.alloc(4 * 2 ** log),
  }))
  const mark = kernels.mark()
  const tables = kernels.allocUninitialized(8 * 2 ** point.length)
  kernels.eqTables(point, tables)
  const naturals = kernels.allocUninitialized(4 * 2 ** point.length)
  for (const [height, { log }] of layout.heights.entries()) {
    const { columns, combination } = reserved[height]
    for (const [i, placed] of layout.chips.entries())
      if (placed.log === log) kernels.accumulate(columnsOf(placed), drawn.columnWeights[i], log, combination)
    await pace.step()
    const e = tables + 16 * 2 ** log
    kernels.runningSum(e, combination, log, sumShare(layout, height, drawn), naturals)
    const sums = [...limbsOf(e, 2 ** log), ...limbsOf(naturals, 2 ** log)]
    const filled = sums.map((natural, c) => ({ ...columns[c], natural }))
    await extendInto(kernels, filled, logBlowup, () => pace.step())
  }
  kernels.release(mark)
  return {
    columns: reserved.flatMap((r) => r.columns),
    extended: reserved.map(({ columns, combination }) => ({
      columns: columns.map((c) => c.extended),
      combination,
    })),
  }
}

/** `layoutOf`, with what the verifier would refuse turned into the prover's own errors. */
export function provableLayout(
  vk: VerifyingKey,
  statement: StarkStatement,
  logHeights: ArrayLike<number>,
): Layout {
  try {
    return layoutOf(vk, statement, logHeights)
  } catch (error) {
    if (!(error instanceof Rejection)) throw error
    const { code } = error.failure
    if (code === 'security/below-target') throw new InsecureParameters(code, error.message)
    throw new Misuse(error.message)
  }
}

function checkWitness(vk: VerifyingKey, layout: Layout, witness: Witness): void {
  for (const { chip, index } of layout.chips) {
    const got = witness.chips[index]!.main.length
    if (got !== chip.columns.length)
      throw new Misuse(`chip '${chip.name}' has ${chip.columns.length} columns, got ${got}`)
  }
  layout.roots.forEach((root, t) => {
    const { name } = layout.trees[t]
    const tree = witness.preprocessed[name]
    if (tree === undefined) throw new Misuse(`the witness lacks the tree '${name}'`)
    if (tree.logBlowup !== vk.profile.logBlowup || !tree.root.every((b, i) => b === root.root[i]))
      throw new Misuse(`the tree '${name}' of the witness is not the committed one`)
  })
}

async function commit(
  kernels: Kernels,
  layout: Layout,
  name: string,
  columns: ReadonlyMap<number, readonly CommittedColumn[]>,
  pace: Pacer,
): Promise<CommittedTree> {
  const tree = layout.trees.find((t) => t.name === name)!
  const ordered = tree.runs.flatMap((run) => columns.get(run.owner)!)
  const committed = commitTree(kernels, ordered, layout.parameters.logBlowup)
  await pace.step()
  return committed
}

function checkBalance(
  kernels: Kernels,
  statement: StarkStatement,
  z: QM31,
  alpha: QM31,
  { layers }: Forest,
): void {
  const publicSum = statement.publicTerms.sum(z, alpha)
  if (publicSum === undefined) throw new UnsatisfiedWitness('a denominator of the public terms is zero')
  const total = layers.reduce((sum, tree) => {
    const { numerator, denominator } = rootFraction(kernels, tree)
    return Q.add(sum, Q.mul(numerator, Q.inv(denominator)))
  }, publicSum)
  if (!Q.isZero(total)) throw new UnsatisfiedWitness('a bus does not balance')
}

const GRIND_CHUNK = 2 ** 17

async function search(kernels: Kernels, seed: Uint32Array, bits: number, pace: Pacer): Promise<number> {
  for (let from = 0; ; from += GRIND_CHUNK) {
    const nonce = kernels.grind(seed, bits, from, GRIND_CHUNK)
    if (nonce !== undefined) return nonce
    await pace.step()
  }
}

/** Values of all samples, in the layout's order. */
async function sample(
  kernels: Kernels,
  layout: Layout,
  points: OodPoints,
  trees: readonly CommittedTree[],
  pace: Pacer,
): Promise<QM31[]> {
  const values: QM31[] = []
  for (const { point, log, indices } of samplesByPointAndLog(layout)) {
    const mark = kernels.mark()
    const basis = kernels.allocUninitialized(4 * 2 ** log)
    kernels.basisAt(doubleTimes(points[point], layout.n - log), log, basis)
    for (let i = 0; i < indices.length; i += 16) {
      const some = indices.slice(i, i + 16)
      const columns = some.map((s) => columnOf(layout, trees, s).coefficients)
      kernels.dotProducts(columns, log, basis).forEach((value, j) => {
        values[some[j]] = value
      })
      await pace.step()
    }
    kernels.release(mark)
  }
  return values
}

async function addDeepQuotients(
  kernels: Kernels,
  layout: Layout,
  points: OodPoints,
  sampled: readonly QM31[],
  gammas: readonly QM31[],
  trees: readonly CommittedTree[],
  planes: Pointer,
  pace: Pacer,
): Promise<void> {
  const groups = samplesByPointAndLog(layout)
  for (const [which, { point, a, b }] of deepLines(layout, points, sampled, gammas).entries()) {
    const mark = kernels.mark()
    const sums: { log: number; planes: Pointer }[] = []
    for (const { log, indices } of groups.filter((g) => g.point === which)) {
      const size = log + layout.parameters.logBlowup
      const planes = kernels.allocUninitialized(4 * 2 ** size)
      const scratch = kernels.mark()
      // Combined before they are extended: a combination of polynomials has that of their coefficients.
      const combined = kernels.alloc(4 * 2 ** log)
      for (let i = 0; i < indices.length; i += 64) {
        const some = indices.slice(i, i + 64)
        kernels.accumulate(
          some.map((s) => columnOf(layout, trees, s).coefficients),
          some.map((s) => gammas[s]),
          log,
          combined,
        )
        await pace.step()
      }
      const from = limbsOf(combined, 2 ** log)
      kernels.evaluateColumns(
        limbsOf(planes, 2 ** size).map((extended, l) => ({ log, coefficients: from[l], extended })),
        size,
      )
      kernels.release(scratch)
      sums.push({ log: size, planes })
    }
    kernels.addQuotients(sums, point, a, b, layout.logDomain, planes)
    await pace.step()
    kernels.release(mark)
  }
}

const columnOf = (layout: Layout, trees: readonly CommittedTree[], sampleIndex: number): CommittedColumn => {
  const { tree, column } = layout.samples[sampleIndex]
  return trees[tree].columns[column]
}

/** Sample indices that share a point and a height, ascending by height. */
function samplesByPointAndLog(layout: Layout): { point: 0 | 1; log: number; indices: number[] }[] {
  const groups = new Map<string, { point: 0 | 1; log: number; indices: number[] }>()
  layout.samples.forEach(({ point, log }, i) => {
    const key = `${point} ${log}`
    const group = groups.get(key) ?? { point, log, indices: [] }
    group.indices.push(i)
    groups.set(key, group)
  })
  return [...groups.values()].sort((x, y) => x.point - y.point || x.log - y.log)
}
