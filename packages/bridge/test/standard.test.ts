import { describe, expect, it } from 'vitest'
import { JOURNAL_CURSOR, PUBLIC_CURSOR, RAM_SIZE, parseElf, run, trace } from '@vouch/engine'
import type { EcallRecord, Halt, TouchedMemory } from '@vouch/engine'
import { assembleElf } from '@vouch/engine/assembler'
import { bridge, MAX_STREAM_BYTES, openLog } from '@vouch/bridge'

type Call = readonly [number: number, a0: number, a1: number, a2: number]
const READ = 63
const WRITE = 64
const EXIT: Call = [93, 3, 0, 0]
const DATA = 0x20000
const TOP = RAM_SIZE

const PRIVATE = Uint8Array.from({ length: 11 }, (_, i) => 0xa0 + i)
const PUBLIC = Uint8Array.from({ length: 9 }, (_, i) => 0xd1 + i)

interface Outcome {
  halt: Halt
  journal: number[]
  console: [number, number[]][]
  consumed: [number, number]
  ecalls: readonly EcallRecord[]
  memory: TouchedMemory
  /** Results of all calls but the exit, direct ones or not. */
  results: readonly number[]
  direct: readonly boolean[]
}

/** Makes the calls one after the other, running and tracing, and checks that both do the same. */
function calls(...list: readonly Call[]): Outcome {
  const source = list
    .map((values) => ['a7', 'a0', 'a1', 'a2'].map((r, i) => `li ${r}, ${values[i]}\n`).join('') + 'ecall\n')
    .join('')
  const data = { address: DATA, bytes: Uint8Array.from({ length: 16 }, (_, i) => i + 1) }
  const program = parseElf(assembleElf(source, data))
  const once = (start: typeof run | typeof trace) => {
    const console: [number, number[]][] = []
    const host = bridge({
      salt: new Uint8Array(32),
      privateInput: PRIVATE,
      publicInput: PUBLIC,
      onConsole: (fd, bytes) => console.push([fd, Array.from(bytes)]),
    })
    const result = start(program, host)
    const consumed: [number, number] = [host.privateConsumed, host.publicConsumed]
    const opened = openLog(host.auditBytes()!)
    if (!opened.ok) throw new Error(opened.failure.message)
    const records = opened.records.slice(0, -1).map((r) => r.record)
    const seen = {
      halt: result.halt,
      journal: Array.from(host.journal()),
      console,
      consumed,
      results: records.map((r) => r.result),
      direct: records.map((r) => r.direct),
    }
    return { result, seen }
  }
  const plain = once(run)
  const { result, seen } = once(trace)
  expect(seen).toEqual(plain.seen)
  const { trace: made } = result as ReturnType<typeof trace>
  return { ...seen, ecalls: made.ecalls, memory: made.memory }
}

const bytesAt = ({ memory }: Outcome, address: number, length: number): number[] =>
  Array.from({ length }, (_, i) => {
    const at = address + i
    const word = memory.addr.indexOf(at - (at % 4))
    return (memory.final[word] >>> (8 * (at % 4))) & 255
  })

describe('exit', () => {
  for (const number of [93, 94, 0])
    it(`call ${number} exits with a0`, () => {
      expect(calls([number, 77, 0, 0]).halt).toMatchObject({ kind: 'exit', code: 77, cycle: 9 })
    })
})

describe('read', () => {
  for (let offset = 0; offset < 4; offset++)
    for (const length of [1, 2, 3, 4, 5, 8])
      it(`${length} bytes to an address ${offset} mod 4`, () => {
        const address = DATA + 4 + offset
        const o = calls([READ, 0, address, length], EXIT)
        expect(bytesAt(o, address, length)).toEqual(Array.from(PRIVATE.subarray(0, length)))
        expect(o.consumed).toEqual([length, 0])
        const [{ copies, result, cursor }] = o.ecalls
        expect([result, cursor]).toEqual([length, 0])
        expect(copies.map((c) => c.addr)).toEqual(
          Array.from({ length: Math.ceil((offset + length) / 4) }, (_, i) => DATA + 4 + 4 * i),
        )
        // The bytes around stay: the data is 1, 2, 3…
        const [first] = copies
        for (let b = 0; b < offset; b++) expect((first.after >>> (8 * b)) & 255).toBe(5 + b)
      })

  it('gives no more than there is, then nothing', () => {
    const o = calls([READ, 0, DATA, 8], [READ, 0, DATA, 8], [READ, 0, DATA, 8], EXIT)
    expect(o.ecalls.map((e) => e.result)).toEqual([8, 3, 0])
    expect(o.ecalls[2].copies).toEqual([])
    expect(o.consumed).toEqual([11, 0])
  })

  it('a buffer may end where RAM ends', () => {
    expect(calls([READ, 0, DATA, TOP - DATA], EXIT).ecalls[0].result).toBe(11)
    expect(calls([READ, 0, TOP - 11, 11], EXIT).ecalls[0].result).toBe(11)
  })

  for (const [name, address] of [
    ['one byte past RAM', TOP - 10],
    ['at 2^30', TOP],
    ['at 2^32 − 1', 2 ** 32 - 1],
  ] as const)
    for (const fd of [0, 4])
      it(`${fd}, ${name}: EFAULT, and nothing consumed`, () => {
        const o = calls([READ, fd, address + (fd === 4 && address < TOP ? 2 : 0), 100], EXIT)
        expect(o).toMatchObject({ results: [-14], direct: [false], consumed: [0, 0] })
      })

  it('nothing may be read to anywhere', () => {
    const o = calls([READ, 0, 2 ** 32 - 1, 0], [READ, 4, TOP, 0], EXIT)
    expect(o.halt.kind).toBe('exit')
    expect(o.ecalls.map((e) => [e.result, e.cursor, e.copies.length])).toEqual([
      [0, 0, 0],
      [0, PUBLIC_CURSOR, 0],
    ])
  })

  it('moves the public cursor, also by nothing', () => {
    const o = calls([READ, 4, DATA, 7], [READ, 0, DATA, 2], [READ, 4, DATA, 7], [READ, 4, DATA, 7], EXIT)
    expect(o.ecalls.map((e) => [e.cursor, e.cursorBefore, e.result])).toEqual([
      [PUBLIC_CURSOR, 0, 7],
      [0, 0, 2],
      [PUBLIC_CURSOR, 7, 2],
      [PUBLIC_CURSOR, 9, 0],
    ])
    expect(o.consumed).toEqual([2, 9])
  })
})

describe('write', () => {
  it('appends to the journal and moves its cursor', () => {
    const o = calls([WRITE, 3, DATA + 1, 6], [WRITE, 3, DATA, 0], [WRITE, 3, DATA + 15, 1], EXIT)
    expect(o.journal).toEqual([2, 3, 4, 5, 6, 7, 16])
    expect(o.ecalls.map((e) => [e.cursor, e.cursorBefore, e.result, e.copies.length])).toEqual([
      [JOURNAL_CURSOR, 0, 6, 2],
      [JOURNAL_CURSOR, 6, 0, 0],
      [JOURNAL_CURSOR, 6, 1, 1],
    ])
    expect(o.ecalls[0].copies.every((c) => c.before === c.after)).toBe(true)
  })

  for (const [name, address, length] of [
    ['one byte past RAM', TOP - 3, 4],
    ['from 2^32 − 1', 2 ** 32 - 1, 1],
    ['of 2^32 − 1 bytes', DATA, 2 ** 32 - 1],
  ] as const)
    for (const fd of [1, 3])
      it(`to ${fd}, ${name}: EFAULT, and nothing written`, () => {
        const o = calls([WRITE, fd, address, length], EXIT)
        expect(o).toMatchObject({ results: [-14], direct: [false], journal: [], console: [] })
      })

  for (const fd of [1, 2])
    it(`to the console, descriptor ${fd}: shown, not proved`, () => {
      const o = calls([WRITE, fd, DATA + 1, 3], [WRITE, fd, DATA, 0], EXIT)
      expect(o.console).toEqual([[fd, [2, 3, 4]]])
      expect(o.ecalls.map((e) => [e.result, e.cursor, e.copies.length])).toEqual([
        [3, 0, 0],
        [0, 0, 0],
      ])
      expect(o.memory.addr).toHaveLength(0)
    })
})

describe('anything else fails, with a record', () => {
  const [EBADF, ENOSYS] = [-9, -38]
  const others: readonly [Call, number][] = [
    [[READ, 1, DATA, 1], EBADF],
    [[READ, 2, DATA, 1], EBADF],
    [[READ, 3, DATA, 1], EBADF],
    [[READ, 5, DATA, 1], EBADF],
    [[READ, 2 ** 32 - 1, DATA, 0], EBADF],
    [[WRITE, 0, DATA, 1], EBADF],
    [[WRITE, 4, DATA, 1], EBADF],
    [[WRITE, 5, DATA, 0], EBADF],
    [[1, 0, 0, 0], ENOSYS],
    [[80, 0, 0, 0], ENOSYS],
    [[2 ** 32 - 93, 0, 0, 0], ENOSYS],
  ]
  for (const [call, result] of others)
    it(`${call}`, () => {
      const o = calls(call, EXIT)
      expect(o).toMatchObject({ results: [result], direct: [false], halt: { kind: 'exit', code: 3 } })
    })

  it('an input that is too long', () => {
    const long = { length: MAX_STREAM_BYTES + 1 } as Uint8Array
    expect(() => bridge({ privateInput: long })).toThrow('an input has at most')
    expect(() => bridge({ publicInput: long })).toThrow('an input has at most')
  })
})
