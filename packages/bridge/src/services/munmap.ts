import { RAM_SIZE } from '@vouch/engine'
import { EINVAL } from '../errno.ts'
import { ABSENT, PAGE_BYTES, pageUp, withRights } from '../mm.ts'
import type { Transaction } from '../transaction.ts'

export function munmap(tx: Transaction, address: number, length: number): number {
  if (address % PAGE_BYTES !== 0 || address + length > RAM_SIZE || length === 0) return -EINVAL
  const { kernel } = tx
  const map = withRights(kernel.map, address / PAGE_BYTES, pageUp(length) / PAGE_BYTES, ABSENT)
  tx.update({ map, epoch: kernel.epoch + 1 })
  return 0
}
