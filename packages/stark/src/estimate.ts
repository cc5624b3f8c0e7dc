import { KEEP_LOG } from './gkr/gkr-prove.ts'
import type { StarkStatement, TreeLayout } from './layout.ts'
import { treeWords } from './merkle.ts'
import { provableLayout } from './prove.ts'
import type { VerifyingKey } from './verifying-key.ts'

/** What a proof of these heights will take, before anything is filled. */
export interface ProofEstimate {
  /** Most words that `prove` allocates on top of the witness; tables that kernels keep for themselves come on top. */
  readonly proverWords: number
  /** Words of the main columns, which the caller allocates. */
  readonly witnessWords: number
  /** Committed base-field cells before blowup: main columns and sums. */
  readonly cells: number
}

/** `logHeights`: one a chip of the AIR, 0 for an absent one. Throws `Misuse` and `InsecureParameters` as `prove` does. */
export function estimateProof(
  vk: VerifyingKey,
  statement: StarkStatement,
  logHeights: ArrayLike<number>,
): ProofEstimate {
  const layout = provableLayout(vk, statement, logHeights)
  const b = vk.profile.logBlowup
  const { n, logDomain } = layout
  const cellsOf = (tree: TreeLayout): number => tree.runs.reduce((s, r) => s + r.count * 2 ** r.log, 0)
  const committed = (tree: TreeLayout): number => cellsOf(tree) * (1 + 2 ** b) + treeWords(tree.log + b)
  const [main, sums, composition] = layout.trees.slice(-3)

  let stays = committed(main)
  // Leaves are five words and all layers above them eight a leaf; or ten in all, where the largest is made twice.
  let peak = stays + layout.forest.reduce((s, { log }) => s + (log > KEEP_LOG ? 10 : 13) * 2 ** log, 0)
  // The combined columns of each height stay; eq tables and the running sum go.
  stays += cellsOf(sums) * (1 + 2 ** b) + cellsOf(sums) / 2
  peak = Math.max(peak, stays + 12 * 2 ** sums.log)
  stays += treeWords(sums.log + b)
  // Quotient planes, previous positions, first-row selector, and the extended forms of the ratio and the combination.
  peak = Math.max(
    peak,
    stays + 8 * 2 ** n + 14 * 2 ** (sums.log + 1) + 4 * 2 ** sums.log + 2 ** (sums.log + b),
  )
  stays += committed(composition)
  peak = Math.max(peak, stays + 4 * 2 ** n)
  stays += 4 * 2 ** logDomain
  for (const point of [0, 1]) {
    const logs = new Set(layout.samples.filter((s) => s.point === point).map((s) => s.log))
    const sums = [...logs].reduce((s, log) => s + 4 * 2 ** (log + b), 0)
    peak = Math.max(peak, stays + sums)
  }
  let log = logDomain
  for (const arityLog of layout.folds) {
    log -= arityLog
    stays += treeWords(log) + 4 * 2 ** log
  }
  return {
    proverWords: Math.max(peak, stays),
    witnessWords: cellsOf(main),
    cells: cellsOf(main) + cellsOf(sums),
  }
}
