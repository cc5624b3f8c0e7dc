import type { Transaction } from '../transaction.ts'

export function schedYield(tx: Transaction): number {
  tx.step()
  return 0
}
