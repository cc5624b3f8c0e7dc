import type { Transaction } from '../transaction.ts'

export function setTidAddress(tx: Transaction, address: number): number {
  tx.update({ tidAddress: address })
  return 1
}
