import { EBADF } from '../errno.ts'
import { vectors } from '../iovec.ts'
import { CAN_READ } from '../kernel.ts'
import { readFrom } from '../streams.ts'
import type { Transaction } from '../transaction.ts'

export function readv(tx: Transaction, fd: number, list: number, count: number): number {
  const file = tx.file(fd, CAN_READ)
  if (file === undefined) return -EBADF
  const buffers = vectors(tx, list, count)
  return typeof buffers === 'number' ? buffers : readFrom(tx, -1, file, buffers)
}
