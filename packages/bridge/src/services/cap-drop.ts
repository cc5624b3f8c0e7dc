import { EINVAL } from '../errno.ts'
import type { Transaction } from '../transaction.ts'

/** Group 0, which holds this very call, stays. */
const DROPPABLE = 0x7fe

/** Drops groups of services for the rest of the run. */
export function capDrop(tx: Transaction, groups: number): number {
  if ((groups & ~DROPPABLE) !== 0) return -EINVAL
  tx.update({ dropped: tx.kernel.dropped | groups })
  return 0
}
