import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { traceWriter } from '@vouch/engine'
import type { Host } from '@vouch/engine'
import {
  openTraceFile,
  resumeTraceFile,
  resumeTraceToFile,
  resumeTraceToFileAsync,
  traceToFile,
} from '@vouch/engine/node'
import { PREFIX_BYTES } from '../src/trace-file.ts'
import { random } from './support.ts'
import {
  PRIVATE,
  busy,
  callsIn,
  codeOf,
  cut,
  forged,
  forgedHeader,
  host,
  streams,
  written,
} from './trace-support.ts'

const folder = mkdtempSync(join(tmpdir(), 'vouch-resume-'))
afterAll(() => rmSync(folder, { recursive: true }))
const path = join(folder, 'a.trace')
/** The file as it is after an interruption. */
const leave = (bytes: Uint8Array): void => writeFileSync(path, bytes, { mode: 0o644 })
/** True when that is what is there now; `toEqual` takes seconds for a file. */
const isThere = (bytes: Uint8Array): boolean => Buffer.compare(readFileSync(path), bytes) === 0

const program = busy(10)
const small = written(program, 32)
const headerBytes = 56 + 8 * program.code.length + 32

/** Where each chunk starts, and the trailer. */
function startsOf(bytes: Uint8Array): number[] {
  const starts = [headerBytes]
  forged(bytes, (parts) => {
    for (const { payload } of parts) starts.push((starts.at(-1) ?? 0) + PREFIX_BYTES + payload.length)
  })
  return starts.slice(0, -1)
}

/** Writes the small run again, over what is there. */
function again(run: typeof small, chunkRows = 32): void {
  const file = resumeTraceFile(path)
  try {
    const writer = traceWriter(program, file, chunkRows)
    for (let from = 1; from <= run.trace.cycles; from += chunkRows) {
      const count = Math.min(chunkRows, run.trace.cycles - from + 1)
      writer.onChunk(cut(run.trace, from, count), callsIn(run.trace, from, chunkRows))
    }
    writer.finish(run.halt, run.trace)
    expect(file).toMatchObject({ ahead: 0, size: run.bytes.length })
  } finally {
    file.close()
  }
}

describe('resuming a trace file', () => {
  it('gives the whole file, wherever it was cut', () => {
    const starts = startsOf(small.bytes)
    const below = random(5)
    const cuts = [...starts, ...starts.map((s) => s - 1).slice(1), ...starts.map((s) => s + 1)]
    for (let n = 0; n < 60; n++) cuts.push(headerBytes + below(small.bytes.length - headerBytes))
    for (const length of cuts) {
      leave(small.bytes.subarray(0, length))
      again(small)
      expect([length, isThere(small.bytes)]).toEqual([length, true])
    }
  })

  it('keeps the full chunks and says how many there are', () => {
    const starts = startsOf(small.bytes)
    const damaged = small.bytes.slice(0, starts[5])
    damaged[starts[3] + 200] ^= 1
    leave(damaged)
    const file = resumeTraceFile(path)
    expect(file).toMatchObject({ cycles: 96, ahead: starts[3], size: starts[5] })
    file.append(small.bytes.subarray(0, headerBytes))
    expect(file.ahead).toBe(starts[3] - headerBytes)
    file.append(small.bytes.subarray(headerBytes, starts[3]))
    expect(isThere(damaged)).toBe(true)
    file.append(small.bytes.subarray(starts[3], starts[4]))
    expect(isThere(small.bytes.subarray(0, starts[4]))).toBe(true)
    expect(file).toMatchObject({ ahead: 0, size: starts[4] })
    file.close()
    expect(statSync(path).mode & 0o777).toBe(0o600)
    // The last chunk that is not full may be of a run that was cancelled, so it is made again.
    leave(small.bytes.subarray(0, starts.at(-1)))
    const short = resumeTraceFile(path)
    expect(short.cycles).toBe(small.trace.cycles - (small.trace.cycles % 32))
    short.close()
  })

  it('takes up to the first damaged chunk, a trailer of noise among them', () => {
    const starts = startsOf(small.bytes)
    for (const at of [starts[2] + 500, starts[1] + 3, small.bytes.length - 1]) {
      const bytes = small.bytes.slice()
      bytes[at] ^= 1
      leave(bytes)
      again(small)
      expect(isThere(small.bytes)).toBe(true)
    }
  })

  it('stops at a chunk that the run does not make, and changes nothing', () => {
    const starts = startsOf(small.bytes)
    const other = forged(small.bytes, (parts) => {
      parts[2].payload[7] ^= 1
    }).subarray(0, starts[5] + 9)
    leave(other)
    expect(codeOf(() => again(small))).toEqual({ code: 'trace/resume', chunk: 2 })
    expect(isThere(other)).toBe(true)
    // A run that ends sooner.
    leave(small.bytes.subarray(0, starts[4]))
    expect(codeOf(() => again(written(program, 32, 80)))).toEqual({ code: 'trace/resume', chunk: 2 })
    expect(isThere(small.bytes.subarray(0, starts[4]))).toBe(true)
  })

  it('refuses other programs and chunk sizes', () => {
    const bytes = small.bytes.subarray(0, -1)
    const digest = forgedHeader(bytes.subarray(0, headerBytes), (v) => v.setUint8(24, v.getUint8(24) ^ 1))
    for (const there of [digest, written(busy(11), 32).bytes.subarray(0, -1)]) {
      leave(there)
      expect(codeOf(() => again(small))).toEqual({ code: 'trace/program', chunk: undefined })
      expect(isThere(there)).toBe(true)
    }
    leave(bytes)
    expect(codeOf(() => again(written(program, 64), 64))?.code).toBe('trace/program')
  })

  it('refuses files without a run to resume', () => {
    const cases: readonly [Uint8Array, string][] = [
      [small.bytes, 'trace/resume'],
      [written(program, 32, 80).bytes, 'trace/resume'],
      [new Uint8Array(0), 'trace/resume'],
      [small.bytes.subarray(0, headerBytes - 1), 'trace/truncated'],
      [Uint8Array.of(1, 2, 3), 'trace/magic'],
      [forgedHeader(small.bytes, (v) => v.setUint32(8, 1, true)), 'trace/version'],
    ]
    for (const [bytes, code] of cases) {
      leave(bytes)
      expect(codeOf(() => resumeTraceFile(path))?.code).toBe(code)
      expect(isThere(bytes)).toBe(true)
    }
    expect(() => resumeTraceFile(join(folder, 'none'))).toThrow(/ENOENT/)
    expect(existsSync(join(folder, 'none'))).toBe(false)
  })
})

describe('resuming a run', () => {
  const long = busy(20_000)
  const whole = join(folder, 'whole')
  const report = traceToFile(whole, long, host())
  const bytes = new Uint8Array(readFileSync(whole))
  const starts = startsOf(bytes)

  it('ends with the report and the file of a run that was not interrupted', async () => {
    for (const length of [headerBytes, starts[1], starts[1] + 1000, starts[2], bytes.length - 1]) {
      leave(bytes.subarray(0, length))
      expect(resumeTraceToFile(path, long, host())).toEqual(report)
      expect(isThere(bytes)).toBe(true)
      truncateSync(path, length)
      expect(await resumeTraceToFileAsync(path, long, host())).toEqual(report)
      expect(isThere(bytes)).toBe(true)
    }
  })

  it('goes on with another engine than it began with', () => {
    for (const [first, then] of [
      ['interpreter', 'compiled'],
      ['compiled', 'interpreter'],
    ] as const) {
      const begun = traceToFile(path, long, host(), { engine: first })
      expect(begun).toEqual(report)
      expect(isThere(bytes)).toBe(true)
      truncateSync(path, starts[2])
      expect(resumeTraceToFile(path, long, host(), { engine: then })).toEqual(report)
      expect(isThere(bytes)).toBe(true)
    }
  })

  it('goes on after a run that was cancelled, also when it is cancelled again', () => {
    /** A signal that is raised after so many cycles. */
    const upTo = (cycles: number) => {
      const signal = { aborted: false }
      return { signal, onProgress: (n: number) => void (signal.aborted = n >= cycles) }
    }
    const first = traceToFile(path, long, host(), upTo(80_000))
    expect(first).toMatchObject({ halt: { kind: 'aborted' } })
    expect(first.cycles).toBeGreaterThan(65_536)
    expect(first.cycles).toBeLessThan(131_072)
    const before = new Uint8Array(readFileSync(path))
    const sooner = resumeTraceToFile(path, long, host(), upTo(1))
    expect(sooner).toMatchObject({ halt: { kind: 'aborted' }, bytes: before.length })
    expect(isThere(before)).toBe(true)
    const later = resumeTraceToFile(path, long, host(), upTo(131_072))
    expect(later).toMatchObject({ halt: { kind: 'aborted', cycle: later.cycles } })
    expect(later.cycles).toBeGreaterThanOrEqual(131_072)
    const file = openTraceFile(path)
    expect(file).toMatchObject({ complete: true, cycles: later.cycles, size: later.bytes })
    file.close()
    expect(resumeTraceToFile(path, long, host())).toEqual(report)
    expect(isThere(bytes)).toBe(true)
    expect(codeOf(() => resumeTraceToFile(path, long, host()))?.code).toBe('trace/resume')
  })

  it('refuses other inputs, programs and limits, and changes nothing', () => {
    const there = bytes.subarray(0, starts[2] + 10)
    leave(there)
    const other = streams(PRIVATE.with(0, 99), [])
    expect(codeOf(() => resumeTraceToFile(path, long, other))).toEqual({ code: 'trace/resume', chunk: 0 })
    expect(codeOf(() => resumeTraceToFile(path, program, host()))?.code).toBe('trace/program')
    const sooner = { maxCycles: 100_000 }
    expect(codeOf(() => resumeTraceToFile(path, long, host(), sooner))).toEqual({
      code: 'trace/resume',
      chunk: 1,
    })
    expect(isThere(there)).toBe(true)
  })

  it('leaves a file that can be resumed when the host throws', () => {
    leave(bytes.subarray(0, starts[1]))
    const inner = host()
    let calls = 0
    const failing: Host = {
      ecall(guest) {
        if (++calls === 4) throw new Error('out of order')
        return inner.ecall(guest)
      },
    }
    expect(() => resumeTraceToFile(path, long, failing)).toThrow('out of order')
    expect(isThere(bytes.subarray(0, starts[3]))).toBe(true)
    expect(resumeTraceToFile(path, long, host())).toEqual(report)
    expect(isThere(bytes)).toBe(true)
  })
})
