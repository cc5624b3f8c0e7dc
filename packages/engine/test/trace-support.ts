import { createHash } from 'node:crypto'
import {
  JOURNAL_CURSOR,
  PUBLIC_CURSOR,
  bytesSource,
  openTrace,
  parseElf,
  trace,
  traceWriter,
} from '@vouch/engine'
import type {
  ByteSink,
  Calls,
  Halt,
  Host,
  Program,
  Trace,
  TraceChunk,
  TraceError,
  TraceReader,
} from '@vouch/engine'
import { assembleElf } from '@vouch/engine/assembler'
import {
  COLUMNS,
  FRAME_BYTES,
  HASH_BYTES,
  PREFIX_BYTES,
  decodeFrame,
  encodeFrame,
  viewOf,
} from '../src/trace-file.ts'
import type { Frame } from '../src/trace-file.ts'
import { expect } from 'vitest'
import { auditedCall, bytesAt } from './support.ts'

export const AUDITED = 1000

/**
 * read of descriptors 0 and 4, journal write, exit, and an audited call that reads [a1, a1 + a2), writes as many
 * bytes from a1 + 2 on, the last one hidden, and charges 5 cycles: enough to see every kind of record.
 */
export function streams(privateInput: readonly number[] = [], publicInput: readonly number[] = []): Host {
  const inputs = { 0: [...privateInput], 4: [...publicInput] }
  return {
    ecall(guest) {
      const [number, a0, address, length] = [17, 10, 11, 12].map((slot) => guest.reg(slot))
      if (number === 93) return { kind: 'exit', code: a0 }
      if (number === 63 && (a0 === 0 || a0 === 4)) {
        const bytes = Uint8Array.from(inputs[a0].splice(0, length))
        const result = bytes.length
        const copy = { address, bytes, write: true }
        return { kind: 'direct', result, copy, ...(a0 === 4 ? { cursor: PUBLIC_CURSOR } : {}) }
      }
      if (number === 64 && a0 === 3) {
        const copy = { address, bytes: bytesAt(guest, address, length), write: false }
        return { kind: 'direct', result: length, copy, cursor: JOURNAL_CURSOR }
      }
      if (number === AUDITED) {
        const bytes = Uint8Array.from({ length }, (_, i) => 200 + i)
        const hidden = [{ address: address + length + 1, length: 1 }]
        const writes = [{ address: address + 2, bytes, hidden }]
        return auditedCall(guest, { result: length, charge: 5, reads: [[address, length]], writes })
      }
      return { kind: 'trap', cause: 'denied-syscall' }
    },
  }
}

const call = (number: number, a0: number, a1: string, a2: number): string =>
  `li a7, ${number}\n li a0, ${a0}\n la a1, ${a1}\n li a2, ${a2}\n ecall\n`

const DATA = 0x20000
/**
 * Reads 7 private bytes and 5 public ones, sums in bytes and halves, `loops` times, between two audited calls;
 * 6 bytes of journal; exit 9.
 */
export const busy = (loops: number): Program =>
  parseElf(
    assembleElf(
      `
      _start:
      ${call(63, 0, String(DATA + 1), 7)}
      ${call(63, 4, String(DATA + 18), 5)}
      ${call(AUDITED, 0, String(DATA + 41), 9)}
      li s0, ${loops}
      li s1, ${DATA}
      loop:
      lbu t0, 3(s1)
      lh t1, 18(s1)
      add t0, t0, t1
      sb t0, 5(s1)
      sh s0, 10(s1)
      lw t2, 8(s1)
      sw t2, 32(s1)
      add x0, t2, t0
      fence
      addi s0, s0, -1
      bne s0, x0, loop
      ${call(AUDITED, 1, String(DATA + 43), 4)}
      ${call(64, 3, String(DATA + 3), 6)}
      li a7, 93
      li a0, 9
      ecall
    `,
      { address: DATA, bytes: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9) },
    ),
  )

export const PRIVATE = [11, 12, 13, 14, 15, 16, 17]
export const PUBLIC = [21, 22, 23, 24, 25]
export const host = (): Host => streams(PRIVATE, PUBLIC)

export function memorySink(): ByteSink & { bytes(): Uint8Array } {
  const parts: Uint8Array[] = []
  return {
    append: (bytes) => void parts.push(bytes.slice()),
    bytes: () => new Uint8Array(Buffer.concat(parts)),
  }
}

/** A run kept in memory, and its file with chunks of `chunkRows` rows. */
export function written(
  program: Program,
  chunkRows: number,
  maxCycles?: number,
): { readonly bytes: Uint8Array; readonly halt: Halt; readonly trace: Trace } {
  const run = trace(program, host(), maxCycles === undefined ? {} : { maxCycles })
  const sink = memorySink()
  const writer = traceWriter(program, sink, chunkRows)
  for (let from = 1; from <= run.trace.cycles; from += chunkRows) {
    const chunk = cut(run.trace, from, Math.min(chunkRows, run.trace.cycles - from + 1))
    writer.onChunk(chunk, callsIn(run.trace, from, chunkRows))
  }
  writer.finish(run.halt, run.trace)
  return { bytes: sink.bytes(), ...run }
}

/** The calls of some cycles. */
export function callsIn({ ecalls, audited }: Calls, from: number, count: number): Calls {
  const inside = (e: { readonly clk: number }): boolean => e.clk >= from && e.clk < from + count
  return { ecalls: ecalls.filter(inside), audited: audited.filter(inside) }
}

/** Rows of a run as one chunk, within the run's first chunk. */
export function cut(run: Trace, from: number, count: number): TraceChunk {
  const [chunk] = run.chunks
  const columns = Object.fromEntries(COLUMNS.map((c) => [c, chunk[c].slice(from - 1, from - 1 + count)]))
  return { firstClk: from, rows: count, ...columns } as unknown as TraceChunk
}

/** One chunk of a file taken apart. */
export interface Part {
  frame: Frame
  payload: Uint8Array
}

/** Changes chunks and hashes everything anew, as an attacker would. */
export function forged(bytes: Uint8Array, change: (parts: Part[]) => void): Uint8Array {
  const headerBytes = 56 + 8 * viewOf(bytes).getUint32(20, true) + HASH_BYTES
  const parts: Part[] = []
  for (let at = headerBytes; at < bytes.length;) {
    const frame = decodeFrame(bytes.subarray(at, at + FRAME_BYTES))
    const start = at + PREFIX_BYTES
    parts.push({ frame, payload: bytes.slice(start, start + frame.payloadBytes) })
    at = start + frame.payloadBytes
  }
  change(parts)
  const out: Uint8Array[] = [bytes.slice(0, headerBytes)]
  let chain: Uint8Array = bytes.slice(headerBytes - HASH_BYTES, headerBytes)
  for (const { frame, payload } of parts) {
    const checksum = sha256(payload)
    chain = sha256(chain, encodeFrame(frame), checksum)
    out.push(encodeFrame(frame), checksum, chain, payload)
  }
  return new Uint8Array(Buffer.concat(out))
}

/** Changes the header before its hash, and hashes it anew. */
export function forgedHeader(bytes: Uint8Array, change: (view: DataView) => void): Uint8Array {
  const out = bytes.slice()
  const end = 56 + 8 * viewOf(bytes).getUint32(20, true)
  change(viewOf(out))
  out.set(sha256(out.subarray(0, end)), end)
  return out
}

export function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return new Uint8Array(hash.digest())
}

/** Opens bytes through a source that does not forgive reads past its end. */
export const open = (bytes: Uint8Array, recover = false): TraceReader => {
  const { size, read } = bytesSource(bytes)
  const strict = (offset: number, length: number): Uint8Array => {
    if (offset + length > size) throw new Error(`a read of byte ${offset + length} of ${size}`)
    return read(offset, length)
  }
  return openTrace({ size, read: strict }, { recover })
}

/** Opens a file and reads all of it. */
export function readAll(bytes: Uint8Array): TraceReader {
  const reader = open(bytes)
  for (let i = 0; i < reader.chunkCount; i++) reader.chunk(i)
  reader.end()
  return reader
}

export function codeOf(action: () => unknown): { code: string; chunk: number | undefined } | undefined {
  try {
    action()
  } catch (e) {
    expect((e as Error).name).toBe('TraceError')
    const { code, chunk } = e as TraceError
    return { code, chunk }
  }
  return undefined
}
