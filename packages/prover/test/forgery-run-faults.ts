import type { Run } from '@vouch/machine'
import { COMPUTE, STALE, atTime, compute, exchanged, stale, timeAt } from './forgery-programs.ts'
import type { Fault } from './forgery-programs.ts'
import type { Forgery } from './forgery-witness.ts'

/** What the processor does at a label instead, run on to the end. */
const EXECUTED: readonly (readonly [
  name: string,
  label: string,
  instead: string,
  asStated: readonly string[],
])[] = [
  ['another operation', 'sub', 'add t2, t0, t1', ['add: high limb of b - c', 'add: low limb of b - c']],
  ['swapped operands', 'sub', 'sub t2, t1, t0', ['Mem']],
  ['another source', 'same', 'add t3, t1, t0', ['Mem']],
  ['another destination', 'sub', 'sub s11, t0, t1', ['Mem']],
  ['an instruction skipped', 'sub', 'nop', ['Mem']],
  ['OR for AND', 'and', 'or t4, t0, t1', ['Bitwise']],
  [
    'DIVU for DIV',
    'div',
    'divu a3, t0, t1',
    ['div: high limb of the result is negated', 'div: low limb of the result is negated'],
  ],
  [
    'REM for DIV',
    'div',
    'rem a3, t0, t1',
    ['div: high limb of the result is negated', 'div: low limb of the result is negated'],
  ],
  [
    'REMU for REM',
    'rem',
    'remu a4, t0, t1',
    ['div: high limb of the result is negated', 'div: low limb of the result is negated'],
  ],
  ['MULHU for MULH', 'mulh', 'mulhu a5, t0, t1', ['mulh: fourth limb', 'mulh: third limb']],
  ['MUL of other values', 'mul', 'mul a6, t0, t0', ['Mem']],
  ['SLTU for SLT', 'slt', 'sltu s2, t0, t1', ['Mem']],
  ['SRL for SRA', 'sra', 'srl s3, t0, t1', ['shift-reg: high limb']],
  ['SRLI for SRAI', 'srai', 'srli s4, t0, 3', ['Mem']],
  ['an immediate of the other sign', 'addi', 'addi s6, t0, 1', ['addi: low limb of b + i']],
  ['LBU for LB', 'byte', 'lbu s9, 1(s0)', ['Mem']],
  ['a load from the next word', 'load', 'lw s7, 4(s1)', ['Mem']],
  ['a store skipped', 'store', 'nop', ['Mem']],
  ['a store to the next word', 'store', 'sw t2, 4(s0)', ['Mem']],
  ['a byte stored in another lane', 'storebyte', 'sb t1, 3(s0)', ['Mem']],
  ['BEQ inverted', 'branch', 'bne t0, t1, 8', ['State']],
  ['BLT as BLTU', 'less', 'bltu t0, t1, 8', ['State']],
  ['a jump to elsewhere', 'jump', 'jal ra, 4', ['State']],
]

export const executedFaults: Fault[] = EXECUTED.flatMap(([name, label, instead, broken]) => {
  const executed = exchanged(COMPUTE, label, instead)
  return [
    { name: `${name}, in rows of the program as stated`, forgery: { ...compute, executed }, broken },
    {
      name: `${name}, in rows of the program as run`,
      forgery: { ...compute, executed, decodeExecuted: true as const },
      broken: ['Rom'],
    },
  ]
})

/** A load that finds what was there before the store ahead of it, and the store that says it came later. */
const staleLoad =
  (prevOfStore: (load: number, store: number) => number): NonNullable<Forgery['port']> =>
  (own) => {
    const storeTs = timeAt(STALE, 'store') + 2
    const loadTs = timeAt(STALE, 'load') + 2
    return {
      store(address) {
        this.chunk.memAddr[this.row] = address
        this.chunk.memBefore[this.row] = 0
        this.chunk.memAfter[this.row] = 7
        this.chunk.memPrev[this.row] = prevOfStore(loadTs, storeTs)
      },
      load(address) {
        const value = own.load.call(this, address)
        // What the store leaves behind is the last word.
        const page = this.memory.pages[address >>> 12] ?? this.memory.pages.find((p) => p !== undefined)!
        const word = page.times.indexOf(loadTs)
        page.words[word] = 7
        page.times[word] = storeTs
        return value
      },
    }
  }

export const portFaults: Fault[] = [
  {
    name: 'a result that is 1 too large',
    forgery: {
      ...compute,
      port: (own) => {
        const here = atTime(COMPUTE, 'sub')
        return {
          setRd(register, value) {
            own.setRd.call(this, register, here(this) ? value + 1 : value)
          },
        }
      },
    },
    broken: ['add: high limb of b - c', 'add: low limb of b - c'],
  },
  {
    name: 'a stale operand that the row shows',
    forgery: {
      ...compute,
      port: (own) => {
        const here = atTime(COMPUTE, 'sub')
        return {
          rs2(register) {
            const value = own.rs2.call(this, register)
            if (!here(this)) return value
            this.chunk.rs2Value[this.row] = 0
            return 0
          },
        }
      },
    },
    broken: ['Mem'],
  },
  {
    name: 'two reads of one register in one cycle that differ',
    forgery: {
      ...compute,
      port: (own) => {
        const here = atTime(COMPUTE, 'same')
        return {
          rs2(register) {
            const value = own.rs2.call(this, register) + (here(this) ? 1 : 0)
            this.chunk.rs2Value[this.row] = value
            return value
          },
        }
      },
    },
    broken: ['Mem'],
  },
  {
    name: 'a write that the next read does not see',
    forgery: {
      ...compute,
      port: (own) => {
        const here = atTime(COMPUTE, 'sub')
        return {
          setRd(register, value) {
            const before = this.registers[register]
            own.setRd.call(this, register, value)
            if (here(this)) this.registers[register] = before
          },
        }
      },
    },
    broken: ['Mem'],
  },
  {
    name: 'a store that memory forgets',
    forgery: {
      ...compute,
      port: (own) => {
        const here = atTime(COMPUTE, 'store')
        return {
          store(address, mask, bits) {
            own.store.call(this, address, mask, bits)
            if (here(this)) for (const page of this.memory.pages) page?.words.fill(0, 0, 1)
          },
        }
      },
    },
    broken: ['Mem'],
  },
  {
    name: 'a write to x0',
    forgery: {
      ...compute,
      port: (own) => ({
        setRd(register, value) {
          own.setRd.call(this, register === 32 ? 0 : register, value)
        },
      }),
    },
    broken: ['Mem'],
  },
  {
    name: 'another stack pointer',
    forgery: {
      source: 'mv a0, sp\nli a7, 93\necall',
      port: (own) => ({
        rs1(register) {
          if (register === 2 && this.times[2] === 0) this.registers[2] -= 4096
          return own.rs1.call(this, register)
        },
      }),
    },
    broken: ['Mem'],
  },
  {
    name: 'a stale read, with a store that follows the load',
    forgery: { ...stale, port: staleLoad((load) => load) },
    broken: ['Range16'],
  },
  {
    name: 'a stale read, with a gap that leads back in time',
    forgery: {
      ...stale,
      port: staleLoad((_, store) => store - 1),
      extra: ['gap'],
      cells: (c) => {
        const from = timeAt(STALE, 'load') + 2
        const to = timeAt(STALE, 'store') + 1
        // 2^16 is 2^-15 modulo p.
        c.set('gap', 0, { en: 1, addr: 0x20000, t0: to, step: (to - 1 - from) * 2 ** 16 })
      },
    },
    broken: ['Range15'],
  },
  {
    name: 'a stale read, with the word listed twice',
    forgery: {
      ...stale,
      port: (own) => ({
        ...staleLoad(() => 0)(own),
      }),
      run: (run) => twice(run),
      cells: (c) => {
        const last = c.column('memory', 'en').lastIndexOf(1)
        c.set('memory', last, { d0: -1, d1: 0, f0: 0, ts: timeAt(STALE, 'load') + 2 })
      },
    },
    broken: ['Range16'],
  },
  {
    name: 'a load that serves itself',
    forgery: {
      ...stale,
      cells: (c) => {
        const ts = timeAt(STALE, 'load') + 2
        c.set('load-word', 0, { tpm: ts, m0: 9 })
        c.add('memory', 0, { ts: -4 })
      },
    },
    broken: ['Mem', 'Range16'],
  },
]

/** The last memory row a second time. */
function twice(run: Run): Run {
  const { memory } = run
  const double = (a: Uint32Array): Uint32Array => Uint32Array.of(...a, a[a.length - 1])
  return {
    ...run,
    memory: {
      count: memory.count + 1,
      addr: double(memory.addr),
      initial: double(memory.initial),
      final: double(memory.final),
      finalTs: double(memory.finalTs),
      kind: Uint8Array.of(...memory.kind, 0),
    },
  }
}
