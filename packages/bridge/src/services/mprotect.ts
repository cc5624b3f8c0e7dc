import { RAM_SIZE } from '@vouch/engine'
import { EINVAL, ENOMEM } from '../errno.ts'
import { EXEC, PAGE_BYTES, PRESENT, READ, WRITE, firstAbsent, pageUp, withRights } from '../mm.ts'
import type { Transaction } from '../transaction.ts'

const PROT_SEM = 8
const PROT_GROWSDOWN = 0x01000000
const PROT_GROWSUP = 0x02000000

export function mprotect(tx: Transaction, address: number, length: number, protection: number): number {
  const grows = protection & (PROT_GROWSDOWN | PROT_GROWSUP)
  if (grows === (PROT_GROWSDOWN | PROT_GROWSUP) || address % PAGE_BYTES !== 0) return -EINVAL
  if (length === 0) return 0
  const end = address + pageUp(length)
  if (end >= 2 ** 32) return -ENOMEM
  if ((protection & ~grows & ~(READ | WRITE | EXEC | PROT_SEM)) !== 0) return -EINVAL
  const { kernel } = tx
  const first = address / PAGE_BYTES
  const count = Math.max(0, Math.min(end, RAM_SIZE) - address) / PAGE_BYTES
  const gap = firstAbsent(kernel.map, first, count)
  const whole = gap < 0 && end <= RAM_SIZE
  const rights = PRESENT | (protection & (READ | WRITE | EXEC))
  const map = withRights(kernel.map, first, gap < 0 ? count : gap - first, rights)
  tx.update({ map, epoch: kernel.epoch + 1 })
  if (whole) return 0
  // Linux changes what comes before the gap (D7).
  if (map !== kernel.map) tx.checkpoint()
  return -ENOMEM
}
