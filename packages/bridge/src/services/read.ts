import { EBADF, EFAULT } from '../errno.ts'
import { CAN_READ } from '../kernel.ts'
import { readFrom } from '../streams.ts'
import type { Transaction } from '../transaction.ts'

export function read(tx: Transaction, fd: number, address: number, count: number): number {
  const file = tx.file(fd, CAN_READ)
  if (file === undefined) return -EBADF
  tx.requested = count
  if (!tx.inRam(address, count)) return -EFAULT
  return readFrom(tx, fd, file, [{ address, length: count }])
}
