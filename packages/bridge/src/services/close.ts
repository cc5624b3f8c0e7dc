import { EBADF } from '../errno.ts'
import { hasEnd } from '../kernel.ts'
import type { Transaction } from '../transaction.ts'

export function close(tx: Transaction, fd: number): number {
  const file = tx.file(fd, 0)
  if (file === undefined) return -EBADF
  const index = tx.kernel.fds[fd]
  const fds = tx.kernel.fds.with(fd, -1)
  tx.update({ fds })
  if (fds.includes(index)) return 0
  tx.update({ files: tx.kernel.files.with(index, undefined) })
  const { pipe } = file
  if (pipe >= 0 && !hasEnd(tx.kernel, pipe, 'pipe-in') && !hasEnd(tx.kernel, pipe, 'pipe-out'))
    tx.update({ pipes: tx.kernel.pipes.with(pipe, undefined) })
  return 0
}
