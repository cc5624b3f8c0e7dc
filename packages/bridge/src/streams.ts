import { JOURNAL_CURSOR, PUBLIC_CURSOR } from '@vouch/engine'
import { EAGAIN, EBADF, EFAULT, ENOSPC, EPIPE } from './errno.ts'
import { hasEnd } from './kernel.ts'
import type { OpenFile, Pipe } from './kernel.ts'
import { MAX_TRANSFER } from './mm.ts'
import type { Transaction } from './transaction.ts'

/** Most bytes of an input or the journal. A trace keeps a record a word copied, so this bounds its memory. */
export const MAX_STREAM_BYTES = 2 ** 24

const PIPE_SLOTS = 16
const SLOT_BYTES = 4096

export interface Buffer {
  readonly address: number
  readonly length: number
}

/** Where the chips know a stream: a read or write of it there is proved by them, if it goes through in full. */
const STANDARD = ['private', 'console', 'console', 'journal', 'public']

/** As Linux's read, and readv, with arguments already checked. `fd` is -1 where the chips cannot prove the call. */
export function readFrom(tx: Transaction, fd: number, file: OpenFile, buffers: readonly Buffer[]): number {
  const asked = total(buffers)
  if (file.source === 'pipe-in') return readPipe(tx, file, buffers)
  const source = inputOf(tx, file, asked)
  if (source === undefined) return -EBADF
  const { count, hidden, bytes, move } = source
  const n = readyFor(tx, buffers, count, true)
  if (n === 0 && count > 0) return -EFAULT
  tx.done = n
  if (STANDARD[fd] === file.source && n === count) {
    const [{ address }] = buffers
    const cursor = file.source === 'public' ? { cursor: PUBLIC_CURSOR } : {}
    const copy = n === 0 ? {} : { copy: { address, bytes: bytes(n), write: true } }
    tx.direct = { kind: 'direct', result: n, ...cursor, ...copy }
  } else if (n > 0) scatter(tx, buffers, bytes(n), hidden)
  move(n)
  return n
}

interface Input {
  readonly count: number
  readonly hidden: boolean
  bytes(count: number): Uint8Array
  move(count: number): void
}

function inputOf(tx: Transaction, file: OpenFile, asked: number): Input | undefined {
  const { environment } = tx
  if (file.source === 'private') {
    tx.class = 'A'
    const at = tx.privateCursor
    return {
      count: environment.privateCount(at, asked),
      hidden: true,
      bytes: (n) => environment.privateBytes(at, n),
      move: (n) => {
        tx.privateCursor += n
      },
    }
  }
  if (file.source === 'public') {
    const { publicInput } = environment
    const at = tx.publicCursor
    return {
      count: Math.min(asked, publicInput.length - at),
      hidden: false,
      bytes: (n) => publicInput.subarray(at, at + n),
      move: (n) => {
        tx.publicCursor += n
      },
    }
  }
  if (file.source !== 'file') return undefined
  const at = file.offset
  return {
    count: Math.max(0, Math.min(asked, MAX_TRANSFER, file.size - at)),
    hidden: false,
    bytes: (n) => environment.file(file.digest).subarray(at, at + n),
    move: (n) => {
      if (n > 0) setFile(tx, file, { ...file, offset: at + n })
    },
  }
}

/** As Linux's write, and writev. */
export function writeTo(tx: Transaction, fd: number, file: OpenFile, buffers: readonly Buffer[]): number {
  const { source } = file
  if (source === 'pipe-out') return writePipe(tx, file, buffers)
  if (source !== 'console' && source !== 'journal') return -EBADF
  tx.class = 'P'
  const asked = total(buffers)
  const room = source === 'journal' ? MAX_STREAM_BYTES - tx.journalCursor : asked
  const count = Math.min(asked, room)
  if (count === 0 && asked > 0) return -ENOSPC
  const n = readyFor(tx, buffers, count, false)
  if (n === 0 && count > 0) return -EFAULT
  tx.done = n
  const direct = STANDARD[fd] === source && n === asked
  if (source === 'console') {
    // The chips take a write of any length in full; of a huge one only so much is shown.
    const length = Math.min(n, MAX_TRANSFER)
    if (n > 0) tx.outbox.push({ descriptor: file.origin, length, bytes: peekAll(tx, buffers, length) })
    if (direct) tx.direct = { kind: 'direct', result: n }
    return n
  }
  const bytes = gather(tx, buffers, n)
  if (direct)
    tx.direct = {
      kind: 'direct',
      result: n,
      cursor: JOURNAL_CURSOR,
      ...(n === 0 ? {} : { copy: { address: buffers[0].address, bytes, write: false } }),
    }
  if (n > 0) tx.journal.push(bytes)
  tx.journalCursor += n
  return n
}

function total(buffers: readonly Buffer[]): number {
  let sum = 0
  for (const { length } of buffers) sum += length
  return sum
}

/** How many of `count` bytes the guest's memory allows; the first it does not is noted. */
function readyFor(tx: Transaction, buffers: readonly Buffer[], count: number, write: boolean): number {
  let n = 0
  for (const { address, length } of buffers) {
    const asked = Math.min(length, count - n)
    const ready = tx.prefix(address, asked, write)
    n += ready
    if (ready < asked) {
      tx.faultAt(address + ready, write)
      break
    }
  }
  return n
}

function scatter(tx: Transaction, buffers: readonly Buffer[], bytes: Uint8Array, hidden: boolean): void {
  let at = 0
  for (const { address, length } of buffers) {
    const part = bytes.subarray(at, at + length)
    tx.put(address, part, hidden)
    at += part.length
  }
}

function gather(tx: Transaction, buffers: readonly Buffer[], count: number): Uint8Array {
  if (buffers.length === 1) return tx.take(buffers[0].address, count)
  const bytes = new Uint8Array(count)
  let at = 0
  for (const { address, length } of buffers) {
    const n = Math.min(length, count - at)
    if (n > 0) bytes.set(tx.take(address, n), at)
    at += n
  }
  return bytes
}

function peekAll(tx: Transaction, buffers: readonly Buffer[], count: number): Uint8Array {
  const bytes = new Uint8Array(tx.environment.sees ? count : 0)
  let at = 0
  for (const { address, length } of buffers) {
    const n = Math.min(length, count - at)
    tx.peek(address, n, bytes, at)
    at += n
  }
  return bytes
}

/** Replaces an open file. */
export function setFile(tx: Transaction, from: OpenFile, to: OpenFile): void {
  tx.update({ files: tx.kernel.files.map((file) => (file === from ? to : file)) })
}

function setPipe(tx: Transaction, index: number, pipe: Pipe): void {
  tx.update({ pipes: tx.kernel.pipes.with(index, pipe) })
}

/** Takes whole pieces: a slot that faults stays, and what was copied of it counts only for Linux (D6). */
function readPipe(tx: Transaction, file: OpenFile, buffers: readonly Buffer[]): number {
  const asked = total(buffers)
  const slots = tx.kernel.pipes[file.pipe]?.slots.slice() ?? []
  if (asked === 0) return 0
  if (slots.length === 0) return hasEnd(tx.kernel, file.pipe, 'pipe-out') ? -EAGAIN : 0
  let done = 0
  while (done < asked && slots.length > 0) {
    const piece = slots[0].subarray(0, asked - done)
    const targets = slice(buffers, done, piece.length)
    const ready = readyFor(tx, targets, piece.length, true)
    if (ready < piece.length) {
      if (done > 0) break
      scatter(tx, targets, piece.subarray(0, ready), false)
      tx.checkpoint()
      return -EFAULT
    }
    scatter(tx, targets, piece, false)
    done += piece.length
    if (piece.length === slots[0].length) slots.shift()
    else slots[0] = slots[0].subarray(piece.length)
  }
  tx.done = done
  setPipe(tx, file.pipe, { slots })
  return done
}

function writePipe(tx: Transaction, file: OpenFile, buffers: readonly Buffer[]): number {
  const asked = total(buffers)
  if (asked === 0) return 0
  if (!hasEnd(tx.kernel, file.pipe, 'pipe-in')) return -EPIPE
  const slots = tx.kernel.pipes[file.pipe]?.slots.slice() ?? []
  let done = 0
  const piece = (length: number): Uint8Array | undefined => {
    const from = slice(buffers, done, length)
    return readyFor(tx, from, length, false) < length ? undefined : gather(tx, from, length)
  }
  const last = slots[slots.length - 1]
  // As Linux: what is left after whole pages goes into the last slot if it has room for all of it.
  const odd = asked % SLOT_BYTES
  if (last !== undefined && odd > 0 && last.length + odd <= SLOT_BYTES) {
    const bytes = piece(odd)
    if (bytes === undefined) return -EFAULT
    const merged = new Uint8Array(last.length + odd)
    merged.set(last)
    merged.set(bytes, last.length)
    slots[slots.length - 1] = merged
    done = odd
  }
  while (done < asked && slots.length < PIPE_SLOTS) {
    const bytes = piece(Math.min(SLOT_BYTES, asked - done))
    if (bytes === undefined) break
    slots.push(bytes)
    done += bytes.length
  }
  if (done === 0) return slots.length < PIPE_SLOTS ? -EFAULT : -EAGAIN
  tx.done = done
  setPipe(tx, file.pipe, { slots })
  return done
}

/** The part of the buffers from `skip` on, `count` bytes long or shorter. */
function slice(buffers: readonly Buffer[], skip: number, count: number): Buffer[] {
  const found: Buffer[] = []
  let at = 0
  for (const { address, length } of buffers) {
    const from = Math.max(0, skip - at)
    const to = Math.min(length, skip + count - at)
    if (from < to) found.push({ address: address + from, length: to - from })
    at += length
  }
  return found
}
