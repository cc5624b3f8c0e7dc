import { seededBytes } from '../random.ts'
import { EFAULT, EINVAL, ENOSYS } from '../errno.ts'
import { MAX_TRANSFER } from '../mm.ts'
import type { Transaction } from '../transaction.ts'

const GRND_RANDOM = 2
const GRND_INSECURE = 4
const KNOWN = 7

/** In mode 'seed' the bytes are the stream of the manifest's seed; in mode 'advice' they are the host's secret. */
export function getrandom(tx: Transaction, address: number, length: number, flags: number): number {
  const { random } = tx.environment.manifest
  if (random.mode === 'none') return -ENOSYS
  if ((flags & ~KNOWN) !== 0 || (flags & (GRND_RANDOM | GRND_INSECURE)) === (GRND_RANDOM | GRND_INSECURE))
    return -EINVAL
  tx.requested = length
  if (length === 0) return 0
  if (!tx.inRam(address, length)) return -EFAULT
  const most = Math.min(length, MAX_TRANSFER)
  const count = tx.prefix(address, most, true)
  if (count < most) tx.faultAt(address + count, true)
  if (count === 0) return -EFAULT
  tx.done = count
  if (random.mode === 'advice') {
    tx.class = 'A'
    tx.put(address, tx.environment.random(count), true)
    return count
  }
  const { randomAt } = tx.kernel
  tx.put(address, seededBytes(tx.environment.seed, randomAt, count), false)
  tx.update({ randomAt: randomAt + count })
  return count
}
