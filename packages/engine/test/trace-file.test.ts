import { describe, expect, it } from 'vitest'
import {
  openTrace,
  parseElf,
  programDigest,
  readTrace,
  trace,
  traceToSink,
  traceToSinkAsync,
  traceWriter,
} from '@vouch/engine'
import type { Calls, CopyRecord } from '@vouch/engine'
import { assembleElf } from '@vouch/engine/assembler'
import { encodeChunk } from '../src/trace-chunk.ts'
import { COLUMNS, PREFIX_BYTES, encodeFrame, payloadSize } from '../src/trace-file.ts'
import {
  busy,
  callsIn,
  codeOf,
  cut,
  forged,
  forgedHeader,
  host,
  memorySink,
  open,
  readAll,
  sha256,
  streams,
  written,
} from './trace-support.ts'
import type { Part } from './trace-support.ts'

const program = busy(10)
const file = written(program, 32)
const pristine = open(file.bytes)
/** Of a chunk without calls. */
const none = { ecalls: 0, copies: 0, audited: 0, effects: 0 }
const noCalls = { ecalls: [], audited: [] }
const headerBytes = 56 + 8 * pristine.codeCount + 32

describe('round trip', () => {
  it('reads back the run', () => {
    const back = readTrace(open(written(program, 4096).bytes))
    const { chunks, ...rest } = file.trace
    expect({ ...back, chunks: [] }).toEqual({ ...rest, chunks: [] })
    expect(back.chunks).toEqual([cut(file.trace, 1, file.trace.cycles)])
    expect(chunks).toHaveLength(1)
    expect(file.trace.ecalls.flatMap((e) => e.copies)).not.toHaveLength(0)
    expect(file.trace.audited).toHaveLength(2)
  })

  it('reads any chunk, in any order', () => {
    for (const i of [3, 0, pristine.chunkCount - 1, 1]) {
      const { chunk, ...calls } = pristine.chunk(i)
      expect(chunk).toEqual(cut(file.trace, 32 * i + 1, chunk.rows))
      expect(calls).toEqual(callsIn(file.trace, 32 * i + 1, 32))
    }
    expect(codeOf(() => pristine.chunk(pristine.chunkCount))).toEqual({
      code: 'trace/range',
      chunk: undefined,
    })
  })

  it('says what it is', () => {
    expect(pristine).toMatchObject({
      version: 2,
      chunkRows: 32,
      entry: 0x10000,
      complete: true,
      lostBytes: 0,
      cycles: file.trace.cycles,
      size: file.bytes.length,
      ecallCount: 3,
      copyCount: 7,
      auditedCount: 2,
      effectCount: file.trace.audited.reduce((n, e) => n + e.effects.length / 5, 0),
    })
    expect(pristine.end()?.halt).toEqual(file.halt)
    expect(pristine.codeAt(0x10000)?.word).toBe(program.code[0].word)
    expect([0xfffc, 0x10002, 0x80000000].map(pristine.codeAt)).toEqual([undefined, undefined, undefined])
  })

  it('keeps every way to halt', () => {
    const sources: Record<string, string> = {
      ebreak: 'nop\n ebreak',
      'illegal-instruction': 'nop\n .word 1',
      'first cycle': '.word 4\n',
      'misaligned-load': 'lw a0, 1(x0)',
      'out-of-range-store': 'sw a0, -4(x0)',
      'denied-syscall': 'li a7, 1234\n ecall',
      'misaligned-fetch': 'nop\n beq x0, x0, 2',
    }
    for (const [name, source] of Object.entries(sources)) {
      const elf = parseElf(assembleElf(`_start:\n${source}`))
      const sink = memorySink()
      traceToSink(elf, streams(), sink)
      const run = trace(elf, streams())
      const back = readAll(sink.bytes())
      expect({ name, halt: back.end()?.halt, cycles: back.cycles }).toEqual({
        name,
        halt: run.halt,
        cycles: run.trace.cycles,
      })
      expect(back.end()?.record).toEqual(run.trace.halt)
    }
    const limited = written(program, 32, 50)
    expect(readAll(limited.bytes).end()).toMatchObject({ halt: { kind: 'limit', limit: 50 } })
  })

  it('is written while the program runs', () => {
    const loop = busy(14_000)
    const sink = memorySink()
    const sizes: number[] = []
    const counting = { append: (bytes: Uint8Array) => (sizes.push(bytes.length), sink.append(bytes)) }
    let atFirst: number | undefined
    const report = traceToSink(loop, host(), counting, { onProgress: () => (atFirst ??= sizes.length) })
    const full = PREFIX_BYTES + 65536 * 4 * COLUMNS.length
    expect(sizes[2]).toBe(full)
    expect(sizes).toHaveLength(5)
    expect(atFirst).toBeLessThan(4)
    expect(report.bytes).toBe(sizes.reduce((a, b) => a + b, 0))
    const back = readTrace(open(sink.bytes()))
    const { chunks } = trace(loop, host()).trace
    expect(back.chunks.map((c) => c.rows)).toEqual(chunks.map((c) => c.rows))
    expect(back.chunks[1]).toEqual(chunks[1])
  })

  it('is the same when the event loop turns meanwhile', async () => {
    const [a, b] = [memorySink(), memorySink()]
    const report = await traceToSinkAsync(program, host(), a)
    expect(report).toEqual(traceToSink(program, host(), b))
    expect(a.bytes()).toEqual(b.bytes())
  })

  it('cleans and cuts symbols', () => {
    const named = { ...program, symbolAt: () => `a\u001b[31m\u202e${'x'.repeat(5000)}` }
    const sink = memorySink()
    traceToSink(named, host(), sink)
    expect(readAll(sink.bytes()).end()?.halt.symbol).toBe(`a?[31m?${'x'.repeat(249)}`)
  })

  it('tells programs apart', () => {
    const changed = { ...program, wordValue: program.wordValue.map((w, i) => (i === 0 ? w ^ 1 : w)) }
    expect(programDigest(changed)).not.toEqual(programDigest(program))
    expect(programDigest({ ...program, symbolAt: () => 'f' })).toEqual(programDigest(program))
  })
})

describe('cut files', () => {
  it('opens up to the last whole chunk, wherever the file was cut', () => {
    const starts = [headerBytes]
    forged(file.bytes, (parts) => {
      for (const p of parts) starts.push((starts.at(-1) ?? 0) + PREFIX_BYTES + p.payload.length)
    })
    for (let length = 0; length < file.bytes.length; length++) {
      const bytes = file.bytes.subarray(0, length)
      if (length < headerBytes) {
        expect(codeOf(() => open(bytes))?.code).toBe(length === 0 ? 'trace/magic' : 'trace/truncated')
        continue
      }
      const whole = starts.findLastIndex((s) => s <= length)
      const reader = open(bytes)
      const { complete, chunkCount, lostBytes } = reader
      if (complete || chunkCount !== whole || lostBytes !== length - starts[whole])
        expect({ length, complete, chunkCount, lostBytes }).toEqual({
          length,
          complete: false,
          chunkCount: whole,
        })
      expect(reader.end()).toBeUndefined()
    }
    const half = open(file.bytes.subarray(0, starts[2] + 5))
    expect(half.chunk(1).chunk).toEqual(cut(file.trace, 33, 32))
    expect(codeOf(() => readTrace(half))).toEqual({ code: 'trace/truncated', chunk: undefined })
  })

  it('notices a last chunk whose bytes never reached the disk', () => {
    const bytes = file.bytes.slice(0, startOf(2))
    bytes.fill(0, startOf(2) - 300)
    expect(codeOf(() => open(bytes))).toEqual({ code: 'trace/checksum', chunk: 1 })
    expect(open(bytes, true)).toMatchObject({ complete: false, chunkCount: 1, damage: { chunk: 1 } })
    bytes.fill(0, startOf(1))
    expect(codeOf(() => open(bytes))).toEqual({ code: 'trace/chain', chunk: 1 })
  })

  it('passes on what the source throws', () => {
    const failing = {
      size: file.bytes.length,
      read: (offset: number, length: number) => {
        if (offset >= startOf(1)) throw new Error('the disk is gone')
        return file.bytes.slice(offset, offset + length)
      },
    }
    expect(() => openTrace(failing, { recover: true })).toThrow('the disk is gone')
  })

  it('opens without reading chunks, and counts no more cycles than a run can have', () => {
    const rows = 2 ** 20
    const header = forgedHeader(file.bytes.slice(0, headerBytes), (v) => v.setUint32(12, rows, true))
    const payloadBytes = 48 * rows
    const frames: Uint8Array[] = []
    let chain: Uint8Array = header.slice(-32)
    for (let index = 0; index < 256; index++) {
      const shape = { kind: 1, index, firstClk: rows * index + 1, rows, ...none, payloadBytes }
      const frame = encodeFrame(shape)
      const checksum = new Uint8Array(32)
      chain = sha256(chain, frame, checksum)
      frames.push(new Uint8Array(Buffer.concat([frame, checksum, chain])))
    }
    const step = PREFIX_BYTES + payloadBytes
    const source = {
      size: headerBytes + 256 * step,
      read: (offset: number, length: number) =>
        offset < headerBytes
          ? header.slice(offset, offset + length)
          : frames[(offset - headerBytes) / step].slice(0, length),
    }
    expect(codeOf(() => openTrace(source))).toEqual({ code: 'trace/format', chunk: 255 })
  })
})

/** Where chunk `i` starts. */
function startOf(i: number): number {
  let at = headerBytes
  forged(file.bytes, (parts) => {
    for (const p of parts.slice(0, i)) at += PREFIX_BYTES + p.payload.length
  })
  return at
}

describe('changed files', () => {
  it('finds any flipped bit', () => {
    const total = file.bytes.length
    const seen = new Set<string>()
    for (let n = 0; n < 3000; n++) {
      const bit = n < 1500 ? n : Math.floor(((n - 1500) / 1500) * 8 * total)
      const at = n < 1500 ? Math.floor((n / 1500) * (headerBytes + 300)) : bit >>> 3
      const bytes = file.bytes.slice()
      bytes[at] ^= 1 << (bit & 7)
      const failure = codeOf(() => readAll(bytes))
      if (failure === undefined) expect({ at, failure }).toBe('a failure')
      else seen.add(failure.code)
    }
    expect([...seen]).toEqual(
      expect.arrayContaining([
        'trace/magic',
        'trace/version',
        'trace/header',
        'trace/chain',
        'trace/checksum',
      ]),
    )
  })

  it('names the chunk, and still reads the others', () => {
    const bytes = file.bytes.slice()
    bytes[startOf(2) + PREFIX_BYTES + 7] ^= 1
    const reader = open(bytes)
    expect(codeOf(() => reader.chunk(2))).toEqual({ code: 'trace/checksum', chunk: 2 })
    expect(reader.chunk(3).chunk).toEqual(cut(file.trace, 97, 32))
    const recovered = open(bytes, true)
    expect(recovered).toMatchObject({ complete: false, chunkCount: 2, cycles: 64 })
    expect(recovered.lostBytes).toBe(bytes.length - startOf(2))
    expect(recovered.damage).toMatchObject({ code: 'trace/checksum', chunk: 2 })
    const endless = file.bytes.slice()
    endless[endless.length - 1] ^= 1
    expect(open(endless)).toMatchObject({ complete: true })
    expect(open(endless, true)).toMatchObject({ complete: false, cycles: file.trace.cycles })
  })

  it('finds chunks that were swapped, left out or taken from another run', () => {
    const raw = (order: readonly number[], from = file.bytes): Uint8Array => {
      const pieces = [file.bytes.slice(0, headerBytes)]
      for (const i of order) pieces.push(from.slice(startOf(i), startOf(i + 1)))
      return new Uint8Array(Buffer.concat(pieces))
    }
    expect(codeOf(() => open(raw([1, 0, 2])))).toEqual({ code: 'trace/chain', chunk: 0 })
    expect(codeOf(() => open(raw([0, 2])))).toEqual({ code: 'trace/chain', chunk: 1 })
    const other = written(busy(11), 32)
    const spliced = new Uint8Array(Buffer.concat([raw([0, 1]), other.bytes.slice(startOf(2), startOf(3))]))
    expect(codeOf(() => open(spliced))).toEqual({ code: 'trace/chain', chunk: 2 })
    expect(open(spliced, true)).toMatchObject({ chunkCount: 2 })
  })

  it('trace/trailing: bytes after the trailer', () => {
    const bytes = Uint8Array.from([...file.bytes, 0])
    expect(codeOf(() => open(bytes))).toEqual({ code: 'trace/trailing', chunk: undefined })
    expect(open(bytes, true)).toMatchObject({ complete: true, lostBytes: 1 })
  })

  it('survives noise', () => {
    let seed = sha256(Uint8Array.of(1))
    for (let n = 0; n < 300; n++) {
      const bytes = file.bytes.slice()
      for (let k = 0; k <= n % 5; k++) {
        seed = sha256(seed)
        const at = new DataView(seed.buffer).getUint32(0) % bytes.length
        bytes.set(seed.subarray(0, Math.min(32, bytes.length - at)), at)
      }
      expect(codeOf(() => readAll(bytes))).toBeDefined()
      codeOf(() => readAll(bytes.subarray(0, seed[5] * 40)))
      codeOf(() => open(bytes, true))
      open(
        Uint8Array.from([...file.bytes.subarray(0, headerBytes), ...seed]).slice(0, headerBytes + 32),
        true,
      )
    }
  })
})

describe('forged files, with all hashes right', () => {
  const word = (p: Part, i: number, value: number): void =>
    new DataView(p.payload.buffer).setUint32(4 * i, value, true)
  const frame = (i: number, change: Partial<Part['frame']>) => (parts: Part[]) => {
    parts[i].frame = { ...parts[i].frame, ...change }
  }
  const last = pristine.chunkCount
  const firstEcall = Math.floor((file.trace.ecalls[0].clk - 1) / 32)
  const ecallWord = (offset: number, value: number) => (parts: Part[]) =>
    word(parts[firstEcall], 12 * 32 + offset, value)
  const copies = 12 * 32 + 16 * pristine.chunk(firstEcall).ecalls.length

  /** A chunk of zeros, of the right size. */
  const blank = (change: Partial<Part['frame']>): Part => {
    const shape = {
      kind: 1,
      index: 0,
      firstClk: 1,
      rows: 32,
      ...none,
      payloadBytes: 0,
      ...change,
    }
    const payload = new Uint8Array(payloadSize(shape))
    return { frame: { ...shape, payloadBytes: payload.length }, payload }
  }
  /** The chunk of the first audited call, and of no other. */
  const [first] = file.trace.audited
  const index = Math.floor((first.clk - 1) / 32)
  const remade = (change: Partial<Calls>): Part => {
    const { chunk, ...calls } = pristine.chunk(index)
    const { ecalls, audited } = { ...calls, ...change }
    const part = blank({
      index,
      firstClk: chunk.firstClk,
      rows: chunk.rows,
      ecalls: ecalls.length,
      copies: ecalls.flatMap((e) => e.copies).length,
      audited: audited.length,
      effects: audited.reduce((n, e) => n + e.effects.length / 5, 0),
    })
    encodeChunk(chunk, { ecalls, audited }, part.payload)
    return part
  }
  const auditedWord = (offset: number, value: number) => (parts: Part[]) => {
    const { rows, ecalls, copies: copied } = parts[index].frame
    word(parts[index], 12 * rows + 16 * ecalls + 5 * copied + offset, value)
  }
  /** These must not open; the others fail when the chunk is read. */
  const atOnce = /kind|index|firstClk|rows|size|large|many|long|trailer with|middle/

  const cases: readonly [string, string, (parts: Part[]) => void][] = [
    ['unknown kind', 'trace/format', frame(0, { kind: 3 })],
    ['wrong index', 'trace/format', frame(1, { index: 2 })],
    ['wrong firstClk', 'trace/format', frame(1, { firstClk: 34 })],
    [
      'chunk without rows',
      'trace/format',
      (parts) => {
        for (const p of parts) p.frame = { ...p.frame, index: p.frame.index + 1 }
        parts.unshift(blank({ rows: 0 }))
      },
    ],
    ['too many rows', 'trace/format', (parts) => parts.splice(0, last + 1, blank({ rows: 33 }))],
    ['more ecalls than rows', 'trace/format', (parts) => parts.splice(0, 1, blank({ ecalls: 33 }))],
    [
      'unknown kind, of the size of a trailer',
      'trace/format',
      (parts) => parts.splice(0, 1, blank({ kind: 3 })),
    ],
    ['payload of another size', 'trace/format', frame(0, { payloadBytes: 4 })],
    ['payload too large', 'trace/limits', frame(0, { payloadBytes: 2 ** 30 + 4 })],
    ['copies too many', 'trace/limits', frame(0, { copies: 2 ** 24 + 1 })],
    ['symbol too long', 'trace/limits', frame(last, { copies: 1025 })],
    ['trailer with ecalls', 'trace/format', frame(last, { ecalls: 1 })],
    ['trailer with audited ecalls', 'trace/format', frame(last, { audited: 1 })],
    ['trailer with effects', 'trace/format', frame(last, { effects: 1 })],
    ['effects too many', 'trace/limits', frame(0, { effects: 2 ** 24 + 1 })],
    [
      'more ecalls of both kinds than rows',
      'trace/format',
      (parts) => parts.splice(0, 1, blank({ ecalls: 16, audited: 17 })),
    ],
    [
      'short chunk in the middle',
      'trace/format',
      (parts) => {
        const { index, firstClk } = parts[3].frame
        parts[3] = blank({ index, firstClk, rows: 31 })
        for (const p of parts.slice(4)) p.frame = { ...p.frame, firstClk: p.frame.firstClk - 1 }
      },
    ],
    ['ecall before its chunk', 'trace/format', ecallWord(0, 0)],
    [
      'ecall after its chunk',
      'trace/format',
      (parts) => {
        const { clk } = file.trace.ecalls[2]
        const index = Math.floor((clk - 1) / 32)
        word(parts[index], 12 * parts[index].frame.rows, 32 * (index + 1) + 1)
      },
    ],
    [
      'limit of no cycle',
      'trace/format',
      (parts) => {
        const { frame: f, payload } = parts[last]
        parts.splice(0, last + 1, { frame: { ...f, index: 0, firstClk: 1 }, payload })
        for (const [at, value] of [
          [0, 3],
          [3, 0],
          [7, 0],
          [8, 0],
        ])
          word(parts[0], at, value)
      },
    ],
    ['cursor that is none', 'trace/format', ecallWord(11, 5)],
    ['padding of an ecall', 'trace/format', ecallWord(15, 1)],
    ['more copies than there are', 'trace/format', ecallWord(14, 2 ** 32 - 1)],
    ['fewer copies than there are', 'trace/format', ecallWord(14, 0)],
    ['copy outside RAM', 'trace/format', (parts) => word(parts[firstEcall], copies, 2 ** 30)],
    ['copy not aligned', 'trace/format', (parts) => word(parts[firstEcall], copies, 2)],
    ['copy of no byte', 'trace/format', (parts) => word(parts[firstEcall], copies + 4, 1)],
    ['copy past its word', 'trace/format', (parts) => word(parts[firstEcall], copies + 4, 2 | (3 << 8))],
    ['audited ecall before its chunk', 'trace/format', auditedWord(0, first.clk - 32)],
    ['audited ecall after its chunk', 'trace/format', auditedWord(0, first.clk + 32)],
    [
      'audited ecalls of one cycle',
      'trace/format',
      (parts) => {
        const twice = { ...first, effects: first.effects.slice(0, 5) }
        parts[index] = remade({ audited: [twice, twice] })
      },
    ],
    [
      'a cycle with two calls',
      'trace/format',
      (parts) => void (parts[index] = remade({ ecalls: [{ ...file.trace.ecalls[0], clk: first.clk }] })),
    ],
    ['next pc not aligned', 'trace/format', auditedWord(2, 0x10002)],
    ['next pc outside RAM', 'trace/format', auditedWord(2, 2 ** 30)],
    ['more effects than there are', 'trace/format', auditedWord(3, 2 ** 32 - 1)],
    ['fewer effects than there are', 'trace/format', auditedWord(3, first.effects.length / 5 - 1)],
    ['no effects', 'trace/format', auditedWord(3, 0)],
    [
      'effects that no call has',
      'trace/format',
      (parts) => {
        const effects = first.effects.slice()
        effects[0] |= 4
        parts[index] = remade({ audited: [{ ...first, effects }] })
      },
    ],
    ['unknown halt', 'trace/format', (parts) => word(parts[last], 0, 9)],
    ['no halt', 'trace/format', (parts) => word(parts[last], 0, 0)],
    ['unknown trap', 'trace/format', (parts) => (word(parts[last], 0, 2), word(parts[last], 1, 99))],
    ['impossible limit', 'trace/format', (parts) => (word(parts[last], 0, 3), word(parts[last], 7, 5))],
    ['halt in another cycle', 'trace/format', (parts) => word(parts[last], 3, 5)],
    ['unknown halt record', 'trace/format', (parts) => word(parts[last], 8, 3)],
    ['halt record of another cycle', 'trace/format', (parts) => word(parts[last], 9, 5)],
    ['memory not aligned', 'trace/format', (parts) => word(parts[last], 91, 1)],
    [
      'memory outside RAM',
      'trace/format',
      (parts) => word(parts[last], 91 + file.trace.memory.addr.length - 1, 2 ** 30),
    ],
    ['memory out of order', 'trace/format', (parts) => word(parts[last], 92, file.trace.memory.addr[0])],
    [
      'symbol that steers a terminal',
      'trace/format',
      (parts) => {
        const { frame: f, payload } = parts[last]
        const bytes = Uint8Array.from([...payload, 0x1b, 0x63, 0, 0])
        parts[last] = { frame: { ...f, copies: f.copies + 4, payloadBytes: bytes.length }, payload: bytes }
      },
    ],
  ]
  for (const [name, code, change] of cases)
    it(name, () => {
      const forgery = forged(file.bytes, change)
      expect(codeOf(() => (atOnce.test(name) ? open : readAll)(forgery))?.code).toBe(code)
      expect(open(forgery, true)).toMatchObject({ complete: false, damage: { code } })
    })

  it('a chunk that is encoded again is the same', () => {
    expect(pristine.chunk(index).audited).toEqual([first])
    expect(forged(file.bytes, (parts) => void (parts[index] = remade({})))).toEqual(file.bytes)
  })

  it('a forgery that changes nothing is the file', () => {
    expect(forged(file.bytes, () => {})).toEqual(file.bytes)
    expect(forgedHeader(file.bytes, () => {})).toEqual(file.bytes)
  })

  const headers: readonly [string, string, (view: DataView) => void][] = [
    ['the version before', 'trace/version', (v) => v.setUint32(8, 1, true)],
    ['version', 'trace/version', (v) => v.setUint32(8, 3, true)],
    ['no chunk rows', 'trace/limits', (v) => v.setUint32(12, 0, true)],
    ['too many chunk rows', 'trace/limits', (v) => v.setUint32(12, 2 ** 20 + 1, true)],
    ['more instructions than the file', 'trace/truncated', (v) => v.setUint32(20, 2 ** 24, true)],
    ['more instructions than any program', 'trace/limits', (v) => v.setUint32(20, 2 ** 24 + 1, true)],
    ['pc not aligned', 'trace/format', (v) => v.setUint32(56, 0x10001, true)],
    ['pc out of order', 'trace/format', (v) => v.setUint32(60, 0x10000, true)],
    ['pc outside RAM', 'trace/format', (v) => v.setUint32(56 + 4 * (pristine.codeCount - 1), 2 ** 30, true)],
    [
      'code too wide',
      'trace/limits',
      (v) => v.setUint32(56 + 4 * (pristine.codeCount - 1), 2 ** 30 - 4, true),
    ],
    ['no instruction', 'trace/format', (v) => v.setUint32(56 + 4 * pristine.codeCount, 0xffffffff, true)],
  ]
  for (const [name, code, change] of headers)
    it(`header: ${name}`, () => {
      const { length } = file.bytes
      const forgery = name.startsWith('more') ? file.bytes.slice() : forgedHeader(file.bytes, change)
      if (name.startsWith('more')) change(new DataView(forgery.buffer))
      expect(forgery.length).toBe(length)
      expect(codeOf(() => open(forgery))?.code).toBe(code)
    })
})

describe('the writer refuses misuse', () => {
  it('chunks out of order, and a run of another length', () => {
    const writer = traceWriter(program, memorySink(), 32)
    expect(() => writer.onChunk(cut(file.trace, 2, 32), noCalls)).toThrow(RangeError)
    expect(() => writer.onChunk(cut(file.trace, 1, 33), noCalls)).toThrow(RangeError)
    expect(() => writer.onChunk(cut(file.trace, 1, 0), noCalls)).toThrow(RangeError)
    const huge = { ...file.trace.ecalls[0], copies: { length: 2 ** 24 + 1 } as readonly CopyRecord[] }
    expect(codeOf(() => writer.onChunk(cut(file.trace, 1, 32), { ecalls: [huge], audited: [] }))).toEqual({
      code: 'trace/limits',
      chunk: 0,
    })
    const effects = { length: 5 * (2 ** 24 + 1) } as Uint32Array
    const wide = { ...file.trace.audited[0], effects }
    expect(codeOf(() => writer.onChunk(cut(file.trace, 1, 32), { ecalls: [], audited: [wide] }))?.code).toBe(
      'trace/limits',
    )
    expect(() => writer.finish(file.halt, file.trace)).toThrow(RangeError)
    writer.onChunk(cut(file.trace, 1, 31), noCalls)
    expect(() => writer.onChunk(cut(file.trace, 32, 32), noCalls)).toThrow(RangeError)
    expect(() => traceWriter(program, memorySink(), 0)).toThrow(RangeError)
  })
})
