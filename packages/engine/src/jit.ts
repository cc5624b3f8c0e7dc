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

/** How often the run must come to an address before that is compiled. */
const HOT = 24
/** Instructions that are interpreted one by one to get to an entry, and then in a row. */
const STEPS = 64
const STRIDE = 1024

const USES = ISA.map(({ name }) => usesOf(name))

/** Runs what is compiled of a program, and the interpreter for the rest; does in all what `advance` does. */
export class Jit {
  readonly #code: Code
  readonly #port: RunPort | TracePort
  readonly #trace: TracePort | undefined
  readonly #image: Image
  readonly #memory: JitMemory
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
    this.#hot = eager ? 0 : HOT
  }

  /** The contract of `advance`. */
  advance(count: number): number {
    const port = this.#port
    const code = this.#code
    const { map } = this.#image
    let left = count
    let jumped = true
    // A segment may be longer than what is left.
    while (left >= MAX_SEGMENT && this.#memory.usable) {
      const at = (port.pc - code.base) >>> 2
      if (map[at] > 0 || (jumped && this.#heat(at))) {
        const { bailed, retired } = this.#enter(left)
        left -= retired
        jumped = !bailed
        if (!bailed || left < MAX_SEGMENT) continue
        this.#touch()
        left -= advance(port, code, 1)
        if (port.stop !== STOP.done) return count - left
        continue
      }
      const { retired, jumped: comes } = this.#interpret(left)
      left -= retired
      jumped = comes
      if (port.stop !== STOP.done) return count - left
    }
    return count - left + advance(port, code, left)
  }

  /** Counts that the run came to a word of code; whether that is an entry by now. */
  #heat(at: number): boolean {
    const { heat, map, add } = this.#image
    if (at >= heat.length || heat[at] > this.#hot) return false
    if (heat[at]++ < this.#hot) return false
    return add(this.#port.pc) && map[at] > 0
  }

  /** Interprets until the run jumps or is at an entry, or for a while where it has done so often. */
  #interpret(left: number): { retired: number; jumped: boolean } {
    const port = this.#port
    const { map, heat } = this.#image
    const { base } = this.#code
    if (!(heat[(port.pc - base) >>> 2] <= this.#hot))
      return { retired: advance(port, this.#code, Math.min(left, STRIDE)), jumped: false }
    for (let n = 1; ; n++) {
      const next = port.pc + 4
      const retired = advance(port, this.#code, 1)
      if (retired === 0) return { retired: n - 1, jumped: false }
      const jumped = port.pc !== next
      if (n === left || n === STEPS || jumped || map[(port.pc - base) >>> 2] > 0)
        return { retired: n, jumped }
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
