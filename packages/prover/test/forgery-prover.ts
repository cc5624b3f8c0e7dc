import type { Chip } from '../../stark/src/air/chip.ts'
import { bytesOfWords } from '../../stark/src/codec.ts'
import { compositionSides, drawColumnWeights, sumShare } from '../../stark/src/ood.ts'
import type { Challenges } from '../../stark/src/ood.ts'
import { deepLines, drawOodPoints } from '../../stark/src/deep.ts'
import type { OodPoints } from '../../stark/src/deep.ts'
import { doubleTimes, vanishing } from '../../stark/src/field/circle.ts'
import * as M from '../../stark/src/field/m31.ts'
import * as Q from '../../stark/src/field/qm31.ts'
import type { QM31 } from '../../stark/src/field/qm31.ts'
import { eqColumns, ratioPlanes } from '../../stark/src/gkr/eq-column.ts'
import { fractionLayers, gkrProve, rootFraction } from '../../stark/src/gkr/gkr-prove.ts'
import { leafClaims } from '../../stark/src/gkr/leaf-claims.ts'
import { fractionLeaves } from '../../stark/src/gkr/leaves.ts'
import type { Fraction, LeafPoint } from '../../stark/src/gkr/sumcheck.ts'
import { absorbHeader } from '../../stark/src/header.ts'
import type { Kernels, Pointer } from '../../stark/src/kernels/kernels.ts'
import { liftPosition } from '../../stark/src/kernels/positions.ts'
import { SUM_CONSTRAINTS, layoutOf, sumWeights } from '../../stark/src/layout.ts'
import type { Layout, PlacedChip, StarkStatement, TreeLayout } from '../../stark/src/layout.ts'
import { rootOf, siblings, treeWords } from '../../stark/src/merkle.ts'
import { reserve } from '../../stark/src/pcs/commit.ts'
import type { CommittedColumn, CommittedTree, PreprocessedTree } from '../../stark/src/pcs/commit.ts'
import { limbsOf } from '../../stark/src/pcs/composition.ts'
import { domainPoint } from '../../stark/src/pcs/domain.ts'
import { friOpen } from '../../stark/src/pcs/fri-prove.ts'
import type { FriLayer } from '../../stark/src/pcs/fri-prove.ts'
import { Queries } from '../../stark/src/pcs/queries.ts'
import { pacer } from '../../stark/src/progress.ts'
import type { VerifyingKey } from '../../stark/src/verifying-key.ts'
import { CarryingTranscript } from './forgery-sums.ts'

/** A chip's natural columns in the memory of the kernels. */
export interface ForgedChip {
  readonly logHeight: number
  readonly main: readonly Pointer[]
}

/** What a malicious prover does otherwise than `prove`. Every hook gets the honest thing. */
export interface Cheats {
  /** Log heights as announced, over all chips of the AIR. */
  readonly announce?: (logHeights: Uint8Array) => Uint8Array
  /** Columns of every height are committed as so many periods as the tallest has room for; the hook spoils them. */
  readonly periods?: (column: (chip: string, name: string) => Uint32Array, log: number) => void
  /** The fraction sums of the trees; `total` is what they and the public terms add up to. */
  readonly sums?: (sums: readonly Fraction[], total: QM31) => readonly Fraction[]
  /**
   * A lie about the numerator of the first tree's sum is carried on: each layer's values are what its check asks for, and
   * in the end the claim of one column is what the check of the leaves asks for.
   */
  readonly carry?: 'to the leaves' | 'to a column'
  /** Column claims, one list a present chip: main columns, then preprocessed ones. */
  readonly claims?: (claims: readonly (readonly QM31[])[], layout: Layout) => readonly (readonly QM31[])[]
  /** The chips whose messages the fractions are made of, in the place of the key's. */
  readonly fractionsOf?: (chip: Chip<never>) => Chip<never>
  /** The coefficients of the 8 composition columns, before they are committed. */
  readonly composition?: (columns: readonly Uint32Array[]) => void
  /** Makes the out-of-domain identity hold by a lie about the composition. */
  readonly mendSamples?: true
  /** Values of one tree on its extended domain, after everything was derived from them and before the commitment. */
  readonly extended?: (tree: string, columns: readonly Uint32Array[]) => void
  /** The word of FRI's layer, four planes, before it is committed. */
  readonly layer?: (layer: number, planes: Uint32Array) => void
  readonly final?: (coefficients: readonly QM31[]) => readonly QM31[]
  readonly nonce?: (site: string, nonce: number) => number
  readonly positions?: (positions: Uint32Array) => Uint32Array
}

/**
 * The twin of `prove` that checks nothing of its own work and cheats as told. Without cheats, and for an honest
 * witness, it gives the very bytes of `prove`.
 */
export async function forgeStark(
  kernels: Kernels,
  vk: VerifyingKey,
  statement: StarkStatement,
  witness: {
    readonly chips: readonly (ForgedChip | undefined)[]
    readonly preprocessed: Readonly<Record<string, PreprocessedTree>>
  },
  cheats: Cheats = {},
): Promise<Uint8Array> {
  const mark = kernels.mark()
  try {
    return await forge(kernels, vk, statement, witness, cheats)
  } finally {
    kernels.release(mark)
  }
}

async function forge(
  kernels: Kernels,
  vk: VerifyingKey,
  statement: StarkStatement,
  witness: Parameters<typeof forgeStark>[3],
  cheats: Cheats,
): Promise<Uint8Array> {
  const { logBlowup } = vk.profile
  const transcript = new CarryingTranscript(vk.suite, cheats.carry !== undefined)
  absorbHeader(transcript, vk, statement)
  const logHeights = Uint8Array.from(vk.air.chips, (_, i) => witness.chips[i]?.logHeight ?? 0)
  const layout = layoutOf(vk, statement, logHeights)
  const { grinding, queries } = layout.parameters
  transcript.sendBytes('log heights', cheats.announce?.(logHeights.slice()) ?? logHeights)
  const grind = (site: string, bits: number): Promise<void> =>
    transcript.grind(site, bits, (seed) => Promise.resolve(search(kernels, seed, bits, site, cheats)))
  const tallest = layout.trees.find((t) => t.name === 'main')!.log
  const logOf = (placed: PlacedChip): number => (cheats.periods === undefined ? placed.log : tallest)

  const natural = new Map<number, readonly Pointer[]>()
  for (const placed of layout.chips) {
    const { main, logHeight } = witness.chips[placed.index]!
    natural.set(
      placed.index,
      main.map((pointer) => repeated(kernels, pointer, logHeight, logOf(placed))),
    )
  }
  cheats.periods?.((chip, name) => {
    const placed = layout.chips.find((c) => c.chip.name === chip)!
    return kernels.words(natural.get(placed.index)![placed.chip.columns.indexOf(name)], 2 ** tallest)
  }, tallest)
  const ownPreprocessed = ({ chip }: PlacedChip): readonly { natural: Pointer; extended: Pointer }[] =>
    chip.preprocessed === undefined ? [] : witness.preprocessed[chip.preprocessed.tree].byChip[chip.name]
  const preprocessedOf = (placed: PlacedChip): readonly { natural: Pointer; extended: Pointer }[] => {
    const { log } = placed
    const own = ownPreprocessed(placed)
    if (logOf(placed) === log) return own
    return own.map((c) => ({
      natural: repeated(kernels, c.natural, log, tallest),
      extended: lifted(kernels, c.extended, log + logBlowup, tallest + logBlowup),
    }))
  }

  const main = new Map<number, CommittedColumn[]>()
  for (const placed of layout.chips)
    main.set(
      placed.index,
      natural.get(placed.index)!.map((pointer) => {
        const column = reserve(kernels, logOf(placed), logBlowup)
        kernels.extendColumn(pointer, column.coefficients, column.extended, column.log, logBlowup)
        return column
      }),
    )
  const mainTree = commit(kernels, layout, 'main', main, cheats)
  transcript.sendBytes('main root', mainTree.root)

  await grind('logup', grinding.logup)
  const [z, alpha] = transcript.drawExtensions('logup', 2)
  const preprocessed = layout.chips.map(preprocessedOf)
  const reduced = await reduceBuses(kernels, transcript, layout, statement, cheats, {
    columns: layout.chips.map((placed) => [
      ...natural.get(placed.index)!.map((pointer) => averaged(kernels, pointer, logOf(placed), placed.log)),
      ...ownPreprocessed(placed).map((c) => c.natural),
    ]),
    z,
    alpha,
  })
  transcript.sendExtensions('column claims', reduced.claims.flat())
  const columnWeights = drawColumnWeights(transcript, layout)
  const sent = { columnClaims: reduced.claims, columnWeights, eqColumns: eqColumns(reduced.point)! }
  const sums = layout.heights.map((_, height) =>
    sumsOf(kernels, layout, height, reduced.point, sent, logOf, (placed, i) => [
      ...natural.get(placed.index)!,
      ...preprocessed[i].map((c) => c.natural),
    ]),
  )
  const sumsTree = commit(kernels, layout, 'sums', new Map(sums.map((c, h) => [h, c.columns])), cheats)
  transcript.sendBytes('sums root', sumsTree.root)

  const weights = transcript.drawExtensions('composition', layout.weights)
  const challenges: Challenges = { ...sent, weights }
  const compositionColumns = compose(
    kernels,
    layout,
    logOf,
    challenges,
    statement.publics,
    sums,
    (i, index) => ({
      main: main.get(index)!.map((c) => c.extended),
      preprocessed: preprocessed[i].map((c) => c.extended),
    }),
  )
  if (cheats.composition !== undefined) {
    cheats.composition(compositionColumns.map((c) => kernels.words(c.coefficients, 2 ** layout.n)))
    for (const c of compositionColumns)
      kernels.evaluate(c.coefficients, c.extended, layout.n, layout.logDomain)
  }
  const compositionTree = treeOf(kernels, compositionColumns, [8], layout.n, logBlowup, 'composition', cheats)
  transcript.sendBytes('composition root', compositionTree.root)

  await grind('ood', grinding.ood)
  const points = drawOodPoints(transcript, layout.n)
  const preprocessedTrees = layout.trees.slice(0, -3).map(({ name }) => witness.preprocessed[name])
  const trees: CommittedTree[] = [...preprocessedTrees, mainTree, sumsTree, compositionTree]
  const sampled = sample(kernels, layout, points, trees)
  if (cheats.mendSamples) mend(layout, statement, points, sampled, challenges)
  transcript.sendExtensions('sampled values', sampled)

  await grind('batching', grinding.batching)
  const gammas = transcript.drawExtensions('batching', layout.samples.length)
  const deep = kernels.alloc(4 * 2 ** layout.logDomain)
  addDeepQuotients(kernels, layout, points, sampled, gammas, trees, deep)
  const layers = await commitFri(kernels, transcript, layout, deep, cheats, (layer) =>
    grind('commit', grinding.commit[layer]),
  )
  await grind('query', grinding.query)
  const drawn = transcript.drawPositions('query', queries, layout.logDomain)
  const positions = cheats.positions?.(drawn) ?? drawn
  trees.forEach((tree, t) => openRows(kernels, transcript, layout, t, tree, positions))
  friOpen(kernels, transcript, layers, positions)
  return transcript.proof()
}

/**
 * `openTree`, for columns that may be taller than the layout says: where they differ, the row of a position is that of the
 * first query that lifts to it.
 */
function openRows(
  kernels: Kernels,
  transcript: CarryingTranscript,
  layout: Layout,
  t: number,
  tree: CommittedTree,
  positions: Uint32Array,
): void {
  const { logBlowup } = layout.parameters
  const queries = new Queries(positions, layout.logDomain)
  let start = 0
  for (const { log, count } of layout.trees[t].classes) {
    const own = tree.columns.slice(start, start + count)
    start += count
    const lifts = queries.at(layout.logDomain).map((q) => liftPosition(q, layout.logDomain, log + logBlowup))
    const rows = queries.at(log + logBlowup).map((p) => {
      const query = queries.at(layout.logDomain)[lifts.indexOf(p)]
      return own.map((c) => {
        const size = c.log + logBlowup
        return kernels.words(c.extended, 2 ** size)[liftPosition(query, layout.logDomain, size)]
      })
    })
    transcript.writeOpening(bytesOfWords(rows.flat()))
  }
  transcript.writeOpening(siblings(kernels, tree.pointer, tree.log, queries.at(tree.log)))
}

function search(kernels: Kernels, seed: Uint32Array, bits: number, site: string, cheats: Cheats): number {
  for (let from = 0; ; from += 2 ** 16) {
    const nonce = kernels.grind(seed, bits, from, 2 ** 16)
    if (nonce !== undefined) return cheats.nonce?.(site, nonce) ?? nonce
  }
}

function repeated(kernels: Kernels, pointer: Pointer, from: number, to: number): Pointer {
  if (from === to) return pointer
  const copy = kernels.alloc(2 ** to)
  const words = kernels.words(pointer, 2 ** from).slice()
  const out = kernels.words(copy, 2 ** to)
  for (let at = 0; at < out.length; at += words.length) out.set(words, at)
  return copy
}

function lifted(kernels: Kernels, pointer: Pointer, from: number, to: number): Pointer {
  if (from === to) return pointer
  const copy = kernels.alloc(2 ** to)
  const words = kernels.words(pointer, 2 ** from)
  kernels.words(copy, 2 ** to).forEach((_, q, out) => {
    out[q] = words[liftPosition(q, to, from)]
  })
  return copy
}

const commit = (
  kernels: Kernels,
  layout: Layout,
  name: string,
  columns: ReadonlyMap<number, readonly CommittedColumn[]>,
  cheats: Cheats,
): CommittedTree => {
  const tree: TreeLayout = layout.trees.find((t) => t.name === name)!
  const ordered = tree.runs.flatMap((run) => columns.get(run.owner)!)
  const counts = tree.classes.map((c) => c.count)
  return treeOf(kernels, ordered, counts, tree.log, layout.parameters.logBlowup, name, cheats)
}

/** `commitTree`, with classes of so many columns each, which may be of one height. */
function treeOf(
  kernels: Kernels,
  columns: readonly CommittedColumn[],
  counts: readonly number[],
  log: number,
  logBlowup: number,
  name: string,
  cheats: Cheats,
): CommittedTree {
  cheats.extended?.(
    name,
    columns.map((c) => kernels.words(c.extended, 2 ** (c.log + logBlowup))),
  )
  let start = 0
  const classes = counts.map((count) => {
    const own = columns.slice(start, start + count)
    start += count
    return { log: own[0].log + logBlowup, columns: own.map((c) => c.extended) }
  })
  const size = log + logBlowup
  const pointer = kernels.alloc(treeWords(size))
  kernels.merkleTree(classes, pointer)
  return { columns, log: size, pointer, root: rootOf(kernels, pointer, size) }
}

/** The mean of all periods of a column: what a sum over all rows sees of them. */
function averaged(kernels: Kernels, pointer: Pointer, from: number, to: number): Pointer {
  if (from === to) return pointer
  const copy = kernels.alloc(2 ** to)
  const words = kernels.words(pointer, 2 ** from)
  const out = kernels.words(copy, 2 ** to)
  words.forEach((w, i) => {
    out[i % out.length] = M.add(out[i % out.length], w)
  })
  const share = M.inv(M.pow(2, from - to))
  out.forEach((w, i) => {
    out[i] = M.mul(w, share)
  })
  return copy
}

/** The sumchecks over the fractions of these columns, and what is then claimed of the columns. */
async function reduceBuses(
  kernels: Kernels,
  transcript: CarryingTranscript,
  layout: Layout,
  { publics, publicTerms }: StarkStatement,
  cheats: Cheats,
  { columns, z, alpha }: { columns: readonly (readonly Pointer[])[]; z: QM31; alpha: QM31 },
): Promise<{ claims: readonly (readonly QM31[])[]; point: readonly QM31[] }> {
  const { chips, forest, heights } = layout
  const pace = pacer(undefined, undefined)
  const told = chips.map((placed): PlacedChip => ({
    ...placed,
    chip: cheats.fractionsOf?.(placed.chip) ?? placed.chip,
  }))
  const columnsOf = (placed: PlacedChip): readonly Pointer[] => columns[told.indexOf(placed)]
  const toldLayout = { ...layout, chips: told }
  const leaves = await fractionLeaves(kernels, toldLayout, publics, columnsOf, { z, alpha }, pace)
  const trees = fractionLayers(kernels, leaves)
  const roots = trees.layers.map((own) => rootFraction(kernels, own))
  const total = roots.reduce(
    (sum, { numerator, denominator }) => Q.add(sum, Q.mul(numerator, Q.inv(denominator))),
    publicTerms.sum(z, alpha)!,
  )
  transcript.sums = cheats.sums?.(roots, total)
  const leafPoint = await gkrProve(kernels, transcript, forest, trees, pace)
  const point = leafPoint.low.slice(0, heights.at(-1)!.log)
  const tables = kernels.alloc(8 * 2 ** point.length)
  kernels.eqTables(point, tables)
  const honest = chips.map(({ log }, i) => kernels.dotProducts(columns[i], log, tables + 16 * 2 ** log))
  const carried =
    cheats.carry === 'to a column'
      ? mendLeaves(layout, leafPoint, transcript.lie, honest, { publics, z, alpha })
      : honest
  return { claims: cheats.claims?.(carried, layout) ?? carried, point }
}

/** Moves the claim of a column that only the first tree's numerators see by what they lack. */
function mendLeaves(
  { chips, forest }: Layout,
  point: LeafPoint,
  lack: QM31,
  claims: readonly (readonly QM31[])[],
  drawn: { readonly publics: readonly number[]; readonly z: QM31; readonly alpha: QM31 },
): readonly (readonly QM31[])[] {
  const leavesOf = (values: readonly (readonly QM31[])[]): QM31[] =>
    leafClaims(chips, forest, point, { values, ...drawn }).flatMap((l) => [l.numerator, l.denominator])
  const moved = (chip: number, column: number, by: QM31): readonly (readonly QM31[])[] =>
    claims.with(chip, claims[chip].with(column, Q.add(claims[chip][column], by)))
  const before = leavesOf(claims)
  for (const [chip, own] of claims.entries())
    for (const column of own.keys()) {
      const [slope, ...others] = leavesOf(moved(chip, column, Q.ONE)).map((v, i) => Q.sub(v, before[i]))
      if (!Q.isZero(slope) && others.every(Q.isZero)) return moved(chip, column, Q.mul(lack, Q.inv(slope)))
    }
  throw new Error('no column is a multiplicity of the first tree alone')
}

/** E and S of a height over the rows that its columns are committed at, and the combination that S adds up. */
interface Sums {
  readonly columns: readonly CommittedColumn[]
  readonly combination: Pointer
}

function sumsOf(
  kernels: Kernels,
  layout: Layout,
  height: number,
  point: readonly QM31[],
  sent: Omit<Challenges, 'weights'>,
  logOf: (placed: PlacedChip) => number,
  columnsOf: (placed: PlacedChip, i: number) => readonly Pointer[],
): Sums {
  const { logBlowup } = layout.parameters
  const { log: own } = layout.heights[height]
  const log = logOf(layout.chips.find((c) => c.log === own)!)
  const size = 2 ** log
  const combination = kernels.alloc(4 * size)
  layout.chips.forEach((placed, i) => {
    if (placed.log === own) kernels.accumulate(columnsOf(placed, i), sent.columnWeights[i], log, combination)
  })
  const tables = kernels.alloc(8 * 2 ** point.length)
  kernels.eqTables(point, tables)
  const e = kernels.alloc(4 * size)
  limbsOf(tables + 16 * 2 ** own, 2 ** own).forEach((limb, l) => {
    kernels.words(e + 4 * l * size, size).set(kernels.words(repeated(kernels, limb, own, log), size))
  })
  const s = kernels.alloc(4 * size)
  kernels.runningSum(e, combination, log, sumShare(layout, height, sent), s)
  const columns = [...limbsOf(e, size), ...limbsOf(s, size)].map((limb) => {
    const column = reserve(kernels, log, logBlowup)
    kernels.extendColumn(limb, column.coefficients, column.extended, log, logBlowup)
    return column
  })
  return { columns, combination }
}

function compose(
  kernels: Kernels,
  layout: Layout,
  logOf: (placed: PlacedChip) => number,
  challenges: Challenges,
  publics: readonly number[],
  sums: readonly Sums[],
  columnsOf: (i: number, index: number) => { main: readonly Pointer[]; preprocessed: readonly Pointer[] },
): CommittedColumn[] {
  const { n, logDomain } = layout
  const { logBlowup } = layout.parameters
  const { weights } = challenges
  const coefficients = Array.from({ length: 4 }, () => kernels.alloc(2 ** (n + 1)))
  const at = (half: number): number => M.inv(domainPoint(logBlowup + 1, 2 * half).x)
  const inverses = [at(0), at(1)] as const
  const starts = [0]
  for (const { chip } of layout.chips) starts.push(starts.at(-1)! + chip.constraints.length)
  layout.heights.forEach(({ log: own }, height) => {
    const log = logOf(layout.chips.find((c) => c.log === own)!)
    const count = 2 ** (log + 1)
    const planes = kernels.alloc(4 * count)
    const prev = kernels.prevPositions(log, logBlowup, count)
    const first = lifted(kernels, kernels.firstSelector(own, logBlowup, 2 ** (own + 1)), own + 1, log + 1)
    layout.chips.forEach((placed, i) => {
      if (placed.log !== own) return
      const columns = { ...columnsOf(i, placed.index), publics, prev, first }
      const drawn = weights.slice(starts[i], starts[i + 1])
      kernels.chip(placed.chip).constraints(columns, log, drawn, inverses, planes)
    })
    const extended = (limbs: readonly Pointer[]): Pointer => {
      const to = kernels.alloc(4 * count)
      limbs.forEach((limb, l) => {
        const column = reserve(kernels, log, logBlowup)
        kernels.extendColumn(limb, column.coefficients, column.extended, log, logBlowup)
        kernels.words(to + 4 * l * count, count).set(kernels.words(column.extended, count))
      })
      return to
    }
    const ratio = kernels.alloc(4 * 2 ** own)
    const eqColumn = challenges.eqColumns[own]
    ratioPlanes(eqColumn, kernels.words(ratio, 4 * 2 ** own))
    const ratios = limbsOf(ratio, 2 ** own).map((limb) => repeated(kernels, limb, own, log))
    const { columns, combination } = sums[height]
    const committed = columns.map((c) => c.extended)
    const weight = sumWeights(layout, height)
    kernels.sumConstraints(
      {
        e: committed.slice(0, 4),
        s: committed.slice(4),
        ratio: limbsOf(extended(ratios), count),
        combination: extended(limbsOf(combination, 2 ** log)),
        prev,
        first,
      },
      log,
      {
        start: eqColumn.start,
        share: sumShare(layout, height, challenges),
        weights: weights.slice(weight, weight + SUM_CONSTRAINTS),
      },
      inverses,
      planes,
    )
    for (let limb = 0; limb < 4; limb++) {
      kernels.interpolate(planes + 4 * limb * count, log + 1, log + logBlowup)
      kernels.addLiftedCoefficients(planes + 4 * limb * count, log + 1, coefficients[limb], n + 1)
    }
  })
  return [0, 1].flatMap((half) =>
    coefficients.map((limb) => {
      const own = limb + 4 * half * 2 ** n
      const extended = kernels.alloc(2 ** logDomain)
      kernels.evaluate(own, extended, n, logDomain)
      return { log: n, coefficients: own, extended }
    }),
  )
}

/** Sample indices that share a point and the height they are really committed at. */
function groupsOf(
  layout: Layout,
  trees: readonly CommittedTree[],
): { point: 0 | 1; log: number; indices: number[] }[] {
  const groups = new Map<string, { point: 0 | 1; log: number; indices: number[] }>()
  layout.samples.forEach(({ tree, column, point }, i) => {
    const { log } = trees[tree].columns[column]
    const key = `${point} ${log}`
    const group = groups.get(key) ?? { point, log, indices: [] }
    group.indices.push(i)
    groups.set(key, group)
  })
  return [...groups.values()].sort((x, y) => x.point - y.point || x.log - y.log)
}

function sample(
  kernels: Kernels,
  layout: Layout,
  points: OodPoints,
  trees: readonly CommittedTree[],
): QM31[] {
  const values: QM31[] = []
  for (const { point, log, indices } of groupsOf(layout, trees)) {
    const basis = kernels.alloc(4 * 2 ** log)
    kernels.basisAt(doubleTimes(points[point], layout.n - log), log, basis)
    const columns = indices.map((i) => {
      const { tree, column } = layout.samples[i]
      return trees[tree].columns[column].coefficients
    })
    kernels.dotProducts(columns, log, basis).forEach((value, j) => {
      values[indices[j]] = value
    })
  }
  return values
}

/** Moves the first limb of the left composition half by what the identity lacks. */
function mend(
  layout: Layout,
  statement: StarkStatement,
  points: OodPoints,
  sampled: QM31[],
  challenges: Challenges,
): void {
  const sides = compositionSides(layout, statement, points, sampled, challenges)
  const lack = Q.sub(sides.constraints, sides.composition)
  const at = layout.compositionSample
  sampled[at] = Q.add(sampled[at], Q.mul(lack, Q.inv(vanishing(points[0], layout.n))))
}

function addDeepQuotients(
  kernels: Kernels,
  layout: Layout,
  points: OodPoints,
  sampled: readonly QM31[],
  gammas: readonly QM31[],
  trees: readonly CommittedTree[],
  planes: Pointer,
): void {
  for (const [which, { point, a, b }] of deepLines(layout, points, sampled, gammas).entries()) {
    const sums = groupsOf(layout, trees)
      .filter((g) => g.point === which)
      .map(({ log, indices }) => {
        const size = log + layout.parameters.logBlowup
        const sum = kernels.alloc(4 * 2 ** size)
        const columns = indices.map((i) => {
          const { tree, column } = layout.samples[i]
          return trees[tree].columns[column].extended
        })
        for (let i = 0; i < columns.length; i += 64)
          kernels.accumulate(
            columns.slice(i, i + 64),
            indices.slice(i, i + 64).map((j) => gammas[j]),
            size,
            sum,
          )
        return { log: size, planes: sum }
      })
    kernels.addQuotients(sums, point, a, b, layout.logDomain, planes)
  }
}

/** `friCommit` without its check: what is left over above the degree is dropped. */
async function commitFri(
  kernels: Kernels,
  transcript: CarryingTranscript,
  layout: Layout,
  planes: Pointer,
  cheats: Cheats,
  beforeFold: (layer: number) => Promise<void>,
): Promise<FriLayer[]> {
  const layers: FriLayer[] = []
  let from = planes
  let log = layout.logDomain
  let depth = 0
  for (const [i, arityLog] of layout.folds.entries()) {
    cheats.layer?.(i, kernels.words(from, 4 * 2 ** log))
    const tree = kernels.alloc(treeWords(log - arityLog))
    kernels.friTree(from, log, arityLog, tree)
    layers.push({ planes: from, log, arityLog, tree })
    transcript.sendBytes('fri root', rootOf(kernels, tree, log - arityLog))
    await beforeFold(i)
    const beta = transcript.drawExtension('fri beta')
    const to = kernels.alloc(4 * 2 ** (log - arityLog))
    kernels.friFold(from, log, depth, arityLog, beta, to)
    from = to
    log -= arityLog
    depth += arityLog
  }
  kernels.lineInterpolate(from, log, depth)
  const size = 2 ** log
  const limbs = kernels.words(from, 4 * size)
  const coefficients = Array.from({ length: size / 2 ** layout.parameters.logBlowup }, (_, i): QM31 => [
    limbs[i],
    limbs[size + i],
    limbs[2 * size + i],
    limbs[3 * size + i],
  ])
  transcript.sendExtensions('fri final', cheats.final?.(coefficients) ?? coefficients)
  return layers
}
