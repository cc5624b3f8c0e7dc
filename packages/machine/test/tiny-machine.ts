import {
  CHUNK_ROWS,
  EFFECT,
  effectRows,
  INITIAL_SP,
  JOURNAL_CURSOR,
  PUBLIC_CURSOR,
  REGISTER_SLOTS,
  SINK,
} from '@vouch/engine'
import type { AuditedCall, AuditedRecord, EcallRecord, HaltRecord, Trace, TraceChunk } from '@vouch/engine'
import type { LoggedCall } from '../src/index.ts'
import type { Instruction } from '../src/rom-rows.ts'

/**
 * A slow second machine for the tests, written from the manual and the trace contract alone: no decoding, one
 * instruction object a step.
 */
export interface TinyRun {
  readonly trace: Trace
  readonly journal: Uint8Array
  readonly registers: Uint32Array
  readonly memory: ReadonlyMap<number, number>
  /** Every host call; of an audited one, what it was asked for. */
  readonly calls: readonly TinyCall[]
}

/** What an audited call sees of the machine. */
export interface TinyGuest {
  readonly pc: number
  readonly reg: (slot: number) => number
  readonly byte: (address: number) => number
}

export type TinyCall = LoggedCall & { readonly call?: AuditedCall }

export interface TinyInput {
  readonly privateInput?: Uint8Array
  readonly publicInput?: Uint8Array
  readonly shortReads?: number
  /** Audited calls, by a7. */
  readonly calls?: Readonly<Record<number, (guest: TinyGuest) => AuditedCall>>
}

export interface TinyProgram {
  readonly entry: number
  readonly code: readonly Instruction[]
  readonly wordAddr: Uint32Array
  readonly wordValue: Uint32Array
}

const chunk = (firstClk: number): TraceChunk => {
  const column = (): Uint32Array => new Uint32Array(CHUNK_ROWS)
  return {
    firstClk,
    rows: 0,
    pc: column(),
    rs1Value: column(),
    rs1Prev: column(),
    rs2Value: column(),
    rs2Prev: column(),
    rdBefore: column(),
    rdAfter: column(),
    rdPrev: column(),
    memAddr: column(),
    memBefore: column(),
    memAfter: column(),
    memPrev: column(),
  }
}

const wide = (a: number, b: number, aSigned: boolean, bSigned: boolean): number => {
  const x = aSigned ? BigInt(a | 0) : BigInt(a >>> 0)
  const y = bSigned ? BigInt(b | 0) : BigInt(b >>> 0)
  return Number(BigInt.asUintN(32, (x * y) >> 32n))
}

/** What rd becomes, for instructions that neither jump nor touch memory. */
export const ALU: Readonly<Record<string, (a: number, b: number) => number>> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  and: (a, b) => a & b,
  or: (a, b) => a | b,
  xor: (a, b) => a ^ b,
  slt: (a, b) => ((a | 0) < (b | 0) ? 1 : 0),
  sltu: (a, b) => (a >>> 0 < b >>> 0 ? 1 : 0),
  sll: (a, b) => a << (b & 31),
  srl: (a, b) => a >>> (b & 31),
  sra: (a, b) => (a | 0) >> (b & 31),
  mul: (a, b) => Math.imul(a, b),
  mulh: (a, b) => wide(a, b, true, true),
  mulhsu: (a, b) => wide(a, b, true, false),
  mulhu: (a, b) => wide(a, b, false, false),
  div: (a, b) => (b === 0 ? -1 : Math.trunc((a | 0) / (b | 0))),
  divu: (a, b) => (b === 0 ? -1 : Math.floor(a / b)),
  rem: (a, b) => (b === 0 ? a : (a | 0) % (b | 0)),
  remu: (a, b) => (b === 0 ? a : a % b),
}
const IMMEDIATE: Readonly<Record<string, string>> = {
  addi: 'add',
  andi: 'and',
  ori: 'or',
  xori: 'xor',
  slti: 'slt',
  sltiu: 'sltu',
  slli: 'sll',
  srli: 'srl',
  srai: 'sra',
}
const BRANCH: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  beq: (a, b) => a === b,
  bne: (a, b) => a !== b,
  blt: (a, b) => (a | 0) < (b | 0),
  bge: (a, b) => (a | 0) >= (b | 0),
  bltu: (a, b) => a < b,
  bgeu: (a, b) => a >= b,
}
const LOAD: Readonly<Record<string, (word: number, at: number) => number>> = {
  lw: (w) => w,
  lb: (w, at) => ((w >>> (8 * at)) << 24) >> 24,
  lbu: (w, at) => (w >>> (8 * at)) & 255,
  lh: (w, at) => ((w >>> (8 * at)) << 16) >> 16,
  lhu: (w, at) => (w >>> (8 * at)) & 0xffff,
}
const STORE_BITS: Readonly<Record<string, number>> = { sw: 32, sh: 16, sb: 8 }

export function runTiny(program: TinyProgram, input: TinyInput = {}): TinyRun {
  const { privateInput = new Uint8Array(0), publicInput = new Uint8Array(0) } = input
  const at = new Map(program.code.map((i) => [i.pc, i]))
  const registers = new Uint32Array(REGISTER_SLOTS)
  registers[2] = INITIAL_SP
  const registerTs = new Uint32Array(REGISTER_SLOTS)
  const memory = new Map<number, number>()
  program.wordAddr.forEach((a, i) => memory.set(a, program.wordValue[i]))
  const initial = new Map(memory)
  const memoryTs = new Map<number, number>()
  const chunks: TraceChunk[] = [chunk(1)]
  const ecalls: EcallRecord[] = []
  const audited: AuditedRecord[] = []
  const calls: TinyCall[] = []
  const journal: number[] = []
  let privatePos = 0
  let halt: HaltRecord | undefined
  let pc = program.entry
  let clk = 1
  for (; halt === undefined; clk++) {
    const i = at.get(pc)
    if (i === undefined) throw new Error(`no instruction at ${pc}`)
    let c = chunks[chunks.length - 1]
    if (c.rows === CHUNK_ROWS) chunks.push((c = chunk(clk)))
    const r = c.rows++
    const ts = 4 * clk
    const touch = (slot: number, time: number): number => {
      const prev = registerTs[slot]
      registerTs[slot] = time
      return prev
    }
    const rs1 = (): number => {
      c.rs1Prev[r] = touch(i.rs1, ts)
      return (c.rs1Value[r] = registers[i.rs1])
    }
    const rs2 = (): number => {
      c.rs2Prev[r] = touch(i.rs2, ts + 1)
      return (c.rs2Value[r] = registers[i.rs2])
    }
    const rd = (value: number): void => {
      c.rdPrev[r] = touch(i.rd, ts + 3)
      c.rdBefore[r] = registers[i.rd]
      registers[i.rd] = value
      c.rdAfter[r] = registers[i.rd]
    }
    const word = (addr: number): { before: number; prev: number } => {
      if (addr >= 2 ** 30) throw new Error(`address ${addr}`)
      const prev = memoryTs.get(addr) ?? 0
      memoryTs.set(addr, ts + 2)
      return { before: memory.get(addr) ?? 0, prev }
    }
    c.pc[r] = pc
    let next = pc + 4
    const name = i.name
    if (ALU[name]) rd(ALU[name](rs1(), rs2()))
    else if (IMMEDIATE[name]) rd(ALU[IMMEDIATE[name]](rs1(), i.imm >>> 0))
    else if (name === 'fence') {
      c.rs1Prev[r] = touch(0, ts)
      c.rdPrev[r] = touch(SINK, ts + 3)
      c.rdBefore[r] = registers[SINK]
      registers[SINK] = 0
    } else if (BRANCH[name]) {
      if (BRANCH[name](rs1(), rs2())) next = (pc + i.imm) >>> 0
    } else if (name === 'lui') rd(i.imm)
    else if (name === 'auipc') rd(pc + i.imm)
    else if (name === 'jal') {
      rd(pc + 4)
      next = (pc + i.imm) >>> 0
    } else if (name === 'jalr') {
      next = ((rs1() + i.imm) & ~1) >>> 0
      rd(pc + 4)
    } else if (LOAD[name]) {
      const addr = (rs1() + i.imm) >>> 0
      c.memAddr[r] = addr
      const { before, prev } = word((addr & ~3) >>> 0)
      c.memBefore[r] = c.memAfter[r] = before
      c.memPrev[r] = prev
      rd(LOAD[name](before, addr & 3))
    } else if (STORE_BITS[name]) {
      const bits = STORE_BITS[name]
      const addr = (rs1() + i.imm) >>> 0
      c.memAddr[r] = addr
      const key = (addr & ~3) >>> 0
      const value = rs2()
      const { before, prev } = word(key)
      const mask = bits === 32 ? 0xffffffff : ((1 << bits) - 1) << (8 * (addr & 3))
      const after = ((before & ~mask) | ((bits === 32 ? value : value << (8 * (addr & 3))) & mask)) >>> 0
      memory.set(key, after)
      c.memBefore[r] = before
      c.memAfter[r] = after
      c.memPrev[r] = prev
    } else if (name === 'ecall' && input.calls?.[registers[17]] !== undefined) {
      const byte = (address: number): number =>
        ((memory.get(address & ~3) ?? 0) >>> (8 * (address & 3))) & 255
      const call = input.calls[registers[17]]({ pc, reg: (slot) => registers[slot], byte })
      const effects = effectRows(call)
      const { at: place, words } = EFFECT
      const written = new Map<number, number>()
      for (const page of call.pages)
        for (const { address, length } of page.written)
          for (let a = address; a < address + length; a++) written.set(a, page.bytes[a - 4096 * page.index])
      for (let row = 0; row < effects.length; row += words) {
        const addr = effects[row + place.address]
        const write = (effects[row] & EFFECT.write) !== 0
        const time = ts + (write ? 2 : 1)
        if ((effects[row] & EFFECT.register) !== 0) {
          effects[row + place.before] = registers[addr]
          effects[row + place.prev] = touch(addr, time)
          if (write) registers[addr] = effects[row + place.after]
          continue
        }
        const before = memory.get(addr) ?? 0
        let after = before
        if (write)
          for (let j = 0; j < 4; j++) {
            const value = written.get(addr + j)
            if (value !== undefined) after = (after & ~(255 << (8 * j))) | (value << (8 * j))
          }
        effects[row + place.before] = before
        effects[row + place.after] = after
        effects[row + place.prev] = memoryTs.get(addr) ?? 0
        memoryTs.set(addr, time)
        memory.set(addr, after >>> 0)
      }
      audited.push({ clk, pc, nextPc: call.nextPc, effects })
      calls.push({ kind: 'audited', clk, pc, nextPc: call.nextPc, effects: effectRows(call), call })
      next = call.nextPc
    } else if (name === 'ecall' && ![0, 93, 94].includes(registers[17])) {
      const number = registers[17]
      const [a0, a1, a2] = [registers[10], registers[11], registers[12]]
      const [a7Prev, a1Prev, a2Prev] = [touch(17, ts), touch(11, ts), touch(12, ts)]
      const cursor =
        number === 63 && a0 === 4 ? PUBLIC_CURSOR : number === 64 && a0 === 3 ? JOURNAL_CURSOR : 0
      const cursorBefore = cursor === 0 ? 0 : registers[cursor]
      let result = a2
      let bytes: Uint8Array | undefined
      if (number === 63) {
        const [source, pos] = a0 === 0 ? [privateInput, privatePos] : [publicInput, cursorBefore]
        result = Math.min(a2, source.length - pos, a0 === 0 ? (input.shortReads ?? Infinity) : Infinity)
        bytes = source.subarray(pos, pos + result)
        if (a0 === 0) privatePos += result
      }
      const copies = []
      if (bytes !== undefined || a0 === 3) {
        for (let done = 0; done < result;) {
          const addr = ((a1 + done) & ~3) >>> 0
          const offset = (a1 + done) & 3
          const count = Math.min(4 - offset, result - done)
          const { before, prev } = word(addr)
          let after = before
          for (let j = 0; j < count; j++) {
            const shift = 8 * (offset + j)
            if (bytes) after = ((after & ~(255 << shift)) | (bytes[done + j] << shift)) >>> 0
            else journal.push((before >>> shift) & 255)
          }
          memory.set(addr, after)
          copies.push({ addr, before, after, prev, offset, count })
          done += count
        }
      }
      const a0Prev = touch(10, ts + 3)
      registers[10] = result
      const cursorPrev = cursor === 0 ? 0 : touch(cursor, ts + 3)
      if (cursor !== 0) registers[cursor] += result
      calls.push({ kind: 'direct', clk, pc, number, a0, a1, a2, result })
      ecalls.push({
        clk,
        pc,
        number,
        a0,
        a1,
        a2,
        result,
        a7Prev,
        a0Prev,
        a1Prev,
        a2Prev,
        cursor,
        cursorBefore,
        cursorPrev,
        copies,
      })
    } else if (name === 'ecall' || name === 'ebreak') {
      const exit = name === 'ecall'
      if (exit) calls.push({ kind: 'exit', clk, pc, number: registers[17], code: registers[10] })
      halt = {
        kind: exit ? 'exit' : 'ebreak',
        clk,
        pc,
        number: exit ? registers[17] : 0,
        code: exit ? registers[10] : 0,
        a7Prev: exit ? touch(17, ts) : 0,
        a0Prev: exit ? touch(10, ts + 3) : 0,
        publicCursor: registers[PUBLIC_CURSOR],
        publicCursorPrev: touch(PUBLIC_CURSOR, ts + 3),
        journalCursor: registers[JOURNAL_CURSOR],
        journalCursorPrev: touch(JOURNAL_CURSOR, ts + 3),
      }
    } else throw new Error(`no meaning for ${name}`)
    pc = next
  }
  const touched = [...memoryTs.keys()].sort((a, b) => a - b)
  const trace: Trace = {
    cycles: clk - 1,
    chunks,
    ecalls,
    audited,
    halt,
    registersFinal: registers,
    registersFinalTs: registerTs,
    memory: {
      addr: Uint32Array.from(touched),
      initial: Uint32Array.from(touched, (a) => initial.get(a) ?? 0),
      final: Uint32Array.from(touched, (a) => memory.get(a) ?? 0),
      finalTs: Uint32Array.from(touched, (a) => memoryTs.get(a)!),
    },
  }
  return { trace, journal: Uint8Array.from(journal), registers, memory, calls }
}
