import { EBADF, EFAULT, EINVAL, ENAMETOOLONG, ENOENT, ENOTDIR } from '../errno.ts'
import type { OpenFile } from '../kernel.ts'
import type { Transaction } from '../transaction.ts'

const AT_FDCWD = 0xffffff9c
const AT_SYMLINK_NOFOLLOW = 0x100
const AT_NO_AUTOMOUNT = 0x800
const AT_EMPTY_PATH = 0x1000
const AT_SYNC_TYPE = 0x6000
const STATX_RESERVED = 0x80000000
const KNOWN = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH | AT_SYNC_TYPE

const TYPE_MODE_SIZE_BLOCKS = 0x603
const CHARACTER = 0o020000
const FIFO = 0o010000
const REGULAR = 0o100000
const STRUCT_BYTES = 256
const MAX_PATH = 4096

/** Of an open descriptor. There are no paths: any that is not empty names nothing. */
export function statx(
  tx: Transaction,
  fd: number,
  path: number,
  flags: number,
  mask: number,
  buffer: number,
): number {
  if (path === 0 && (flags & AT_EMPTY_PATH) !== 0) return statOf(tx, fd, flags, mask, buffer)
  if (!valid(flags, mask)) return -EINVAL
  const name = tx.user.readCString(path, MAX_PATH, ENAMETOOLONG)
  if (!name.ok) return -name.errno
  if (name.value.length === 0)
    return (flags & AT_EMPTY_PATH) === 0 ? -ENOENT : statOf(tx, fd, flags, mask, buffer)
  if (name.value[0] === 0x2f || fd === AT_FDCWD) return -ENOENT
  return tx.file(fd, 0) === undefined ? -EBADF : -ENOTDIR
}

const valid = (flags: number, mask: number): boolean =>
  (mask & STATX_RESERVED) === 0 && (flags & AT_SYNC_TYPE) !== AT_SYNC_TYPE && (flags & ~KNOWN) === 0

function statOf(tx: Transaction, fd: number, flags: number, mask: number, buffer: number): number {
  if (!valid(flags, mask)) return -EINVAL
  if (fd === AT_FDCWD) return -ENOENT
  const file = tx.file(fd, 0)
  if (file === undefined) return -EBADF
  const bytes = new Uint8Array(STRUCT_BYTES)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, TYPE_MODE_SIZE_BLOCKS, true)
  view.setUint32(4, 4096, true)
  view.setUint16(28, typeOf(file) | (file.rights & 1 ? 0o444 : 0) | (file.rights & 2 ? 0o222 : 0), true)
  view.setUint32(40, file.size, true)
  view.setUint32(48, Math.ceil(file.size / 512), true)
  return tx.storeBytes(buffer, bytes) < 0 ? -EFAULT : 0
}

function typeOf({ source }: OpenFile): number {
  if (source === 'file') return REGULAR
  return source === 'pipe-in' || source === 'pipe-out' ? FIFO : CHARACTER
}
