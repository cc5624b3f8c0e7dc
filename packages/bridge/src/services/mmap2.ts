import { RAM_SIZE } from '@vouch/engine'
import { EACCES, EBADF, EEXIST, EINVAL, ENODEV, ENOMEM, EOVERFLOW } from '../errno.ts'
import { CAN_READ, CAN_WRITE } from '../kernel.ts'
import { EXEC, MAX_TRANSFER, MMAP_END, PAGE_BYTES, PRESENT, READ, WRITE, pageUp, withRights } from '../mm.ts'
import type { Transaction } from '../transaction.ts'

const MAP_SHARED = 1
const MAP_PRIVATE = 2
const MAP_SHARED_VALIDATE = 3
const MAP_TYPE = 15
const MAP_FIXED = 0x10
const MAP_ANONYMOUS = 0x20
const MAP_FIXED_NOREPLACE = 0x100000

/** Anonymous private memory. A hint is not followed; a fixed place may be any in RAM, and is cleared. */
export function mmap2(
  tx: Transaction,
  hint: number,
  asked: number,
  protection: number,
  flags: number,
  fd: number,
  offset: number,
): number {
  const { kernel } = tx
  const file = (flags & MAP_ANONYMOUS) === 0 ? tx.file(fd, 0) : undefined
  if ((flags & MAP_ANONYMOUS) === 0 && file === undefined) return -EBADF
  if (asked === 0) return -EINVAL
  const length = pageUp(asked)
  if (length >= 2 ** 32) return -ENOMEM
  if (offset + length / PAGE_BYTES > 2 ** 32) return -EOVERFLOW
  const fixed = (flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) !== 0
  if (length > RAM_SIZE || (fixed && hint > RAM_SIZE - length)) return -ENOMEM
  if (fixed && hint % PAGE_BYTES !== 0) return -EINVAL
  // Every page of RAM is there until it is unmapped, so no fixed place is free.
  if ((flags & MAP_FIXED_NOREPLACE) !== 0) return -EEXIST
  const kind = flags & MAP_TYPE
  if (kind !== MAP_SHARED && kind !== MAP_PRIVATE && (kind !== MAP_SHARED_VALIDATE || file === undefined))
    return -EINVAL
  if (file !== undefined) {
    if ((file.rights & CAN_READ) === 0) return -EACCES
    if (kind !== MAP_PRIVATE && (protection & WRITE) !== 0 && (file.rights & CAN_WRITE) === 0) return -EACCES
    return -ENODEV
  }
  if (kind === MAP_SHARED) return -ENODEV
  const rights = PRESENT | (protection & (READ | WRITE | EXEC))
  const address = fixed ? hint : kernel.mmapNext
  if (fixed) {
    if (length > MAX_TRANSFER) return -ENOMEM
    tx.clear(address, length)
  } else if (length > MMAP_END - address) return -ENOMEM
  const map = withRights(kernel.map, address / PAGE_BYTES, length / PAGE_BYTES, rights)
  const mmapNext = fixed ? kernel.mmapNext : address + length
  tx.update({ map, mmapNext, epoch: kernel.epoch + 1 })
  return address
}
