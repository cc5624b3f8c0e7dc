import { EFAULT, EINVAL } from './errno.ts'
import type { Buffer } from './streams.ts'
import { wordAt } from './transaction.ts'
import type { Transaction } from './transaction.ts'

const MAX_VECTORS = 1024
/** As in Linux: the largest count that is a whole number of pages. */
const MAX_BYTES = 0x7ffff000

/** The buffers of an iovec array, as Linux's import_iovec checks them; or an error negated. */
export function vectors(tx: Transaction, list: number, count: number): readonly Buffer[] | number {
  if (count > MAX_VECTORS) return -EINVAL
  if (count === 0) return []
  const bytes = tx.load(list, 8 * count)
  if (bytes === undefined) return -EFAULT
  const buffers: Buffer[] = []
  for (let i = 0; i < count; i++) {
    const [address, length] = [wordAt(bytes, 8 * i), wordAt(bytes, 8 * i + 4)]
    if (length >= 2 ** 31) return -EINVAL
    buffers.push({ address, length })
  }
  let total = 0
  for (let i = 0; i < count; i++) {
    const { address, length } = buffers[i]
    if (!tx.inRam(address, length)) return -EFAULT
    const left = MAX_BYTES - total
    if (length > left) buffers[i] = { address, length: left }
    total += buffers[i].length
  }
  tx.requested = total
  return buffers
}
