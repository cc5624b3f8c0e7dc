import { SPARSE_LIMIT, TABLES_TREE, riscvAir, tablesColumns } from '@vouch/machine'
import type { Run } from '@vouch/machine'
import { commitPreprocessed } from '@vouch/stark'
import type { Air, Kernels, PreprocessedTree } from '@vouch/stark'
import { copyIn } from './image.ts'

/** The tree of range and byte tables, the same for every program. */
export const commitTables = (kernels: Kernels, logBlowup: number): PreprocessedTree =>
  commitPreprocessed(
    kernels,
    riscvAir as Air<never>,
    TABLES_TREE,
    { 'tables-dense': { logHeight: 16, columns: copyIn(kernels, tablesColumns()) } },
    logBlowup,
  )

const kept = new WeakMap<Kernels, Map<number, PreprocessedTree>>()

/** The tree that `prepareTables` left in the kernels' memory. */
export const tablesOf = (kernels: Kernels, logBlowup: number): PreprocessedTree | undefined =>
  kept.get(kernels)?.get(logBlowup)

/** Commits to the tables for all proofs to come; call it when nothing else is allocated. */
export function prepareTables(kernels: Kernels, logBlowup: number): void {
  const trees = kept.get(kernels) ?? new Map<number, PreprocessedTree>()
  kept.set(kernels, trees)
  if (trees.has(logBlowup)) return
  const mark = kernels.mark()
  try {
    trees.set(logBlowup, commitTables(kernels, logBlowup))
  } catch (error) {
    kernels.release(mark)
    throw error
  }
}

/** Most values that a run looks up in the tables, of which only the distinct ones need a row. */
export const lookups = (run: Run): number =>
  riscvAir.chips.reduce((sum, chip) => {
    const messages = chip.messages.filter(
      (m) => m.sign === -1 && m.bus.table !== undefined && m.bus.name !== 'Rom',
    )
    return sum + messages.length * chip.rows(run)
  }, 0)

/** Whether the run may look up so many values that it needs the dense tables. */
export const mayNeedDenseTables = (run: Run): boolean => lookups(run) >= SPARSE_LIMIT
