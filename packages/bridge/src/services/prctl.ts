import { EINVAL } from '../errno.ts'
import type { Transaction } from '../transaction.ts'

const PR_SET_NO_NEW_PRIVS = 38
const PR_GET_NO_NEW_PRIVS = 39

export function prctl(tx: Transaction, option: number, a: number, b: number, c: number, d: number): number {
  if ((b | c | d) !== 0) return -EINVAL
  if (option === PR_SET_NO_NEW_PRIVS && a === 1) {
    tx.update({ noNewPrivs: true })
    return 0
  }
  if (option === PR_GET_NO_NEW_PRIVS && a === 0) return tx.kernel.noNewPrivs ? 1 : 0
  return -EINVAL
}
