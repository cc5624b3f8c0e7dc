import type { Transaction } from '../transaction.ts'

/** Stores the number of this cycle plus all that calls charged, as u64. */
export function cycles(tx: Transaction, pointer: number): number {
  return tx.store(pointer, [tx.guest.clk + tx.kernel.charged, 0])
}
