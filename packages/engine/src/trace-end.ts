import type { Halt, TrapCause } from './halt.ts'
import {
  HALT_WORDS,
  MAX_SYMBOL_BYTES,
  RECORD_FIELDS,
  RECORD_WORDS,
  TraceError,
  getColumn,
  putColumn,
  viewOf,
} from './trace-file.ts'
import type { Frame } from './trace-file.ts'
import { RAM_SIZE, REGISTER_SLOTS } from './trace-types.ts'
import type { HaltRecord, TouchedMemory } from './trace-types.ts'

/** How the run ended, and the state it ended in. */
export interface TraceEnd {
  readonly halt: Halt
  /** Absent when the run has no proof. */
  readonly record: HaltRecord | undefined
  readonly registersFinal: Uint32Array
  readonly registersFinalTs: Uint32Array
  readonly memory: TouchedMemory
}

const HALT_KINDS = ['', 'exit', 'trap', 'limit', 'aborted'] as const
const RECORD_KINDS = ['', 'exit', 'ebreak'] as const
const CAUSE_NAMES: Readonly<Record<TrapCause, number>> = {
  'illegal-instruction': 1,
  'fetch-outside-code': 2,
  'misaligned-fetch': 3,
  'misaligned-load': 4,
  'misaligned-store': 5,
  'out-of-range-load': 6,
  'out-of-range-store': 7,
  ebreak: 8,
  'denied-syscall': 9,
  'audit-full': 10,
}
const HAS_ADDRESS = 1
const HAS_NUMBER = 2
const HAS_SYMBOL = 4

/** A symbol's bytes in the trailer: what could steer a terminal becomes '?', and names are cut to a bound. */
export function symbolBytes(symbol: string | undefined): Uint8Array {
  const shown = (symbol ?? '').slice(0, MAX_SYMBOL_BYTES / 4).replaceAll(CONTROL, '?')
  const bytes = new TextEncoder().encode(shown)
  const padded = new Uint8Array(4 * Math.ceil(bytes.length / 4))
  padded.set(bytes)
  return padded
}
const CONTROL = /[\p{Cc}\p{Cf}]/gu

/** Fills the trailer's payload; `symbol` is `symbolBytes(end.halt.symbol)`. */
export function encodeEnd(end: TraceEnd, symbol: Uint8Array, bytes: Uint8Array): void {
  const { halt, record, memory } = end
  const trap = halt.kind === 'trap' ? halt : undefined
  const flags =
    (trap?.address === undefined ? 0 : HAS_ADDRESS) |
    (trap?.number === undefined ? 0 : HAS_NUMBER) |
    (halt.symbol === undefined ? 0 : HAS_SYMBOL)
  const value = halt.kind === 'exit' ? halt.code : halt.kind === 'limit' ? halt.limit : 0
  const words = [
    HALT_KINDS.indexOf(halt.kind),
    trap === undefined ? 0 : CAUSE_NAMES[trap.cause],
    halt.pc,
    halt.cycle,
    flags,
    trap?.address ?? 0,
    trap?.number ?? 0,
    value,
    record === undefined ? 0 : RECORD_KINDS.indexOf(record.kind),
    ...RECORD_FIELDS.map((field) => (record === undefined ? 0 : record[field])),
  ]
  const view = viewOf(bytes)
  let at = putColumn(view, 0, words, words.length)
  at = putColumn(view, at, end.registersFinal, REGISTER_SLOTS)
  at = putColumn(view, at, end.registersFinalTs, REGISTER_SLOTS)
  for (const column of [memory.addr, memory.initial, memory.final, memory.finalTs])
    at = putColumn(view, at, column, memory.addr.length)
  bytes.set(symbol, at)
}

/** The inverse of `encodeEnd`, for a run of `cycles` rows. Throws `TraceError` ('trace/format'). */
export function decodeEnd(frame: Frame, payload: Uint8Array, cycles: number): TraceEnd {
  const fail = (message: string): never => {
    throw new TraceError('trace/format', message, frame.index)
  }
  const view = viewOf(payload)
  const word = (i: number): number => view.getUint32(4 * i, true)
  const [kind, cause, pc, cycle, flags, address, number, value] = getColumn(view, 0, HALT_WORDS)
  const text = new TextDecoder().decode(payload.subarray(payload.length - frame.copies)).replace(/\0+$/, '')
  if (text.search(CONTROL) !== -1) fail('a symbol with control characters')
  const symbol = (flags & HAS_SYMBOL) === 0 ? undefined : text
  if (cycle !== cycles && cycle !== cycles + 1) fail('the halt is in another cycle than the last')
  const at = { pc, symbol, cycle }
  const halt = ((): Halt => {
    switch (HALT_KINDS[kind]) {
      case 'exit':
        return { kind: 'exit', code: value, ...at }
      case 'trap': {
        const name = (Object.keys(CAUSE_NAMES) as TrapCause[]).find((c) => CAUSE_NAMES[c] === cause)
        return {
          kind: 'trap',
          cause: name ?? fail('an unknown trap'),
          ...((flags & HAS_ADDRESS) === 0 ? {} : { address }),
          ...((flags & HAS_NUMBER) === 0 ? {} : { number }),
          ...at,
        }
      }
      case 'limit':
        if (value !== cycles || value < 1) fail('an impossible cycle limit')
        return { kind: 'limit', limit: value, ...at }
      case 'aborted':
        return { kind: 'aborted', ...at }
      default:
        return fail('an unknown halt')
    }
  })()
  const recordKind = RECORD_KINDS[word(HALT_WORDS)]
  if (recordKind === undefined) fail('an unknown halt record')
  const record =
    recordKind === ''
      ? undefined
      : {
          kind: recordKind,
          ...(Object.fromEntries(RECORD_FIELDS.map((f, i) => [f, word(HALT_WORDS + 1 + i)])) as Record<
            (typeof RECORD_FIELDS)[number],
            number
          >),
        }
  if (record !== undefined && record.clk !== cycles) fail('the halt record is of another cycle than the last')
  let offset = 4 * (HALT_WORDS + RECORD_WORDS)
  const take = (count: number): Uint32Array => {
    const column = getColumn(view, offset, count)
    offset += 4 * count
    return column
  }
  const registersFinal = take(REGISTER_SLOTS)
  const registersFinalTs = take(REGISTER_SLOTS)
  const [addr, initial, final, finalTs] = [0, 1, 2, 3].map(() => take(frame.rows))
  for (let i = 0; i < addr.length; i++)
    if (addr[i] % 4 !== 0 || addr[i] >= RAM_SIZE || (i > 0 && addr[i] <= addr[i - 1]))
      fail('touched memory is out of order')
  return { halt, record, registersFinal, registersFinalTs, memory: { addr, initial, final, finalTs } }
}
