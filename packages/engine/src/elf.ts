import { decode } from './isa.ts'
import type { Instruction } from './isa.ts'
import { readSymbols, symbolIn } from './symbols.ts'
import { RAM_SIZE } from './trace-types.ts'

export type ElfErrorCode =
  | 'elf/truncated'
  | 'elf/magic'
  | 'elf/class'
  | 'elf/endianness'
  | 'elf/type'
  | 'elf/machine'
  | 'elf/flags'
  | 'elf/header'
  | 'elf/no-segment'
  | 'elf/segment'
  | 'elf/range'
  | 'elf/overlap'
  | 'elf/entry'
  | 'elf/too-large'

/** An ELF file that cannot be run. */
export class ElfError extends Error {
  override readonly name = 'ElfError'
  readonly code: ElfErrorCode
  constructor(code: ElfErrorCode, message: string) {
    super(message)
    this.code = code
  }
}

/** A PT_LOAD segment: `fileSize` bytes from the file, zero up to `memorySize`. */
export interface Segment {
  readonly address: number
  readonly fileSize: number
  readonly memorySize: number
  readonly executable: boolean
}

export interface CodeEntry extends Instruction {
  readonly pc: number
  readonly word: number
}

/**
 * What an ELF file puts into the machine. Instructions are fetched from `code`, never from RAM: RV32IM without
 * Zifencei leaves it open when a store to code is seen by fetches, and here it never is.
 */
export interface Program {
  readonly entry: number
  readonly segments: readonly Segment[]
  /** Non-zero initial memory words, ascending by address. */
  readonly wordAddr: Uint32Array
  readonly wordValue: Uint32Array
  /** Every file-backed, 4-aligned word of an executable segment that is an instruction, ascending by pc. */
  readonly code: readonly CodeEntry[]
  /** `name` or `name+0x10` of the function at pc, if the file has symbols. */
  readonly symbolAt: (pc: number) => string | undefined
}

export const MAX_ELF_BYTES = 2 ** 28
/** File-backed bytes over all segments. */
export const MAX_IMAGE_BYTES = 2 ** 26
/** From the first executable byte to the last: instructions are indexed densely, at about 100 bytes each. */
export const MAX_CODE_SPAN = 2 ** 24
const MAX_SEGMENTS = 64

const PT_LOAD = 1
const PF_X = 1
const ET_EXEC = 2
const EM_RISCV = 243
const EF_RVC = 1
const EF_FLOAT_ABI = 6
const EF_RVE = 8

/** Reads a static RV32IM executable. Throws `ElfError` for anything else; never trusts an offset or a size. */
export function parseElf(bytes: Uint8Array): Program {
  const fail = (code: ElfErrorCode, message: string): never => {
    throw new ElfError(code, message)
  }
  if (bytes.length > MAX_ELF_BYTES)
    fail('elf/too-large', `the file has ${bytes.length} bytes, at most ${MAX_ELF_BYTES} are read`)
  if (bytes.length < 4) fail('elf/truncated', `the file ends after ${bytes.length} bytes`)
  if (bytes[0] !== 0x7f || bytes[1] !== 0x45 || bytes[2] !== 0x4c || bytes[3] !== 0x46)
    fail('elf/magic', 'this is not an ELF file')
  if (bytes.length < 52) fail('elf/truncated', 'the file ends inside the ELF header')
  if (bytes[4] !== 1) fail('elf/class', 'not a 32-bit ELF file')
  if (bytes[5] !== 1) fail('elf/endianness', 'not a little-endian ELF file')
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const u16 = (at: number): number => view.getUint16(at, true)
  const u32 = (at: number): number => view.getUint32(at, true)
  if (u16(16) !== ET_EXEC) fail('elf/type', 'not a static executable (ET_EXEC)')
  if (u16(18) !== EM_RISCV) fail('elf/machine', `not a RISC-V file (machine ${u16(18)})`)
  const entry = u32(24)
  const flags = u32(36)
  if ((flags & EF_RVC) !== 0)
    fail('elf/flags', 'built with compressed instructions; build with -march=rv32im')
  if ((flags & EF_FLOAT_ABI) !== 0)
    fail('elf/flags', 'built for a floating-point ABI; build with -mabi=ilp32')
  if ((flags & EF_RVE) !== 0) fail('elf/flags', 'built for RV32E; build with -march=rv32im')
  const tableOffset = u32(28)
  const entrySize = u16(42)
  const count = u16(44)
  if (count === 0) fail('elf/no-segment', 'the file has no segment to load')
  if (count > MAX_SEGMENTS)
    fail('elf/too-large', `the file has ${count} program headers, at most ${MAX_SEGMENTS} are read`)
  if (entrySize < 32) fail('elf/header', `program headers of ${entrySize} bytes`)
  if (tableOffset + count * entrySize > bytes.length)
    fail('elf/truncated', 'the file ends inside the program headers')

  const loads: (Segment & { offset: number })[] = []
  for (let i = 0; i < count; i++) {
    const at = tableOffset + i * entrySize
    if (u32(at) !== PT_LOAD) continue
    const [offset, address, fileSize, memorySize] = [u32(at + 4), u32(at + 8), u32(at + 16), u32(at + 20)]
    if (memorySize === 0) continue
    if (fileSize > memorySize) fail('elf/segment', `segment ${i} has more bytes in the file than in memory`)
    if (address + memorySize > RAM_SIZE)
      fail('elf/range', `segment ${i} (${hex(address)}, ${memorySize} bytes) leaves RAM`)
    if (offset + fileSize > bytes.length && fileSize > 0)
      fail('elf/truncated', `the file ends inside segment ${i}`)
    loads.push({ address, fileSize, memorySize, executable: (u32(at + 24) & PF_X) !== 0, offset })
  }
  if (loads.length === 0) fail('elf/no-segment', 'the file has no segment to load')
  loads.sort((a, b) => a.address - b.address)
  loads.forEach((s, i) => {
    if (i > 0 && loads[i - 1].address + loads[i - 1].memorySize > s.address)
      fail('elf/overlap', `two segments overlap at ${hex(s.address)}`)
  })
  if (loads.reduce((n, s) => n + s.fileSize, 0) > MAX_IMAGE_BYTES)
    fail('elf/too-large', `the segments hold more than ${MAX_IMAGE_BYTES} bytes`)
  const inCode = loads.some((s) => s.executable && entry >= s.address && entry + 4 <= s.address + s.fileSize)
  if (!inCode || entry % 4 !== 0)
    fail('elf/entry', `the entry point ${hex(entry)} is not in an executable segment`)

  const executable = loads.filter((s) => s.executable && s.fileSize > 0)
  const lastCode = executable[executable.length - 1]
  if (lastCode.address + lastCode.fileSize - executable[0].address > MAX_CODE_SPAN)
    fail('elf/too-large', `the executable segments span more than ${MAX_CODE_SPAN} bytes`)

  const wordAddr: number[] = []
  const wordValue: number[] = []
  const code: CodeEntry[] = []
  for (const { address, fileSize, offset, executable } of loads) {
    const end = address + fileSize
    for (let addr = address - (address % 4); addr < end; addr += 4) {
      let word = 0
      for (let b = 0; b < 4; b++) {
        const at = addr + b
        if (at >= address && at < end) word |= bytes[offset + at - address] << (8 * b)
      }
      word >>>= 0
      if (word === 0) continue
      // Two segments may share a word; both leave zeros where the other has bytes.
      if (wordAddr.length > 0 && wordAddr[wordAddr.length - 1] === addr)
        wordValue[wordValue.length - 1] |= word
      else {
        wordAddr.push(addr)
        wordValue.push(word)
      }
      if (!executable || addr < address || addr + 4 > end) continue
      const instruction = decode(word | 0)
      if (instruction === undefined) continue
      // Field by field: a spread costs five times the memory, and hostile files have millions of these.
      const { op, name, rd, rs1, rs2, imm } = instruction
      code.push({ op, name, rd, rs1, rs2, imm, pc: addr, word })
    }
  }
  const symbols = readSymbols(bytes)
  return {
    entry,
    segments: loads.map(({ address, fileSize, memorySize, executable }) => ({
      address,
      fileSize,
      memorySize,
      executable,
    })),
    wordAddr: Uint32Array.from(wordAddr),
    wordValue: Uint32Array.from(wordValue),
    code,
    symbolAt: (pc) => symbolIn(symbols, pc),
  }
}

export const hex = (n: number): string => `0x${n.toString(16).padStart(8, '0')}`
