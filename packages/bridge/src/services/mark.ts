import { EFAULT, EINVAL } from '../errno.ts'
import type { Transaction } from '../transaction.ts'

const MAX_NAME = 64

/** A named moment for profilers: the name is shown in the log. */
export function mark(tx: Transaction, name: number, length: number): number {
  if (length > MAX_NAME) return -EINVAL
  tx.requested = length
  if (tx.load(name, length) === undefined) return -EFAULT
  tx.done = length
  return 0
}
