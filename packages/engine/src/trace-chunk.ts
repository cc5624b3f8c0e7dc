import { EFFECT, effectsFault } from './effects.ts'
import {
  AUDITED_WORDS,
  COLUMNS,
  COPY_WORDS,
  ECALL_FIELDS,
  ECALL_WORDS,
  TraceError,
  getColumn,
  putColumn,
  viewOf,
} from './trace-file.ts'
import type { Frame } from './trace-file.ts'
import { JOURNAL_CURSOR, PUBLIC_CURSOR, RAM_SIZE } from './trace-types.ts'
import type { AuditedRecord, Calls, CopyRecord, EcallRecord, TraceChunk } from './trace-types.ts'

/** Fills a payload of `payloadSize` bytes. */
export function encodeChunk(chunk: TraceChunk, { ecalls, audited }: Calls, bytes: Uint8Array): void {
  const view = viewOf(bytes)
  let at = 0
  for (const column of COLUMNS) at = putColumn(view, at, chunk[column], chunk.rows)
  for (const e of ecalls) {
    ECALL_FIELDS.forEach((field, i) => view.setUint32(at + 4 * i, e[field], true))
    view.setUint32(at + 4 * ECALL_FIELDS.length, e.copies.length, true)
    at += 4 * ECALL_WORDS
  }
  for (const e of ecalls)
    for (const { addr, before, after, prev, offset, count } of e.copies) {
      ;[addr, before, after, prev, offset | (count << 8)].forEach((n, i) =>
        view.setUint32(at + 4 * i, n, true),
      )
      at += 4 * COPY_WORDS
    }
  for (const { clk, pc, nextPc, effects } of audited)
    at = putColumn(view, at, [clk, pc, nextPc, effects.length / EFFECT.words], AUDITED_WORDS)
  for (const { effects } of audited) at = putColumn(view, at, effects, effects.length)
}

/** A part of a payload, from byte `from` to `end`. */
interface Part {
  readonly view: DataView
  readonly from: number
  readonly end: number
}

/** The inverse of `encodeChunk` for a payload of the right size. Throws `TraceError` ('trace/format'). */
export function decodeChunk(frame: Frame, payload: Uint8Array): { readonly chunk: TraceChunk } & Calls {
  const { firstClk, rows } = frame
  const view = viewOf(payload)
  const columns = Object.fromEntries(
    COLUMNS.map((name, i) => [name, getColumn(view, 4 * rows * i, rows)]),
  ) as Record<(typeof COLUMNS)[number], Uint32Array>
  const from = 4 * rows * COLUMNS.length
  const middle = from + 4 * (ECALL_WORDS * frame.ecalls + COPY_WORDS * frame.copies)
  const ecalls = decodeEcalls(frame, { view, from, end: middle })
  const audited = decodeAudited(frame, { view, from: middle, end: payload.length })
  const clks = new Set(ecalls.map((e) => e.clk))
  const both = audited.find((e) => clks.has(e.clk))
  if (both !== undefined) throw malformed(frame, `cycle ${both.clk} has two calls`)
  return { chunk: { firstClk, rows, ...columns }, ecalls, audited }
}

const malformed = ({ index }: Frame, message: string): TraceError =>
  new TraceError('trace/format', message, index)

function decodeEcalls(frame: Frame, { view, from, end }: Part): EcallRecord[] {
  let at = from
  let copyAt = at + 4 * ECALL_WORDS * frame.ecalls
  const ecalls: EcallRecord[] = []
  let clk = frame.firstClk - 1
  for (let i = 0; i < frame.ecalls; i++, at += 4 * ECALL_WORDS) {
    const word = (field: number): number => view.getUint32(at + 4 * field, true)
    const count = word(ECALL_FIELDS.length)
    const fields = Object.fromEntries(ECALL_FIELDS.map((name, field) => [name, word(field)])) as Record<
      (typeof ECALL_FIELDS)[number],
      number
    >
    clk = nextClk(frame, clk, fields.clk)
    if (![0, PUBLIC_CURSOR, JOURNAL_CURSOR].includes(fields.cursor) || word(ECALL_FIELDS.length + 1) !== 0)
      throw malformed(frame, `the ecall of cycle ${clk} is malformed`)
    if (copyAt + 4 * COPY_WORDS * count > end)
      throw malformed(frame, 'an ecall has more copied words than its chunk')
    const copies: CopyRecord[] = []
    for (let n = 0; n < count; n++, copyAt += 4 * COPY_WORDS) {
      const [addr, before, after, prev, bytes] = [0, 4, 8, 12, 16].map((o) =>
        view.getUint32(copyAt + o, true),
      )
      const copy = { addr, before, after, prev, offset: bytes & 0xff, count: bytes >>> 8 }
      if (addr % 4 !== 0 || addr >= RAM_SIZE || copy.count < 1 || copy.offset + copy.count > 4)
        throw malformed(frame, `the ecall of cycle ${clk} copied no word of RAM`)
      copies.push(copy)
    }
    ecalls.push({ ...fields, copies })
  }
  if (copyAt !== end) throw malformed(frame, 'the chunk has more copied words than its ecalls')
  return ecalls
}

function decodeAudited(frame: Frame, { view, from, end }: Part): AuditedRecord[] {
  let at = from
  let effectsAt = at + 4 * AUDITED_WORDS * frame.audited
  const audited: AuditedRecord[] = []
  let last = frame.firstClk - 1
  for (let i = 0; i < frame.audited; i++, at += 4 * AUDITED_WORDS) {
    const [clk, pc, nextPc, count] = getColumn(view, at, AUDITED_WORDS)
    last = nextClk(frame, last, clk)
    if (nextPc % 4 !== 0 || nextPc >= RAM_SIZE)
      throw malformed(frame, `the audited ecall of cycle ${clk} goes on outside of RAM`)
    if (effectsAt + 4 * EFFECT.words * count > end)
      throw malformed(frame, 'an audited ecall has more effects than its chunk')
    const effects = getColumn(view, effectsAt, EFFECT.words * count)
    const fault = effectsFault(effects)
    if (fault !== undefined) throw malformed(frame, `the audited ecall of cycle ${clk}: ${fault}`)
    effectsAt += effects.byteLength
    audited.push({ clk, pc, nextPc, effects })
  }
  if (effectsAt !== end) throw malformed(frame, 'the chunk has more effects than its audited ecalls')
  return audited
}

/** The cycle of a call, which comes after the one before and lies in the chunk. */
function nextClk(frame: Frame, before: number, clk: number): number {
  if (clk <= before || clk >= frame.firstClk + frame.rows) throw malformed(frame, 'an ecall is out of order')
  return clk
}
