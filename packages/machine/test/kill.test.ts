import { describe, expect, it } from 'vitest'
import { riscvAir } from '../src/index.ts'
import { fillProgram, valueAt } from './harness.ts'
import type { Filled } from './harness.ts'
import { localItems, search } from './kill-search.ts'
import type { Oracle, Table } from './kill-search.ts'
import {
  branches,
  HOST_INPUT,
  hostCalls,
  immediateOperations,
  jumps,
  longLoop,
  memoryAccesses,
  registerOperations,
  shifts,
  stop,
} from './programs.ts'

const isByte = (v: number): boolean => v < 256
const oracle: Oracle = (bus) => {
  if (bus === 'Range16') return ([v]) => v! < 65536
  if (bus === 'Range15') return ([v]) => v! < 32768
  if (bus === 'Bitwise')
    return ([op, x, y, z]) => isByte(x!) && isByte(y!) && z === [0, x! & y!, x! | y!, x! ^ y!][op!]
  return undefined
}

/** Small, seeded: failures must be repeatable. */
function generator(seed: number): () => number {
  let s = seed
  return () => {
    s = (Math.imul(s, 1664525) + 1013904223) >>> 0
    return s / 2 ** 32
  }
}

const filled: Filled[] = [
  fillProgram(hostCalls(), HOST_INPUT),
  fillProgram(memoryAccesses()),
  fillProgram(jumps()),
  fillProgram(longLoop()),
  fillProgram(immediateOperations()),
  fillProgram(shifts()),
  fillProgram(branches()),
  fillProgram(registerOperations()),
  fillProgram(memoryAccesses(), {}, 'dense'),
  fillProgram(registerOperations(['and', 'or', 'xor', 'slt']), {}, 'dense'),
  fillProgram(stop()),
]

/** All rows of a chip over the runs, the longest table of them. */
function tableOf(name: string): Table & { readonly publics: readonly number[] } {
  const all = filled.flatMap((f) => {
    const found = f.chips.find((c) => c.chip.name === name)
    return found === undefined ? [] : [{ ...found.columns, publics: f.publics }]
  })
  const heightOf = (c: (typeof all)[number]): number => (c.main[0] ?? c.preprocessed![0])!.length
  // Host calls first: they alone have the public input.
  const best =
    name === 'ecall' || name === 'copy' ? all[0]! : all.reduce((a, b) => (heightOf(b) > heightOf(a) ? b : a))
  return {
    main: best.main,
    preprocessed: best.preprocessed ?? [],
    height: heightOf(best),
    publics: best.publics,
  }
}

/** Needs more cells at once than the search changes; `attacks.test.ts` has the rows. */
const ELSEWHERE = new Set(['mulh: s1 is a limb', 'div: s1 is a limb', 'registers: indices start at 0'])

describe('each constraint and each look-up refuses a row that all others accept', () => {
  for (const chip of riscvAir.chips) {
    const answers = new Set(chip.messages.filter((m) => m.sign === 1).map((m) => m.name))
    const items = localItems(chip, oracle).filter(
      (n) => !answers.has(n) && !ELSEWHERE.has(`${chip.name}: ${n}`),
    )
    if (items.length === 0) continue
    it(chip.name, () => {
      const table = tableOf(chip.name)
      const random = generator(1)
      const rows = [
        0,
        ...Array.from({ length: 40 }, () => Math.floor(random() * table.height)),
        table.height - 1,
      ]
      const survivors = items.filter((item) => search(chip, table, item, oracle, rows, random) === undefined)
      expect(survivors).toEqual([])
    })
  }
})

it('each message takes part in some honest run, so that no run balances without it', () => {
  for (const chip of riscvAir.chips) {
    const idle = chip.messages.filter(
      (m) =>
        !filled.some((f) => {
          const found = f.chips.find((c) => c.chip.name === chip.name)
          if (found === undefined) return false
          const height = (found.columns.main[0] ?? found.columns.preprocessed![0])!.length
          for (let row = 0; row < height; row++)
            if (valueAt(m.multiplicity, found.columns, row, f.publics) !== 0) return true
          return false
        }),
    )
    expect(idle.map((m) => `${chip.name}: ${m.name}`)).toEqual([])
  }
})
