import { EFFECT } from './effects.ts'
import type { Program } from './elf.ts'
import type { Halt } from './halt.ts'
import type { Host } from './host.ts'
import { trace, traceAsync } from './trace.ts'
import type { TraceOptions, Traced } from './trace.ts'
import type { TraceEnd } from './trace-end.ts'
import { COLUMNS, ECALL_FIELDS, TraceError, programDigest, toHex } from './trace-file.ts'
import type { ReadChunk, TraceReader } from './trace-reader.ts'
import { CHUNK_ROWS, MAX_CYCLES, REGISTER_SLOTS } from './trace-types.ts'
import type { AuditedRecord, EcallRecord, HaltRecord, TouchedMemory } from './trace-types.ts'

/** The first place where a re-run is not what the file says. */
export interface Difference {
  readonly clk: number
  /**
   * A column of the trace, or a path such as `ecall.result`, `audited.effects[3].after`, `halt.code`,
   * `memory[0x00012340].final`.
   */
  readonly field: string
  /** In the file. */
  readonly expected: number | string
  /** In the re-run. */
  readonly got: number | string
}

export interface ReplayResult {
  readonly difference: Difference | undefined
  /** Cycles that were compared. */
  readonly cycles: number
  /** The halt and the final state were compared too; never for a file that was cut, or a run that was cancelled. */
  readonly complete: boolean
  readonly aborted: boolean
}

export interface ReplayOptions {
  readonly signal?: { readonly aborted: boolean }
  readonly onProgress?: (cycles: number) => void
}

/**
 * Runs the program again, no longer than the trace, and compares chunk by chunk; stops at the first difference. The
 * host must serve the same inputs. Throws `TraceError`: 'trace/program' when the program is another one than the
 * file's, and for damaged chunks.
 */
export function replay(
  reader: TraceReader,
  program: Program,
  host: Host,
  options: ReplayOptions = {},
): ReplayResult {
  const { watch, conclude } = comparison(reader, program, options)
  return conclude(watch === undefined ? undefined : trace(program, host, watch))
}

/** As `replay`, but lets the event loop turn, as `traceAsync` does. */
export async function replayAsync(
  reader: TraceReader,
  program: Program,
  host: Host,
  options: ReplayOptions = {},
): Promise<ReplayResult> {
  const { watch, conclude } = comparison(reader, program, options)
  return conclude(watch === undefined ? undefined : await traceAsync(program, host, watch))
}

/** Options that compare a run while it goes on, absent when there is nothing to compare, and the verdict on it. */
function comparison(
  reader: TraceReader,
  program: Program,
  options: ReplayOptions,
): {
  readonly watch: TraceOptions | undefined
  readonly conclude: (run: Traced | undefined) => ReplayResult
} {
  if (toHex(programDigest(program)) !== reader.programDigest)
    throw new TraceError('trace/program', 'the trace is of another program')
  if (reader.chunkRows !== CHUNK_ROWS)
    throw new TraceError('trace/limits', `chunks of ${reader.chunkRows} rows; a run makes ${CHUNK_ROWS}`)
  const end = reader.end()
  const atEnd = end !== undefined && end.halt.kind !== 'aborted' ? end : undefined
  let difference: Difference | undefined
  let cycles = 0
  let index = 0
  const watch: TraceOptions = {
    maxCycles: limitOf(reader, atEnd),
    keep: false,
    signal: {
      get aborted() {
        return difference !== undefined || options.signal?.aborted === true
      },
    },
    onChunk: (chunk, calls) => {
      if (difference !== undefined) return
      const file = index < reader.chunkCount ? reader.chunk(index++) : undefined
      if (file === undefined) {
        difference = { clk: chunk.firstClk, field: 'cycles', expected: reader.cycles, got: 'more' }
        return
      }
      difference = chunkDifference(file, { chunk, ...calls })
      if (difference === undefined) cycles += Math.min(file.chunk.rows, chunk.rows)
    },
    onProgress: (done) => options.onProgress?.(done),
  }
  const conclude = (run: Traced | undefined): ReplayResult => {
    if (run === undefined) return { difference, cycles, complete: false, aborted: false }
    const aborted = difference === undefined && run.halt.kind === 'aborted'
    if (difference === undefined && !aborted) {
      const { halt, trace } = run
      if (cycles < reader.cycles)
        difference = { clk: cycles + 1, field: 'cycles', expected: reader.cycles, got: trace.cycles }
      else if (atEnd !== undefined) difference = endDifference(atEnd, { ...trace, halt, record: trace.halt })
    }
    return { difference, cycles, complete: !aborted && atEnd !== undefined, aborted }
  }
  return { watch: reader.cycles === 0 && atEnd === undefined ? undefined : watch, conclude }
}

/** Enough to come to the same end, and no more. */
function limitOf(reader: TraceReader, end: TraceEnd | undefined): number {
  if (end === undefined) return reader.cycles
  return end.halt.kind === 'limit' ? end.halt.limit : Math.min(MAX_CYCLES, Math.max(1, end.halt.cycle))
}

function chunkDifference(file: ReadChunk, run: ReadChunk): Difference | undefined {
  const { firstClk } = file.chunk
  const count = Math.min(file.chunk.rows, run.chunk.rows)
  let row = count
  let column: (typeof COLUMNS)[number] | undefined
  for (const name of COLUMNS) {
    const [a, b] = [file.chunk[name], run.chunk[name]]
    let i = 0
    while (i < row && a[i] === b[i]) i++
    if (i < row) [row, column] = [i, name]
  }
  const both = <Call extends { readonly clk: number }>(calls: readonly Call[]): readonly Call[] =>
    calls.filter((e) => e.clk < firstClk + count)
  const all: (Difference | undefined)[] = [
    callsDifference('ecall', both(file.ecalls), both(run.ecalls), ecallDifference),
    callsDifference('audited', both(file.audited), both(run.audited), auditedDifference),
  ]
  if (column !== undefined) {
    const [expected, got] = [file.chunk[column][row], run.chunk[column][row]]
    all.push({ clk: firstClk + row, field: column, expected, got })
  }
  if (run.chunk.rows > count)
    all.push({ clk: firstClk + count, field: 'cycles', expected: firstClk + count - 1, got: 'more' })
  return all.filter((d) => d !== undefined).toSorted((a, b) => a.clk - b.clk)[0]
}

/** The first of two lists' calls that are not alike, or where one list has none. */
function callsDifference<Call extends { readonly clk: number }>(
  field: string,
  file: readonly Call[],
  run: readonly Call[],
  compare: (file: Call, run: Call) => Difference | undefined,
): Difference | undefined {
  for (let i = 0; i < Math.max(file.length, run.length); i++) {
    const [a, b] = [file[i] as Call | undefined, run[i] as Call | undefined]
    if (a === undefined || b === undefined || a.clk !== b.clk) {
      const clk = Math.min(a?.clk ?? Infinity, b?.clk ?? Infinity)
      const there = (call: Call | undefined) => (call?.clk === clk ? 'one' : 'none')
      return { clk, field, expected: there(a), got: there(b) }
    }
    const difference = compare(a, b)
    if (difference !== undefined) return difference
  }
  return undefined
}

const COPY_FIELDS = ['addr', 'before', 'after', 'prev', 'offset', 'count'] as const

function ecallDifference(a: EcallRecord, b: EcallRecord): Difference | undefined {
  const { clk } = a
  for (const f of ECALL_FIELDS)
    if (a[f] !== b[f]) return { clk, field: `ecall.${f}`, expected: a[f], got: b[f] }
  if (a.copies.length !== b.copies.length)
    return { clk, field: 'ecall.copies', expected: a.copies.length, got: b.copies.length }
  for (let n = 0; n < a.copies.length; n++)
    for (const f of COPY_FIELDS)
      if (a.copies[n][f] !== b.copies[n][f])
        return { clk, field: `ecall.copies[${n}].${f}`, expected: a.copies[n][f], got: b.copies[n][f] }
  return undefined
}

const EFFECT_FIELDS = Object.keys(EFFECT.at) as (keyof typeof EFFECT.at)[]

function auditedDifference(a: AuditedRecord, b: AuditedRecord): Difference | undefined {
  const { clk } = a
  for (const f of ['pc', 'nextPc'] as const)
    if (a[f] !== b[f]) return { clk, field: `audited.${f}`, expected: a[f], got: b[f] }
  const [expected, got] = [a.effects.length / EFFECT.words, b.effects.length / EFFECT.words]
  if (expected !== got) return { clk, field: 'audited.effects', expected, got }
  const i = a.effects.findIndex((word, n) => word !== b.effects[n])
  if (i === -1) return undefined
  const at = i % EFFECT.words
  const name = EFFECT_FIELDS.find((f) => EFFECT.at[f] === at)
  const field = `audited.effects[${(i - at) / EFFECT.words}].${name}`
  return { clk, field, expected: a.effects[i], got: b.effects[i] }
}

function endDifference(file: TraceEnd, run: TraceEnd): Difference | undefined {
  const clk = file.halt.cycle
  const unequal = (field: string, expected: unknown, got: unknown): Difference | undefined =>
    expected === got ? undefined : { clk, field, expected: shown(expected), got: shown(got) }
  const halts = [flat(file.halt), flat(run.halt)]
  for (const key of ['kind', 'cause', 'code', 'pc', 'cycle', 'address', 'number', 'limit']) {
    const d = unequal(`halt.${key}`, halts[0][key], halts[1][key])
    if (d !== undefined) return d
  }
  const records = [flat(file.record), flat(run.record)]
  for (const key of new Set(records.flatMap((r) => Object.keys(r)))) {
    const d = unequal(`halt.${key}`, records[0][key], records[1][key])
    if (d !== undefined) return d
  }
  for (let i = 0; i < REGISTER_SLOTS; i++) {
    const d =
      unequal(`registersFinal[${i}]`, file.registersFinal[i], run.registersFinal[i]) ??
      unequal(`registersFinalTs[${i}]`, file.registersFinalTs[i], run.registersFinalTs[i])
    if (d !== undefined) return d
  }
  return memoryDifference(file.memory, run.memory, unequal)
}

function memoryDifference(
  file: TouchedMemory,
  run: TouchedMemory,
  unequal: (field: string, expected: unknown, got: unknown) => Difference | undefined,
): Difference | undefined {
  for (let i = 0; i < Math.min(file.addr.length, run.addr.length); i++) {
    const at = `memory[0x${file.addr[i].toString(16).padStart(8, '0')}]`
    const d =
      unequal('memory.addr', file.addr[i], run.addr[i]) ??
      unequal(`${at}.initial`, file.initial[i], run.initial[i]) ??
      unequal(`${at}.final`, file.final[i], run.final[i]) ??
      unequal(`${at}.finalTs`, file.finalTs[i], run.finalTs[i])
    if (d !== undefined) return d
  }
  return unequal('memory.length', file.addr.length, run.addr.length)
}

const flat = (value: Halt | HaltRecord | undefined): Readonly<Record<string, unknown>> => ({ ...value })

const shown = (value: unknown): number | string =>
  typeof value === 'number' || typeof value === 'string' ? value : 'none'
