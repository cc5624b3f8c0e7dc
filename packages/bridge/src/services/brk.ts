import { DEFAULT_RIGHTS, HEAP_END, HEAP_START, MAX_TRANSFER, PAGE_BYTES, pageUp } from '../mm.ts'
import { ABSENT, firstAbsent, withRights } from '../mm.ts'
import type { Transaction } from '../transaction.ts'

/**
 * The new break, or the old one where it cannot be what is asked. Pages above a break that fell are absent; they are
 * cleared when it rises again.
 */
export function brk(tx: Transaction, address: number): number {
  const { kernel } = tx
  if (address < HEAP_START || address > HEAP_END || address === kernel.brk) return kernel.brk
  const [from, to] = [pageUp(kernel.brk) / PAGE_BYTES, pageUp(address) / PAGE_BYTES]
  let { map } = kernel
  if (to < from) map = withRights(map, to, from - to, ABSENT)
  if (to > from) {
    let cleared = 0
    for (
      let page = firstAbsent(map, from, to - from);
      page >= 0;
      page = firstAbsent(map, page + 1, to - page - 1)
    ) {
      cleared += PAGE_BYTES
      if (cleared > MAX_TRANSFER) return kernel.brk
      tx.clear(page * PAGE_BYTES, PAGE_BYTES)
    }
    map = withRights(map, from, to - from, DEFAULT_RIGHTS)
  }
  tx.update({ brk: address, map, epoch: map === kernel.map ? kernel.epoch : kernel.epoch + 1 })
  return address
}
