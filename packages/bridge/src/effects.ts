import { CHARGED, JOURNAL_CURSOR, PUBLIC_CURSOR } from '@vouch/engine'
import type { AuditedCall, Span, StagedPage } from '@vouch/engine'
import type { Sha256 } from '@vouch/hash'
import { PAGE_BYTES } from './mm.ts'
import type { Section } from './record.ts'
import type { Spans } from './spans.ts'
import { eachGap } from './spans.ts'
import type { Stage, Transaction } from './transaction.ts'

/** Sections for registers that were read have the slot plus this as address: those of registers written come first. */
export const REGISTER_READ = 64

/** What the session holds from before the call. */
export interface Before {
  readonly publicCursor: number
  readonly journalCursor: number
  readonly charged: number
}

type Bytes = { readonly address: number; readonly bytes: Uint8Array }

const NOTHING: readonly never[] = []

/** Guest memory that the call read, as it was before. */
export function memoryRead(tx: Transaction): readonly Bytes[] {
  const { reads, guest } = tx
  if (reads.length === 0) return NOTHING
  const found: Bytes[] = []
  for (let i = 0; i < reads.length; i += 2) {
    const address = reads[i]
    const bytes = new Uint8Array(reads[i + 1] - address)
    for (let at = 0; at < bytes.length;) {
      const offset = (address + at) % PAGE_BYTES
      const count = Math.min(bytes.length - at, PAGE_BYTES - offset)
      const page = guest.page((address + at) >>> 12)
      if (page !== undefined) bytes.set(page.subarray(offset, offset + count), at)
      at += count
    }
    found.push({ address, bytes })
  }
  return found
}

/** The effects of a call that was not direct. `result` goes to a0, unless the call wrote that itself. */
export function auditedCall(
  tx: Transaction,
  before: Before,
  read: readonly Bytes[],
  result: number,
): AuditedCall {
  const registersRead: (readonly [number, number])[] = [[17, tx.guest.reg(17)]]
  for (let i = 0; i < tx.argCount; i++) registersRead.push([10 + i, tx.args[i]])
  const registersWritten: (readonly [number, number])[] = [[10, result >>> 0]]
  for (const [slot, value] of tx.registersRead) registersRead.push([slot, value])
  for (const [slot, value] of tx.registersWritten) if (slot !== 10) registersWritten.push([slot, value])
  const move = (slot: number, from: number, to: number): void => {
    if (from === to) return
    registersRead.push([slot, from])
    registersWritten.push([slot, to])
  }
  move(PUBLIC_CURSOR, before.publicCursor, tx.publicCursor)
  move(JOURNAL_CURSOR, before.journalCursor, tx.journalCursor)
  move(CHARGED, before.charged, tx.kernel.charged)
  return {
    kind: 'audited',
    nextPc: tx.nextPc,
    registersRead,
    registersWritten,
    memoryRead: read,
    pages: tx.stages.size === 0 ? NOTHING : stagedPages(tx.stages),
  }
}

const ascending = (stages: ReadonlyMap<number, Stage>): (readonly [number, Stage])[] =>
  [...stages].sort(([a], [b]) => a - b)

function stagedPages(stages: ReadonlyMap<number, Stage>): StagedPage[] {
  return ascending(stages).map(([index, { bytes, written, hidden }]) => ({
    index,
    bytes,
    written: spansOf(index, written),
    hidden: spansOf(index, hidden),
  }))
}

function spansOf(index: number, spans: Spans): Span[] {
  const base = index * PAGE_BYTES
  const found: Span[] = []
  for (let i = 0; i < spans.length; i += 2)
    found.push({ address: base + spans[i], length: spans[i + 1] - spans[i] })
  return found
}

/** How a session makes digests. */
export interface Digests {
  readonly sha256: Sha256
  /** Of the hidden section at an index. */
  hidden(index: number, bytes: Uint8Array): Uint8Array
}

/** The sections of a record: copyin, copyout, outbox, registers, advice. */
export function sectionsOf(tx: Transaction, read: readonly Bytes[], digests: Digests): readonly Section[] {
  const { copy } = tx.direct ?? {}
  if (
    read.length === 0 &&
    copy === undefined &&
    tx.stages.size === 0 &&
    tx.outbox.length === 0 &&
    tx.registersRead.size === 0 &&
    tx.registersWritten.size === 0 &&
    tx.advice === undefined
  )
    return NOTHING
  const sections: Section[] = []
  const shown = (kind: Section['kind'], address: number, bytes: Uint8Array): void => {
    sections.push({
      kind,
      address,
      length: bytes.length,
      hidden: false,
      digest: digests.sha256(bytes),
      payload: bytes,
    })
  }
  const secret = (kind: Section['kind'], address: number, length: number, bytes: Uint8Array): void => {
    const digest = digests.hidden(sections.length, bytes)
    sections.push({ kind, address, length, hidden: true, digest })
  }
  for (const { address, bytes } of read) shown('copyin', address, bytes)
  if (copy?.write === true) {
    if (tx.class === 'A') secret('copyout', copy.address, copy.bytes.length, copy.bytes)
    else shown('copyout', copy.address, copy.bytes)
  }
  for (const { address, bytes, hidden } of copyouts(tx.stages))
    if (hidden) secret('copyout', address, bytes.length, bytes)
    else shown('copyout', address, bytes)
  for (const { descriptor, length, bytes } of tx.outbox) secret('outbox', descriptor, length, bytes)
  const registers = [...tx.registersWritten].filter(([slot]) => slot !== 10)
  for (const [slot, value] of tx.registersRead) registers.push([REGISTER_READ + slot, value])
  for (const [slot, value] of registers.sort(([a], [b]) => a - b)) shown('register', slot, wordBytes(value))
  if (tx.advice !== undefined) shown('advice', 0, tx.advice)
  return sections
}

const wordBytes = (word: number): Uint8Array =>
  Uint8Array.of(word & 255, (word >>> 8) & 255, (word >>> 16) & 255, word >>> 24)

/**
 * Runs of bytes written, across pages, each all shown or all hidden. Views of the stages where they can be: good until the
 * call is committed, by when the log has its own.
 */
function copyouts(stages: ReadonlyMap<number, Stage>): (Bytes & { readonly hidden: boolean })[] {
  if (stages.size === 0) return []
  const runs: { address: number; end: number; hidden: boolean; parts: Uint8Array[] }[] = []
  for (const [index, stage] of ascending(stages)) {
    const base = index * PAGE_BYTES
    const add = (from: number, to: number, hidden: boolean): void => {
      let last = runs[runs.length - 1]
      if (last === undefined || last.end !== base + from || last.hidden !== hidden)
        runs.push((last = { address: base + from, end: base + from, hidden, parts: [] }))
      last.end = base + to
      last.parts.push(stage.bytes.subarray(from, to))
    }
    for (let i = 0; i < stage.written.length; i += 2) {
      let at = stage.written[i]
      const end = stage.written[i + 1]
      eachGap(stage.hidden, at, end, (from, to) => {
        if (at < from) add(at, from, true)
        add(from, to, false)
        at = to
      })
      if (at < end) add(at, end, true)
    }
  }
  return runs.map(({ address, hidden, parts }) => ({ address, hidden, bytes: joined(parts) }))
}

/** One view where the parts follow each other in memory, else a copy. */
function joined(parts: readonly Uint8Array[]): Uint8Array {
  const [{ buffer, byteOffset }] = parts
  let length = 0
  let isOne = true
  for (const part of parts) {
    isOne &&= part.buffer === buffer && part.byteOffset === byteOffset + length
    length += part.length
  }
  if (isOne) return new Uint8Array(buffer, byteOffset, length)
  const bytes = new Uint8Array(length)
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}
