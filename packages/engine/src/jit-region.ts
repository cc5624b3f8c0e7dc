import { ISA } from './isa.ts'
import { NO_INSTRUCTION } from './machine.ts'
import type { Code } from './machine.ts'
import { SINK } from './trace-types.ts'

/** An instruction of `Code`. */
export interface Decoded {
  readonly pc: number
  readonly name: string
  readonly rd: number
  readonly rs1: number
  readonly rs2: number
  readonly imm: number
}

/** Instructions that run in a row, unless one leaves. */
export interface Segment {
  readonly pc: number
  readonly code: readonly Decoded[]
  /** Whether a run may start here: others are reached from within the region only, from before. */
  readonly entry: boolean
}

/** Most instructions of a segment: what is left of a run when it stops in front of one is interpreted. */
export const MAX_SEGMENT = 96
/** Most instructions of a region; what lies beyond is another one. */
const MAX_REGION = 512

export type Flow = 'next' | 'branch' | 'jump' | 'indirect' | 'stop'

export function flowOf(name: string): Flow {
  if (name === 'jal') return 'jump'
  if (name === 'jalr') return 'indirect'
  if (name === 'ecall' || name === 'ebreak') return 'stop'
  return /^b(eq|ne|ltu?|geu?)$/.test(name) ? 'branch' : 'next'
}

/** The instruction at `pc`, if there is one. */
export function decodedAt({ base, table }: Code, pc: number): Decoded | undefined {
  const at = ((pc - base) >>> 2) << 1
  if ((pc & 3) !== 0 || at >= table.length) return undefined
  const head = table[at]
  if ((head & 0xff) === NO_INSTRUCTION) return undefined
  return {
    pc,
    name: ISA[head & 0xff].name,
    rd: (head >>> 8) & 63,
    rs1: (head >>> 14) & 63,
    rs2: (head >>> 20) & 63,
    imm: table[at + 1],
  }
}

/**
 * What can be reached from `root` without an indirect jump, up to a bound and to the entries that other regions have,
 * as segments ascending by address. Calls are taken to return.
 */
export function regionAt(code: Code, root: number, elsewhere: (pc: number) => boolean): Segment[] {
  const found = new Map<number, Decoded>()
  const targets = new Set<number>()
  const entries = new Set([root])
  const queue = [root]
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    for (let pc = next; found.size < MAX_REGION && !found.has(pc); pc += 4) {
      const c = pc === root || !elsewhere(pc) ? decodedAt(code, pc) : undefined
      if (c === undefined) break
      found.set(pc, c)
      const flow = flowOf(c.name)
      if (flow === 'next') continue
      if (flow === 'branch' || flow === 'jump') {
        const target = pc + c.imm
        targets.add(target)
        queue.push(target)
        if (target <= pc || (flow === 'jump' && c.rd !== SINK)) entries.add(target)
      }
      if (flow === 'branch') continue
      const returns = flow === 'stop' || c.rd !== SINK
      if (returns) entries.add(pc + 4)
      if (returns && c.name !== 'ebreak') queue.push(pc + 4)
      break
    }
  }
  const sorted = [...found.values()].sort((a, b) => a.pc - b.pc)
  const segments: { pc: number; code: Decoded[]; entry: boolean }[] = []
  let open: (typeof segments)[number] | undefined
  for (const c of sorted) {
    const { pc } = c
    const last = open?.code.at(-1)
    if (
      open === undefined ||
      last === undefined ||
      last.pc + 4 !== pc ||
      open.code.length === MAX_SEGMENT ||
      targets.has(pc) ||
      entries.has(pc)
    ) {
      open = { pc, code: [], entry: entries.has(pc) }
      segments.push(open)
    }
    open.code.push(c)
    const flow = flowOf(c.name)
    if (flow !== 'next' && flow !== 'branch') open = undefined
  }
  return segments
}
