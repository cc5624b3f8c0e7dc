import { hasWebAssembly } from '@vouch/wasm'
import type { Program } from './elf.ts'
import { imageOf } from './jit-image.ts'
import type { Image } from './jit-image.ts'
import { BAIL } from './jit-emit.ts'
import { AT, STAGE_ROWS } from './jit-layout.ts'
import { JitMemory } from './jit-memory.ts'
import { MAX_SEGMENT } from './jit-region.ts'
import { usesOf } from './jit-row.ts'
import { ISA } from './isa.ts'
import { LABELS, STOP, advance } from './machine.ts'
import type { Code } from './machine.ts'
import { pageOf } from './memory.ts'
import { TracePort } from './port-trace.ts'
import type { RunPort } from './port-run.ts'
import { RAM_SIZE } from './trace-types.ts'

/** Heat at which an address is compiled, at most 255 − SAMPLE. */
const HOT = 96
/** Heat of an address that compiled code went to, and of one that the run came to after a stride. */
const EXIT = 1
const SAMPLE = 8
/** Instructions interpreted one by one, most, to get to an entry or to a jump, and between these. */
const STEPS = 64
const STRIDE = 256

const USES = ISA.map(({ name }) => usesOf(name))

/** Runs what is compiled of a program, and the interpreter for the rest; does in all what `advance` does. */
export class Jit {
  readonly #code: Code
  readonly #port: RunPort | TracePort
  readonly #trace: TracePort | undefined
  readonly #image: Image
  readonly #memory: JitMemory
  readonly #eager: boolean
  readonly #hot: number

  /**
   * Takes over a machine between two cycles. `eager`: all that is come to is compiled. Throws where there is no WebAssembly or no address space; the machine is then as it was.
   */
  constructor(program: Program, code: Code, port: RunPort | TracePort, eager: boolean) {
    if (!hasWebAssembly()) throw new Error('there is no WebAssembly here')
    this.#code = code
    this.#port = port
    this.#trace = port instanceof TracePort ? port : undefined
    this.#image = imageOf(program, code, this.#trace !== undefined)
    this.#memory = new JitMemory(this.#image, port.memory)
    this.#eager = eager
    this.#hot = eager ? 0 : HOT
  }

  /** The contract of `advance`. */
  advance(count: number): number {
    const port = this.#port
    const { map } = this.#image
    let left = count
    let heat = SAMPLE
    // A segment may be longer than what is left.
    while (left >= MAX_SEGMENT && this.#memory.usable) {
      const at = (port.pc - this.#code.base) >>> 2
      if (map[at] > 0 || (heat > 0 && this.#heated(at, heat))) {
        const { bailed, retired } = this.#enter(left)
        left -= retired
        heat = bailed ? 0 : EXIT
        if (!bailed || left < MAX_SEGMENT) continue
        this.#touch()
        left -= advance(port, this.#code, 1)
      } else {
        const { jumped, retired } = this.#interpret(left)
        left -= retired
        heat = jumped ? SAMPLE : 0
      }
      if (port.stop !== STOP.done) return count - left
    }
    return count - left + advance(port, this.#code, left)
  }

  /** Heats a word of code; whether it is an entry by now. */
  #heated(at: number, by: number): boolean {
    const { heat, map, add } = this.#image
    if (at >= heat.length || heat[at] > this.#hot) return false
    heat[at] += by
    return heat[at] > this.#hot && add(this.#port.pc) && map[at] > 0
  }

  /** Interprets until the run is at an entry, or else for a while and then until it jumps. */
  #interpret(left: number): { jumped: boolean; retired: number } {
    const port = this.#port
    let retired = 0
    const { map } = this.#image
    if (!this.#eager) {
      retired = this.#steps(Math.min(left, STEPS), false)
      if (port.stop !== STOP.done || retired === left || map[(port.pc - this.#code.base) >>> 2] > 0)
        return { jumped: false, retired }
      retired += advance(port, this.#code, Math.min(left - retired, STRIDE))
      if (port.stop !== STOP.done || retired === left) return { jumped: false, retired }
    }
    const steps = this.#steps(Math.min(left - retired, STEPS), true)
    return { jumped: port.stop === STOP.done && steps < STEPS, retired: retired + steps }
  }

  /** Interprets up to `most` instructions one by one, until the run is at an entry or, if asked, has jumped. */
  #steps(most: number, orJumped: boolean): number {
    const port = this.#port
    const { map } = this.#image
    for (let n = 1; ; n++) {
      const next = port.pc + 4
      if (advance(port, this.#code, 1) === 0) return n - 1
      if (n === most || map[(port.pc - this.#code.base) >>> 2] > 0 || (orJumped && port.pc !== next)) return n
    }
  }

  #enter(left: number): { bailed: boolean; retired: number } {
    const port = this.#port
    const traced = this.#trace
    const memory = this.#memory
    const { words, registers, times } = memory
    const step = traced === undefined ? 1 : 4
    registers.set(port.registers)
    if (traced !== undefined) {
      times.set(traced.times)
      words[AT.tsOffset >>> 2] = traced.ts
    }
    words[AT.cursor >>> 2] = 0
    words[AT.limit >>> 2] = step * (traced === undefined ? left : Math.min(left, STAGE_ROWS))
    const next = memory.enter(port.pc)
    const retired = words[AT.cursor >>> 2] / step
    port.registers.set(registers)
    port.pc = (next & ~BAIL) >>> 0
    const bailed = (next & BAIL) !== 0
    if (traced !== undefined) {
      traced.times.set(times)
      memory.takeRows(retired, traced.chunk, traced.row)
      traced.row += retired
      traced.ts += 4 * retired
      if (bailed) this.#catchUp(traced, words[AT.partial >>> 2])
    }
    return { bailed, retired }
  }

  /** Registers and their times after the last `count` rows, which were left without storing them. */
  #catchUp(port: TracePort, count: number): void {
    const { base, table } = this.#code
    const { chunk, registers, times, row } = port
    for (let i = row - count; i < row; i++) {
      const head = table[((chunk.pc[i] - base) >>> 2) << 1]
      const uses = USES[head & 0xff]
      const ts = port.ts - 4 * (row - i)
      if (uses.rs1) times[(head >>> 14) & 63] = ts
      if (uses.rs2) times[(head >>> 20) & 63] = ts + 1
      if (!uses.rd) continue
      const rd = (head >>> 8) & 63
      registers[rd] = chunk.rdAfter[i]
      times[rd] = ts + 3
    }
  }

  /** Makes the page that the instruction at pc accesses, if it does: compiled code bails where there is none. */
  #touch(): void {
    const { pc, registers, memory } = this.#port
    const { base, table } = this.#code
    const at = ((pc - base) >>> 2) << 1
    const op = table[at] & 0xff
    if (op < LABELS.lb || op > LABELS.sw) return
    const address = (registers[(table[at] >>> 14) & 63] + table[at + 1]) >>> 0
    if (address < RAM_SIZE) pageOf(memory, address)
  }
}
