import { EBADF } from '../errno.ts'
import { vectors } from '../iovec.ts'
import { CAN_WRITE } from '../kernel.ts'
import { writeTo } from '../streams.ts'
import type { Transaction } from '../transaction.ts'

export function writev(tx: Transaction, fd: number, list: number, count: number): number {
  const file = tx.file(fd, CAN_WRITE)
  if (file === undefined) return -EBADF
  const buffers = vectors(tx, list, count)
  return typeof buffers === 'number' ? buffers : writeTo(tx, -1, file, buffers)
}
