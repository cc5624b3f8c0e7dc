import { EBADF, EFAULT } from '../errno.ts'
import { CAN_WRITE } from '../kernel.ts'
import { writeTo } from '../streams.ts'
import type { Transaction } from '../transaction.ts'

export function write(tx: Transaction, fd: number, address: number, count: number): number {
  const file = tx.file(fd, CAN_WRITE)
  if (file === undefined) return -EBADF
  tx.requested = count
  if (!tx.inRam(address, count)) return -EFAULT
  return writeTo(tx, fd, file, [{ address, length: count }])
}
