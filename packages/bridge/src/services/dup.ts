import { EBADF, EMFILE } from '../errno.ts'
import { freeDescriptors } from '../kernel.ts'
import type { Transaction } from '../transaction.ts'

/** The copy has the rights of the original, and shares its offset. */
export function dup(tx: Transaction, fd: number): number {
  if (tx.file(fd, 0) === undefined) return -EBADF
  const [copy] = freeDescriptors(tx.kernel, 1)
  if (copy === undefined) return -EMFILE
  tx.update({ fds: tx.kernel.fds.with(copy, tx.kernel.fds[fd]) })
  return copy
}
