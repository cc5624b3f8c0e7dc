import { EFAULT, EINVAL, EMFILE } from '../errno.ts'
import { CAN_READ, CAN_WRITE, freeDescriptors } from '../kernel.ts'
import type { OpenFile } from '../kernel.ts'
import type { Transaction } from '../transaction.ts'

const O_NONBLOCK = 0x800
const O_CLOEXEC = 0x80000

/** A pipe inside the machine. It never blocks: with one process nobody could wake it. What passes through is shown. */
export function pipe2(tx: Transaction, pair: number, flags: number): number {
  if ((flags & ~(O_NONBLOCK | O_CLOEXEC)) !== 0) return -EINVAL
  const { kernel } = tx
  const [input, output] = freeDescriptors(kernel, 2)
  if (output === undefined) return -EMFILE
  // Linux stores the numbers one by one, before the descriptors are there (D5).
  if (tx.store(pair, [input]) < 0) return -EFAULT
  tx.checkpoint()
  if (tx.store(pair + 4, [output]) < 0) return -EFAULT
  const pipe = free(kernel.pipes)
  const files = kernel.files.slice()
  const open = (source: OpenFile['source'], rights: number, fd: number): number => {
    const index = free(files)
    files[index] = { source, rights, origin: fd, digest: '', size: 0, offset: 0, pipe }
    return index
  }
  const fds = kernel.fds.slice()
  fds[input] = open('pipe-in', CAN_READ, input)
  fds[output] = open('pipe-out', CAN_WRITE, output)
  const pipes = kernel.pipes.slice()
  pipes[pipe] = { slots: [] }
  tx.update({ fds, files, pipes })
  return 0
}

/** The lowest place that is not taken. */
function free(list: readonly unknown[]): number {
  const index = list.indexOf(undefined)
  return index < 0 ? list.length : index
}
