import { EBADF, EFAULT, EINVAL, ENXIO, ESPIPE } from '../errno.ts'
import { CAN_SEEK } from '../kernel.ts'
import { setFile } from '../streams.ts'
import type { Transaction } from '../transaction.ts'

const [SET, CUR, END, DATA, HOLE] = [0, 1, 2, 3, 4]
/** As far as a file can be. */
const MAX_OFFSET = 2 ** 40

export function llseek(
  tx: Transaction,
  fd: number,
  high: number,
  low: number,
  result: number,
  whence: number,
): number {
  const file = tx.file(fd, 0)
  if (file === undefined) return -EBADF
  if (whence > HOLE) return -EINVAL
  if (file.source !== 'file' || (file.rights & CAN_SEEK) === 0) return -ESPIPE
  const asked = (high | 0) * 2 ** 32 + low
  const base = whence === CUR ? file.offset : whence === END ? file.size : 0
  let offset = base + asked
  if (whence === DATA || whence === HOLE) {
    if (asked < 0 || asked >= file.size) return -ENXIO
    offset = whence === HOLE ? file.size : asked
  }
  if ((whence === SET || whence === CUR || whence === END) && (offset < 0 || offset > MAX_OFFSET))
    return -EINVAL
  if (tx.store(result, [offset % 2 ** 32, Math.floor(offset / 2 ** 32)]) < 0) return -EFAULT
  setFile(tx, file, { ...file, offset })
  return 0
}
