import { EBADF, ENOTTY } from '../errno.ts'
import type { Transaction } from '../transaction.ts'

/** No descriptor is a terminal. */
export function ioctl(tx: Transaction, fd: number): number {
  return tx.file(fd, 0) === undefined ? -EBADF : -ENOTTY
}
