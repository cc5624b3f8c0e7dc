import { describe, expect, it } from 'vitest'
import { ISA, SINK, decode, encode } from '@vouch/engine'
import { codeTable } from '../src/code.ts'
import { STOP, advance } from '../src/machine.ts'
import { memoryOf } from '../src/memory.ts'
import { RunPort } from '../src/port-run.ts'
import { TracePort } from '../src/port-trace.ts'
import { oracle } from './oracle.ts'
import { BASE, programOf } from './support.ts'

const EDGES = [
  0,
  1,
  2,
  -1,
  -2,
  2 ** 31 - 1,
  -(2 ** 31),
  1 - 2 ** 31,
  0xffff,
  0x10000,
  -65536,
  0x12345678,
  31,
  32,
  33,
]
const DATA = 0x20000
/** Every byte of its word is another, and each has its sign bit set or clear in turn. */
const CONTENT = [0x80, 0x7f, 0xff, 0x01, 0xfe, 0x00, 0x81, 0x55]

const none = programOf([encode('addi', {})])
const run = new RunPort(memoryOf(none, false), BASE)
const traced = new TracePort(memoryOf(none, true), BASE)
const pages = [run, traced].map((port) => port.memory.touch(DATA >>> 12))

/** Both ports as new: making a fresh one for each of 50,000 cases takes minutes. */
function reset(): void {
  for (const port of [run, traced]) {
    port.pc = BASE
    port.registers.fill(0)
  }
  for (const { words, times } of pages) {
    words.fill(0)
    times.fill(0)
    CONTENT.forEach((b, i) => (words[i >> 2] |= b << (8 * (i & 3))))
  }
  traced.times.fill(0)
  traced.row = 0
  traced.ts = 4
  for (const column of Object.values(traced.chunk)) if (column instanceof Uint32Array) column[0] = 0
}

interface Case {
  rd: number
  rs1: number
  rs2: number
  imm: number
  x: number
  y: number
}

/** Runs one instruction on both ports and compares the whole machine with what the oracle declares. */
function check(name: string, c: Case): void {
  const word = encode(name, c)
  const entry = decode(word)
  if (entry === undefined) throw new Error(`${name} does not decode`)
  const { format } = ISA[entry.op]
  const program = programOf([word])
  const code = codeTable(program)
  reset()
  const has1 = 'RIshiftSB'.includes(format)
  const has2 = 'RSB'.includes(format)
  for (const port of [run, traced]) {
    for (let r = 1; r < 32; r++) port.registers[r] = 0x01010101 * r
    if (has2 && c.rs2 !== 0) port.registers[c.rs2] = c.y
    if (has1 && c.rs1 !== 0) port.registers[c.rs1] = c.x
  }
  const before = run.registers.slice()
  const x = has1 ? before[c.rs1] : 0
  const y = has2 ? before[c.rs2] : 0
  const want = oracle(name, { pc: BASE, x, y, imm: entry.imm, byteAt: (a) => CONTENT[a - DATA] })

  const registers = before.slice()
  if (want.rd !== undefined) registers[entry.rd] = want.rd
  const bytes = [...CONTENT]
  for (const [a, b] of want.bytes ?? []) bytes[a - DATA] = b
  const memory = [0, 4].map((o) => bytes.slice(o, o + 4).reduceRight((v, b) => v * 256 + b, 0))
  const next = want.next ?? BASE + 4
  const label = JSON.stringify({ name, ...c })
  if (next % 4 !== 0) {
    for (const port of [run, traced]) expect(advance(port, code, 1)).toBe(0)
    expect([run.stop, traced.stop], label).toEqual([STOP.misalignedFetch, STOP.misalignedFetch])
    expect(run.registers, label).toEqual(before)
    return
  }
  for (const port of [run, traced]) {
    const retired = advance(port, code, 1)
    const words = port.memory.pages[DATA >>> 12]?.words ?? []
    const got = [retired, port.stop, port.pc, words[0] >>> 0, words[1] >>> 0]
    if (`${got}` !== `${[1, STOP.done, next, ...memory]}` || `${port.registers}` !== `${registers}`)
      expect([label, ...got, ...port.registers]).toEqual([label, 1, STOP.done, next, ...memory, ...registers])
  }
  const row = (column: Uint32Array): number => column[0]
  const { chunk } = traced
  const isMemory = name.startsWith('l') && name !== 'lui' ? true : format === 'S'
  const address = isMemory ? (x + entry.imm) >>> 0 : 0
  const wordOf = (list: readonly number[]): number =>
    list
      .slice(address - DATA - (address % 4))
      .slice(0, 4)
      .reduceRight((v, b) => v * 256 + b, 0)
  const same = has2 && c.rs1 === c.rs2
  const lastRead =
    has2 && entry.rd === c.rs2 ? 5 : (has1 || format === 'fence') && entry.rd === entry.rs1 ? 4 : 0
  const declared = {
    pc: BASE,
    rs1Value: x >>> 0,
    rs1Prev: 0,
    rs2Value: y >>> 0,
    rs2Prev: same ? 4 : 0,
    rdBefore: want.rd === undefined ? 0 : before[entry.rd] >>> 0,
    rdAfter: want.rd ?? 0,
    rdPrev: want.rd === undefined ? 0 : lastRead,
    memAddr: address,
    memBefore: isMemory ? wordOf(CONTENT) : 0,
    memAfter: isMemory ? wordOf(bytes) : 0,
    memPrev: 0,
  }
  for (const [field, value] of Object.entries(declared)) {
    const got = row(chunk[field as keyof typeof declared])
    if (got !== value) expect({ label, field, got }).toEqual({ label, field, got: value })
  }
}

const operands = { rd: 5, rs1: 6, rs2: 7 }
const immediates = (format: string): readonly number[] =>
  format === 'shift' ? Array.from({ length: 32 }, (_, i) => i) : [0, 1, -1, 2047, -2048, 31, 32]

describe('every instruction does what the manual says and nothing else', () => {
  for (const { name, format } of ISA) {
    if (format === 'system') continue
    it(name, () => {
      if (format === 'R') {
        for (const x of EDGES) for (const y of EDGES) check(name, { ...operands, imm: 0, x, y })
        for (let y = -33; y < 66; y++) check(name, { ...operands, imm: 0, x: 0x87654321 | 0, y })
        for (const x of EDGES) {
          check(name, { rd: 5, rs1: 5, rs2: 5, imm: 0, x, y: x })
          check(name, { rd: 0, rs1: 6, rs2: 7, imm: 0, x, y: -3 })
          check(name, { rd: 5, rs1: 0, rs2: 7, imm: 0, x: 0, y: x })
          check(name, { rd: 7, rs1: 6, rs2: 7, imm: 0, x: -3, y: x })
          check(name, { rd: 5, rs1: 6, rs2: 0, imm: 0, x, y: 0 })
        }
        check(name, { rd: 0, rs1: 0, rs2: 0, imm: 0, x: 0, y: 0 })
      } else if (format === 'shift' || (format === 'I' && !name.startsWith('l') && name !== 'jalr')) {
        for (const imm of immediates(format)) {
          for (const x of EDGES) check(name, { ...operands, rs2: 0, imm, x, y: 0 })
          check(name, { rd: 6, rs1: 6, rs2: 0, imm, x: -5, y: 0 })
          check(name, { rd: 0, rs1: 6, rs2: 0, imm, x: -5, y: 0 })
          check(name, { rd: 5, rs1: 0, rs2: 0, imm, x: 0, y: 0 })
          check(name, { rd: 0, rs1: 0, rs2: 0, imm, x: 0, y: 0 })
        }
      } else if (name === 'jalr') {
        for (const x of [0x20000, 0x20001, 0x20002, 0x20003, -4, 0, 2 ** 31 - 4])
          for (const imm of [0, 4, -4, 1, 2, 3, 2044])
            for (const [rd, rs1] of [
              [1, 6],
              [6, 6],
              [0, 6],
            ])
              check(name, { rd, rs1, rs2: 0, imm, x, y: 0 })
      } else if (format === 'B') {
        for (const imm of [8, -8, 4094, -4096, 2, 0])
          for (const x of EDGES) for (const y of EDGES) check(name, { rd: 0, rs1: 6, rs2: 7, imm, x, y })
        for (const r of [0, 5]) check(name, { rd: 0, rs1: r, rs2: r, imm: 8, x: 9, y: 9 })
      } else if (format === 'I' || format === 'S') {
        const width = { b: 1, h: 2, w: 4 }[name[1]] ?? 0
        for (let lane = 0; lane < 8; lane += width)
          for (const imm of [0, 4, -4, 2047, -2048])
            for (const y of EDGES) {
              const x = DATA + lane - imm
              check(name, { ...operands, rd: format === 'I' ? 5 : 0, rs2: format === 'S' ? 7 : 0, imm, x, y })
              if (format === 'I') for (const rd of [6, 0]) check(name, { rd, rs1: 6, rs2: 0, imm, x, y: 0 })
              else for (const rs2 of [6, 0]) check(name, { rd: 0, rs1: 6, rs2, imm, x, y: rs2 === 6 ? x : 0 })
            }
      } else if (format === 'U') {
        for (const rd of [0, 5])
          for (const imm of [0, 4096, -4096, -(2 ** 31), 0x7ffff000])
            check(name, { rd, rs1: 0, rs2: 0, imm, x: 0, y: 0 })
      } else if (format === 'J') {
        for (const rd of [0, 1])
          for (const imm of [0, 4, -4, 2, 1048572, -1048576])
            check(name, { rd, rs1: 0, rs2: 0, imm, x: 0, y: 0 })
      } else check(name, { rd: 0, rs1: 0, rs2: 0, imm: 0, x: 0, y: 0 })
    })
  }

  it('never writes x0: a write to it goes to the sink', () => {
    const program = programOf([encode('addi', { rd: 0, rs1: 0, imm: 7 }), encode('add', { rd: 5 })])
    const port = new RunPort(memoryOf(program, false), BASE)
    advance(port, codeTable(program), 2)
    expect([port.registers[0], port.registers[SINK], port.registers[5]]).toEqual([0, 7, 0])
  })
})
