import { describe, expect, it } from 'vitest'
import { parseElf, replay, replayAsync, traceToSink } from '@vouch/engine'
import type { Host, TraceReader } from '@vouch/engine'
import { assembleElf } from '@vouch/engine/assembler'
import { COLUMNS } from '../src/trace-file.ts'
import {
  PRIVATE,
  PUBLIC,
  busy,
  callsIn,
  codeOf,
  forged,
  host,
  memorySink,
  open,
  streams,
  written,
} from './trace-support.ts'
import type { Part } from './trace-support.ts'

const program = busy(10)
const sink = memorySink()
traceToSink(program, host(), sink)
const bytes = sink.bytes()
const reader = open(bytes)
const { cycles } = reader

/** Sets word `i` of a part. */
const set = (part: number, i: number, change: (value: number) => number): Uint8Array =>
  forged(bytes, (parts: Part[]) => {
    const view = new DataView(parts[part].payload.buffer)
    view.setUint32(4 * i, change(view.getUint32(4 * i, true)), true)
  })
const replayed = (forgery: Uint8Array) => replay(open(forgery), program, host())

describe('replay', () => {
  it('finds no difference in an honest trace', () => {
    expect(replay(reader, program, host())).toEqual({
      difference: undefined,
      cycles,
      complete: true,
      aborted: false,
    })
  })

  it('is the same when the event loop turns meanwhile', async () => {
    expect(await replayAsync(reader, program, host())).toEqual(replay(reader, program, host()))
    const changed = set(0, 5, (v) => v + 4)
    expect(await replayAsync(open(changed), program, host())).toEqual(replayed(changed))
  })

  it('agrees with every way to halt', () => {
    for (const source of ['nop\n ebreak', 'nop\n .word 1', '.word 4', 'lw a0, 1(x0)', 'li a7, 5\n ecall']) {
      const other = parseElf(assembleElf(`_start:\n${source}`))
      const out = memorySink()
      traceToSink(other, streams(), out)
      expect({ source, ...replay(open(out.bytes()), other, streams()) }).toMatchObject({
        source,
        difference: undefined,
        complete: true,
      })
    }
    const out = memorySink()
    traceToSink(program, host(), out, { maxCycles: 77 })
    expect(replay(open(out.bytes()), program, host())).toMatchObject({ difference: undefined, cycles: 77 })
  })

  it('finds one changed word in any column', () => {
    COLUMNS.forEach((field, c) => {
      const row = 3 + 7 * c
      const got = reader.chunk(0).chunk[field][row]
      expect(replayed(set(0, c * cycles + row, (v) => v ^ 64)).difference).toEqual({
        clk: row + 1,
        field,
        expected: (got ^ 64) >>> 0,
        got,
      })
    })
  })

  it('answers the earliest difference', () => {
    const two = forged(
      set(0, 5, (v) => v + 4),
      (parts) => {
        new DataView(parts[0].payload.buffer).setUint32(4 * (cycles * 11 + 2), 99, true)
      },
    )
    expect(replayed(two).difference).toMatchObject({ clk: 3, field: 'memPrev' })
    const later = forged(two, (parts) => {
      new DataView(parts[0].payload.buffer).setUint32(4 * (cycles * COLUMNS.length + 6), 1, true)
    })
    expect(replayed(later).difference).toMatchObject({ clk: 3, field: 'memPrev' })
  })

  it('finds changes in ecalls and their copies', () => {
    const at = cycles * COLUMNS.length
    const [first] = reader.chunk(0).ecalls
    expect(replayed(set(0, at + 6, () => 1)).difference).toEqual({
      clk: first.clk,
      field: 'ecall.result',
      expected: 1,
      got: 7,
    })
    expect(replayed(set(0, at, (v) => v - 1)).difference).toEqual({
      clk: first.clk - 1,
      field: 'ecall',
      expected: 'one',
      got: 'none',
    })
    expect(replayed(set(0, at + 3 * 16 + 2, () => 1)).difference).toMatchObject({
      clk: first.clk,
      field: 'ecall.copies[0].after',
      expected: 1,
    })
  })

  it('finds changes in audited calls and their effects', () => {
    const { ecalls, audited } = reader.chunk(0)
    const [first] = audited
    const copied = ecalls.reduce((n, e) => n + e.copies.length, 0)
    const at = cycles * COLUMNS.length + 16 * ecalls.length + 5 * copied
    const effects = at + 4 * audited.length
    const changes: readonly [number, (v: number) => number, string][] = [
      [at + 1, (v) => v + 4, 'audited.pc'],
      [at + 2, (v) => v + 4, 'audited.nextPc'],
      [effects + 3 * 5 + 2, (v) => v + 1, 'audited.effects[3].before'],
      [effects + 3 * 5 + 3, (v) => v + 1, 'audited.effects[3].after'],
      [effects + 4, (v) => v + 1, 'audited.effects[0].prev'],
      [effects + 1, (v) => v - 1, 'audited.effects[0].address'],
      [effects + 10 * 5, (v) => v & ~0x400, 'audited.effects[10].flags'],
    ]
    for (const [i, change, field] of changes) {
      const { difference } = replayed(set(0, i, change))
      expect(difference).toMatchObject({ clk: first.clk, field })
      expect(difference?.expected).toBe(change(difference?.got as number))
    }
    expect(replayed(set(0, at, (v) => v - 1)).difference).toEqual({
      clk: first.clk - 1,
      field: 'audited',
      expected: 'one',
      got: 'none',
    })
    const shorter = (r: TraceReader): TraceReader => ({
      ...r,
      chunk: (i) => ({ ...r.chunk(i), audited: [{ ...first, effects: first.effects.slice(5) }, audited[1]] }),
    })
    const count = first.effects.length / 5
    expect(replay(shorter(reader), program, host()).difference).toEqual({
      clk: first.clk,
      field: 'audited.effects',
      expected: count - 1,
      got: count,
    })
    const none: TraceReader = { ...reader, chunk: (i) => ({ ...reader.chunk(i), audited: [first] }) }
    expect(replay(none, program, host()).difference).toEqual({
      clk: audited[1].clk,
      field: 'audited',
      expected: 'none',
      got: 'one',
    })
  })

  it('finds changes in the end', () => {
    const touched = reader.end()?.memory.addr.length ?? 0
    const fields: readonly [number, string][] = [
      [2, 'halt.pc'],
      [7, 'halt.code'],
      [14, 'halt.a0Prev'],
      [19 + 8, 'registersFinal[8]'],
      [19 + 36 + 8, 'registersFinalTs[8]'],
      [91 + touched, 'memory[0x00020000].initial'],
      [91 + 2 * touched, 'memory[0x00020000].final'],
      [91 + 3 * touched, 'memory[0x00020000].finalTs'],
    ]
    for (const [i, field] of fields)
      expect(replayed(set(1, i, (v) => v + 1)).difference).toMatchObject({ field })
    expect(replayed(set(1, 0, () => 4))).toMatchObject({ difference: undefined, complete: false })
    expect(replayed(set(1, 91 + touched - 1, (v) => v + 4)).difference).toMatchObject({
      field: 'memory.addr',
    })
  })

  it('finds other inputs, where the guest reads them', () => {
    const { difference } = replay(reader, program, streams([...PRIVATE.slice(0, 6), 0], PUBLIC))
    expect(difference).toMatchObject({ clk: reader.chunk(0).ecalls[0].clk, field: 'ecall.copies[1].after' })
    expect(replay(reader, program, streams(PRIVATE, [])).difference).toMatchObject({ field: 'ecall.result' })
  })

  it('finds runs that are too short or too long', () => {
    const shorter: (r: TraceReader) => TraceReader = (r) => ({
      ...r,
      cycles: 40,
      chunk: (i) => {
        const { chunk, ...calls } = r.chunk(i)
        return { chunk: { ...chunk, rows: 40 }, ...callsIn(calls, 1, 40) }
      },
    })
    expect(replay(shorter(reader), program, host()).difference).toMatchObject({ clk: 41, field: 'cycles' })
    const longer = { ...reader, cycles: cycles + 5 }
    expect(replay(longer, program, host()).difference).toMatchObject({ clk: cycles + 1, field: 'cycles' })
  })

  it('compares what is left of a trace that was cut', () => {
    const long = busy(14_000)
    const out = memorySink()
    traceToSink(long, host(), out)
    const half = open(out.bytes().subarray(0, -4_000_000))
    expect(half).toMatchObject({ complete: false, chunkCount: 1 })
    expect(replay(half, long, host())).toEqual({
      difference: undefined,
      cycles: 65536,
      complete: false,
      aborted: false,
    })
    const whole = open(out.bytes())
    expect(replay(whole, long, host())).toMatchObject({ difference: undefined, cycles: whole.cycles })
    const changed = forged(out.bytes(), (parts) =>
      new DataView(parts[0].payload.buffer).setUint32(400, 1, true),
    )
    let calls = 0
    const inner = host()
    const counting: Host = { ecall: (c) => (calls++, inner.ecall(c)) }
    expect(replay(open(changed), long, counting)).toMatchObject({
      difference: { clk: 101, field: 'pc' },
      cycles: 0,
    })
    // The other calls come at the end of the run, which was not worth running.
    expect(calls).toBe(3)
    const signal = { aborted: false }
    const cancelled = replay(whole, long, host(), { signal, onProgress: () => void (signal.aborted = true) })
    expect(cancelled).toMatchObject({ aborted: true, complete: false, difference: undefined })
    expect(cancelled.cycles).toBeGreaterThan(0)
    expect(cancelled.cycles).toBeLessThan(whole.cycles)
    expect(replay(open(bytes.subarray(0, -1000)), program, host())).toMatchObject({
      cycles: 0,
      complete: false,
    })
  })

  it('finds no difference in a run that was cancelled inside a chunk', () => {
    const calls = parseElf(
      assembleElf(`
        _start:
        li s0, 300
        loop:
        li a7, 64
        li a0, 3
        ecall
        addi s0, s0, -1
        bne s0, x0, loop
        ebreak
      `),
    )
    const out = memorySink()
    traceToSink(calls, streams(), out)
    const signal = { aborted: false }
    const onProgress = (): void => void (signal.aborted = true)
    const cancelled = replay(open(out.bytes()), calls, streams(), { signal, onProgress })
    expect(cancelled).toMatchObject({ aborted: true, difference: undefined })
    expect(cancelled.cycles).toBeGreaterThan(100)
    signal.aborted = false
    const cut = memorySink()
    traceToSink(calls, streams(), cut, { signal, onProgress })
    expect(open(cut.bytes()).end()?.halt.kind).toBe('aborted')
    expect(replay(open(cut.bytes()), calls, streams())).toMatchObject({
      difference: undefined,
      complete: false,
      cycles: cancelled.cycles,
    })
  })

  it('refuses another program and damaged chunks', () => {
    expect(codeOf(() => replay(reader, busy(11), host()))?.code).toBe('trace/program')
    const damaged = bytes.slice()
    damaged[bytes.length - 5000] ^= 1
    expect(codeOf(() => replay(open(damaged), program, host()))).toEqual({ code: 'trace/checksum', chunk: 0 })
    expect(codeOf(() => replay(open(written(program, 32).bytes), program, host()))?.code).toBe('trace/limits')
  })
})
