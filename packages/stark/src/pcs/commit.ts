import type { Air } from '../air/chip.ts'
import { Misuse } from '../failure.ts'
import type { Kernels, Pointer } from '../kernels/kernels.ts'
import { rootOf, siblings, treeWords } from '../merkle.ts'
import type { ProverTranscript } from '../transcript.ts'
import { bytesOfWords } from '../codec.ts'
import type { PreprocessedCommitment } from '../verifying-key.ts'
import { Queries } from './queries.ts'

/** A committed column: its coefficients, and its values on the extended domain in domain order. */
export interface CommittedColumn {
  readonly log: number
  readonly coefficients: Pointer
  readonly extended: Pointer
}

/** A column whose values on the trace, in natural order, are still there. */
export interface NaturalColumn extends CommittedColumn {
  readonly natural: Pointer
}

/** A committed tree; `columns` in leaf order. */
export interface CommittedTree {
  readonly columns: readonly CommittedColumn[]
  /** log2 of its leaves. */
  readonly log: number
  readonly pointer: Pointer
  readonly root: Uint8Array
}

/** A preprocessed tree that outlives a proof: reusable as long as its kernels' memory is not released below it. */
export interface PreprocessedTree extends CommittedTree {
  readonly name: string
  readonly logBlowup: number
  readonly commitment: PreprocessedCommitment
  /** The tree's columns by chip name, in the chip's order. */
  readonly byChip: Readonly<Record<string, readonly NaturalColumn[]>>
}

/** Memory for a column to come. */
export const reserve = (kernels: Kernels, log: number, logBlowup: number): CommittedColumn => ({
  log,
  coefficients: kernels.allocUninitialized(2 ** log),
  extended: kernels.allocUninitialized(2 ** (log + logBlowup)),
})

/** Words (log2) of extended columns that a thread makes in some 40 ms. */
const BATCH_LOG = 22

/**
 * Low-degree extensions of natural-order columns of one height, in batches that keep every thread busy; `step` is
 * awaited after a batch, once a column.
 */
export async function extendInto(
  kernels: Kernels,
  columns: readonly NaturalColumn[],
  logBlowup: number,
  step: () => Promise<void>,
): Promise<void> {
  for (let at = 0; at < columns.length;) {
    const size = kernels.threads * 2 ** Math.max(0, BATCH_LOG - columns[at].log - logBlowup)
    const batch = columns.slice(at, at + size)
    kernels.extendColumns(batch.map(sources), logBlowup)
    for (let i = 0; i < batch.length; i++) await step()
    at += batch.length
  }
}

const sources = ({ natural, coefficients, extended, log }: NaturalColumn) => ({
  values: natural,
  coefficients,
  extended,
  log,
})

/** Merkle tree over columns in leaf order (ascending by log). */
export function commitTree(
  kernels: Kernels,
  columns: readonly CommittedColumn[],
  logBlowup: number,
): CommittedTree {
  const classes: { log: number; columns: Pointer[] }[] = []
  for (const { log, extended } of columns) {
    const last = classes.at(-1)
    if (last?.log === log + logBlowup) last.columns.push(extended)
    else classes.push({ log: log + logBlowup, columns: [extended] })
  }
  const log = classes.at(-1)!.log
  const pointer = kernels.allocUninitialized(treeWords(log))
  kernels.merkleTree(classes, pointer)
  return { columns, log, pointer, root: rootOf(kernels, pointer, log) }
}

/**
 * Commits to the preprocessed columns of every chip of `tree`, given in natural order by chip name. Throws `Misuse`
 * when a chip of the AIR is missing or has another number of columns.
 */
export function commitPreprocessed(
  kernels: Kernels,
  air: Air<never>,
  tree: string,
  natural: Readonly<Record<string, { readonly logHeight: number; readonly columns: readonly Pointer[] }>>,
  logBlowup: number,
): PreprocessedTree {
  const logHeights: Record<string, number> = {}
  const byChip: Record<string, readonly NaturalColumn[]> = {}
  const chips = air.chips.filter((c) => c.preprocessed?.tree === tree)
  for (const { name, preprocessed } of chips) {
    const given = natural[name]
    const count = preprocessed!.columns.length
    if (given?.columns.length !== count)
      throw new Misuse(
        `tree '${tree}': chip '${name}' has ${count} columns, got ${given?.columns.length ?? 'none'}`,
      )
    logHeights[name] = given.logHeight
    byChip[name] = given.columns.map((natural) => ({
      ...reserve(kernels, given.logHeight, logBlowup),
      natural,
    }))
  }
  kernels.extendColumns(Object.values(byChip).flat().map(sources), logBlowup)
  // Array.prototype.sort is stable: equal heights stay in the AIR's order, as in `layoutOf`.
  const columns = chips.flatMap(({ name }) => byChip[name]).sort((a, b) => a.log - b.log)
  const committed = commitTree(kernels, columns, logBlowup)
  return { ...committed, name: tree, logBlowup, commitment: { root: committed.root, logHeights }, byChip }
}

/**
 * Writes the rows of a tree at the positions that `drawn` (in the domain of size 2^logDomain) lift to, height by height,
 * each position of a height once; then siblings.
 */
export function openTree(
  kernels: Kernels,
  transcript: ProverTranscript,
  tree: CommittedTree,
  logBlowup: number,
  drawn: ArrayLike<number>,
  logDomain: number,
): void {
  const queries = new Queries(Array.from(drawn), logDomain)
  for (const log of new Set(tree.columns.map((c) => c.log))) {
    const columns = tree.columns.filter((c) => c.log === log)
    const positions = queries.at(log + logBlowup)
    const values = new Uint32Array(positions.length * columns.length)
    columns.forEach(({ extended }, c) => {
      const column = kernels.words(extended, 2 ** (log + logBlowup))
      positions.forEach((p, i) => {
        values[i * columns.length + c] = column[p]
      })
    })
    transcript.writeOpening(bytesOfWords(values))
  }
  transcript.writeOpening(siblings(kernels, tree.pointer, tree.log, queries.at(tree.log)))
}
