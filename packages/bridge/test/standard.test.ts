import { describe, expect, it } from 'vitest'
import { JOURNAL_CURSOR, PUBLIC_CURSOR, RAM_SIZE, parseElf, run, trace } from '@vouch/engine'
import type { EcallRecord, Halt, TouchedMemory } from '@vouch/engine'
import { assembleElf } from '@vouch/engine/assembler'
import { MAX_STREAM_BYTES, standardHost } from '@vouch/bridge'

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
    const host = standardHost({
      privateInput: PRIVATE,
      publicInput: PUBLIC,
      onConsole: (fd, bytes) => console.push([fd, Array.from(bytes)]),
    })
    const result = start(program, host)
    const consumed: [number, number] = [host.privateConsumed, host.publicConsumed]
    return { result, seen: { halt: result.halt, journal: Array.from(host.journal()), console, consumed } }
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

  it('a length of 2^32 − 1 is as much as there is; so is the end of RAM', () => {
    expect(calls([READ, 0, DATA, 2 ** 32 - 1], EXIT).ecalls[0].result).toBe(11)
    expect(calls([READ, 0, TOP - 11, 2 ** 32 - 1], EXIT).ecalls[0].result).toBe(11)
  })

  for (const [name, address] of [
    ['one byte past RAM', TOP - 10],
    ['at 2^30', TOP],
    ['at 2^32 − 1', 2 ** 32 - 1],
  ] as const)
    for (const fd of [0, 4])
      it(`${fd}, ${name}: a trap, and nothing consumed`, () => {
        const o = calls([READ, fd, address + (fd === 4 && address < TOP ? 2 : 0), 100], EXIT)
        expect(o.halt).toMatchObject({ kind: 'trap', cause: 'syscall-fault', number: READ, cycle: 9 })
        expect(o.consumed).toEqual([0, 0])
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

  for (const [name, address, length, cause] of [
    ['one byte past RAM', TOP - 3, 4, 'syscall-fault'],
    ['from 2^32 − 1', 2 ** 32 - 1, 1, 'syscall-fault'],
    ['of 2^32 − 1 bytes', DATA, 2 ** 32 - 1, 'syscall-fault'],
    ['of more than a journal holds', 0, MAX_STREAM_BYTES + 1, 'journal-full'],
  ] as const)
    it(`to the journal, ${name}: a trap, and nothing appended`, () => {
      const o = calls([WRITE, 3, address, length], EXIT)
      expect(o.halt).toMatchObject({ kind: 'trap', cause, number: WRITE })
      expect(o.journal).toEqual([])
    })

  for (const fd of [1, 2])
    it(`to the console, descriptor ${fd}: shown, not proved`, () => {
      const o = calls([WRITE, fd, DATA + 1, 3], [WRITE, fd, DATA, 0], EXIT)
      expect(o.console).toEqual([
        [fd, [2, 3, 4]],
        [fd, []],
      ])
      expect(o.ecalls.map((e) => [e.result, e.cursor, e.copies.length])).toEqual([
        [3, 0, 0],
        [0, 0, 0],
      ])
      expect(o.memory.addr).toHaveLength(0)
    })

  it('to the console never traps; what lies outside RAM, or beyond 1 MiB, is not shown', () => {
    const list: Call[] = [
      [WRITE, 1, TOP - 2, 10],
      [WRITE, 1, 2 ** 32 - 1, 5],
      [WRITE, 1, 0, 2 ** 32 - 1],
      EXIT,
    ]
    const o = calls(...list)
    expect(o.halt.kind).toBe('exit')
    expect(o.console.map(([, bytes]) => bytes.length)).toEqual([2, 0, 2 ** 20])
    expect(o.ecalls.map((e) => e.result)).toEqual([10, 5, 2 ** 32 - 1])
  })
})

describe('anything else is refused', () => {
  const others: readonly Call[] = [
    [READ, 1, DATA, 1],
    [READ, 2, DATA, 1],
    [READ, 3, DATA, 1],
    [READ, 5, DATA, 1],
    [READ, 2 ** 32 - 1, DATA, 0],
    [WRITE, 0, DATA, 1],
    [WRITE, 4, DATA, 1],
    [WRITE, 5, DATA, 0],
    [1, 0, 0, 0],
    [62, 0, 0, 0],
    [65, 0, 0, 0],
    [214, 0, 0, 0],
    [2 ** 32 - 93, 0, 0, 0],
  ]
  for (const call of others)
    it(`${call}`, () => {
      const { halt } = calls(call, EXIT)
      expect(halt).toMatchObject({ kind: 'trap', cause: 'unsupported-syscall', number: call[0], cycle: 9 })
    })

  it('an input that is too long', () => {
    const long = { length: MAX_STREAM_BYTES + 1 } as Uint8Array
    expect(() => standardHost({ privateInput: long })).toThrow(RangeError)
    expect(() => standardHost({ publicInput: long })).toThrow(RangeError)
  })
})
