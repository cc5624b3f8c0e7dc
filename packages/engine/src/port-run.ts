import type { Machine } from './machine.ts'
import { PAGE_BITS, PAGE_WORDS } from './memory.ts'
import type { Memory } from './memory.ts'
import { INITIAL_SP, REGISTER_SLOTS } from './trace-types.ts'

/** The port for running: registers and memory, nothing noted. */
export class RunPort implements Machine {
  pc: number
  stop = 0
  readonly registers = new Int32Array(REGISTER_SLOTS)
  readonly memory: Memory

  constructor(memory: Memory, entry: number) {
    this.memory = memory
    this.pc = entry
    this.registers[2] = INITIAL_SP
  }

  rs1(register: number): number {
    return this.registers[register]
  }

  rs2(register: number): number {
    return this.registers[register]
  }

  setRd(register: number, value: number): void {
    this.registers[register] = value
  }

  load(address: number): number {
    const page = this.memory.pages[address >>> PAGE_BITS]
    return page === undefined ? 0 : page.words[(address >>> 2) & (PAGE_WORDS - 1)]
  }

  store(address: number, mask: number, bits: number): void {
    const page = this.memory.pages[address >>> PAGE_BITS] ?? this.memory.touch(address >>> PAGE_BITS)
    const word = (address >>> 2) & (PAGE_WORDS - 1)
    page.words[word] = (page.words[word] & ~mask) | bits
  }

  retire(): void {}
}
