import { EFAULT, EINVAL, EPERM, ESRCH } from '../errno.ts'
import { NO_LIMIT } from '../kernel.ts'
import { wordAt } from '../transaction.ts'
import type { Transaction } from '../transaction.ts'

const PID = 1

/** A hard limit can only fall. Linux sets the new limit even if the old one cannot be stored (D8). */
export function prlimit64(
  tx: Transaction,
  pid: number,
  resource: number,
  limit: number,
  old: number,
): number {
  const { limits } = tx.kernel
  const bytes = limit === 0 ? undefined : tx.load(limit, 16)
  if (limit !== 0 && bytes === undefined) return -EFAULT
  if (pid !== 0 && pid !== PID) return -ESRCH
  if (resource >= limits.length) return -EINVAL
  if (bytes !== undefined) {
    const word = (at: number): number => (wordAt(bytes, at + 4) === 0 ? wordAt(bytes, at) : NO_LIMIT)
    const [soft, hard] = [word(0), word(8)]
    if (soft > hard) return -EINVAL
    if (hard > limits[resource][1]) return -EPERM
    tx.update({ limits: limits.with(resource, [soft, hard]) })
    tx.checkpoint()
  }
  if (old === 0) return 0
  return tx.store(
    old,
    limits[resource].flatMap((value) => (value === NO_LIMIT ? [value, NO_LIMIT] : [value, 0])),
  )
}
