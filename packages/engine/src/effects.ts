import type { AuditedCall, Span } from './host.ts'
import { PAGE_BITS } from './memory.ts'
import { RAM_SIZE, REGISTER_SLOTS } from './trace-types.ts'

/**
 * What an audited call touches, as rows of `words` words: flags, address, before, after, time of the access before.
 *
 * flags: bit 0 a register slot and not a memory word; bit 1 a write; bits 4 to 7 the bytes that may change; bits 8 to
 * 11 the bytes that the log shows, all of them at once for a register. Rows: registers read, registers written, memory
 * read, memory written, each ascending. The verifier derives the same rows from the log, so this order is their proof's.
 */
export const EFFECT = {
  words: 5,
  register: 1,
  write: 2,
  changed: 4,
  shown: 8,
  /** Places in a row. */
  at: { flags: 0, address: 1, before: 2, after: 3, prev: 4 },
} as const

const ALL = 15

/** Flags of a register's row, and of a whole word that is shown. */
export const SHOWN_READ = ALL << EFFECT.shown
export const SHOWN_WRITE = EFFECT.write | (ALL << EFFECT.changed) | (ALL << EFFECT.shown)

/** What one byte of a word adds to the flags, times its bit. */
const READ_BYTE = 1 << EFFECT.shown
const WRITE_BYTE = (1 << EFFECT.changed) | (1 << EFFECT.shown)

/**
 * The rows of a call. `after` holds the shown bytes and zeros for the others; `before` and the time are left zero, for
 * the tracer to fill.
 */
export function effectRows(call: AuditedCall): Uint32Array {
  const { registersRead, registersWritten, memoryRead, pages } = call
  let count = registersRead.length + registersWritten.length
  count += wordCount(memoryRead.map(({ address, bytes }) => ({ address, length: bytes.length })))
  for (const { written } of pages) count += wordCount(written)
  const rows = new Uint32Array(EFFECT.words * count)
  let at = putRegisters(rows, 0, registersRead, SHOWN_READ)
  at = putRegisters(rows, at, registersWritten, SHOWN_WRITE)
  const reads = at
  for (const { address, bytes } of memoryRead) at = putRun(rows, reads, at, address, bytes, 0, READ_BYTE)
  for (const { index, bytes, written, hidden } of pages) {
    const base = index << PAGE_BITS
    const start = at
    for (const { address, length } of written) {
      const run = bytes.subarray(address - base, address - base + length)
      at = putRun(rows, start, at, address, run, EFFECT.write, WRITE_BYTE)
    }
    let from = start
    for (const span of hidden) from = hide(rows, from, span)
  }
  return rows
}

/** 0xff in each byte of a mask. */
export const lanes = (mask: number): number =>
  ((mask & 1) * 0xff) |
  (((mask >> 1) & 1) * 0xff00) |
  (((mask >> 2) & 1) * 0xff0000) |
  ((mask >> 3) * 0xff000000)

/** Words that ascending, disjoint runs of bytes touch. */
function wordCount(runs: readonly Span[]): number {
  let count = 0
  let last = -1
  for (const { address, length } of runs) {
    if (length === 0) continue
    const end = (address + length - 1) >>> 2
    count += end - Math.max(address >>> 2, last + 1) + 1
    last = end
  }
  return count
}

function putRegisters(
  rows: Uint32Array,
  at: number,
  registers: AuditedCall['registersRead'],
  flags: number,
): number {
  for (const [slot, value] of registers.toSorted(([a], [b]) => a - b)) {
    rows[at + EFFECT.at.flags] = EFFECT.register | flags
    rows[at + EFFECT.at.address] = slot
    rows[at + EFFECT.at.after] = value
    at += EFFECT.words
  }
  return at
}

/** Puts the words of a run at `at`. Its first one may be the last of those that are there from `start` on. */
function putRun(
  rows: Uint32Array,
  start: number,
  at: number,
  address: number,
  bytes: Uint8Array,
  flags: number,
  byteFlags: number,
): number {
  const whole = flags | (ALL * byteFlags)
  for (let i = 0; i < bytes.length;) {
    const offset = (address + i) & 3
    const word = address + i - offset
    if (offset === 0 && i + 4 <= bytes.length) {
      rows[at + EFFECT.at.flags] = whole
      rows[at + EFFECT.at.address] = word
      rows[at + EFFECT.at.after] =
        bytes[i] | (bytes[i + 1] << 8) | (bytes[i + 2] << 16) | (bytes[i + 3] << 24)
      at += EFFECT.words
      i += 4
      continue
    }
    const count = Math.min(4 - offset, bytes.length - i)
    if (at === start || rows[at - EFFECT.words + EFFECT.at.address] !== word) {
      rows[at + EFFECT.at.flags] = flags
      rows[at + EFFECT.at.address] = word
      at += EFFECT.words
    }
    let value = 0
    for (let j = 0; j < count; j++) value |= bytes[i + j] << (8 * (offset + j))
    rows[at - EFFECT.words + EFFECT.at.flags] |= (((1 << count) - 1) << offset) * byteFlags
    rows[at - EFFECT.words + EFFECT.at.after] |= value
    i += count
  }
  return at
}

/** Takes the bytes of a span out of what its rows show; they are at `at` or later. The last of them. */
function hide(rows: Uint32Array, at: number, { address, length }: Span): number {
  for (let i = 0; i < length;) {
    const offset = (address + i) & 3
    const count = Math.min(4 - offset, length - i)
    while (rows[at + EFFECT.at.address] !== address + i - offset) {
      at += EFFECT.words
      if (at >= rows.length) throw new RangeError(`hidden bytes at ${address} that were not written`)
    }
    const mask = ((1 << count) - 1) << offset
    rows[at + EFFECT.at.flags] &= ~(mask << EFFECT.shown)
    rows[at + EFFECT.at.after] &= ~lanes(mask)
    i += count
  }
  return at
}

/** What is wrong with rows that no call has, for rows from anyone; undefined when nothing is. */
export function effectsFault(rows: Uint32Array): string | undefined {
  let last = -1
  for (let row = 0; row < rows.length; row += EFFECT.words) {
    const [flags, address] = [rows[row + EFFECT.at.flags], rows[row + EFFECT.at.address]]
    const [changed, shown] = [(flags >>> EFFECT.changed) & ALL, (flags >>> EFFECT.shown) & ALL]
    const isRegister = (flags & EFFECT.register) !== 0
    const isWrite = (flags & EFFECT.write) !== 0
    const fits = isRegister
      ? flags === (EFFECT.register | (isWrite ? SHOWN_WRITE : SHOWN_READ))
      : isWrite
        ? changed !== 0 && (shown & ~changed) === 0
        : changed === 0 && shown !== 0
    const known = EFFECT.register | EFFECT.write | (ALL << EFFECT.changed) | (ALL << EFFECT.shown)
    if (!fits || (flags & ~known) !== 0) return `effect ${row / EFFECT.words} has impossible flags`
    if (
      isRegister
        ? address >= REGISTER_SLOTS || (isWrite && address === 0)
        : address % 4 !== 0 || address >= RAM_SIZE
    )
      return `effect ${row / EFFECT.words} is of no ${isRegister ? 'register' : 'word of RAM'}`
    const order = (isRegister ? 0 : 2 * RAM_SIZE) + (isWrite ? RAM_SIZE : 0) + address
    if (order <= last) return `effect ${row / EFFECT.words} is out of order`
    last = order
    if (((rows[row + EFFECT.at.before] ^ rows[row + EFFECT.at.after]) & ~lanes(changed)) !== 0)
      return `effect ${row / EFFECT.words} changes more than it says`
  }
  return undefined
}
