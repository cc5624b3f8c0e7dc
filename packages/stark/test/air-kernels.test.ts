import { describe, expect, it } from 'vitest'
import { chip } from '../src/air/chip.ts'
import type { Bus, Chip } from '../src/air/chip.ts'
import { programOf, rowEvaluator } from '../src/air/program.ts'
import { P } from '../src/field/m31.ts'
import * as Q from '../src/field/qm31.ts'
import type { QM31 } from '../src/field/qm31.ts'
import { createArena } from '../src/kernels/arena.ts'
import { denominatorForms } from '../src/kernels/chip-forms.ts'
import { referenceChip } from '../src/kernels/chip-reference.ts'
import { wasmChip } from '../src/kernels/chip-wasm.ts'
import type { ChipKernels, Kernels, FractionTarget } from '../src/kernels/kernels.ts'
import { prevPosition } from '../src/kernels/positions.ts'
import { soloPool } from '../src/kernels/pool.ts'
import type { Pool } from '../src/kernels/pool.ts'
import { LOOK_UP, randomChip, randomNumbers, randomRows } from './air-random.ts'

/** As much of the kernels as a chip's need: memory. */
function memoryKernels(): { kernels: Kernels; pool: Pool } {
  const arena = createArena(0)
  return { kernels: arena as unknown as Kernels, pool: soloPool(arena.memory) }
}

/** Both implementations over one memory, and a run of each function on the same input. */
function both(
  source: Chip<never>,
  log: number,
  seed: number,
): {
  kernels: Kernels
  natural: { main: number[]; preprocessed: number[]; publics: number[] }
  each: <T>(use: (compiled: ChipKernels) => T) => [T, T]
} {
  const { kernels, pool } = memoryKernels()
  const rows = randomRows(source, log, seed)
  const column = (values: Uint32Array): number => {
    const pointer = kernels.alloc(values.length)
    kernels.words(pointer, values.length).set(values)
    return pointer
  }
  const implementations = [referenceChip(source, kernels), wasmChip(source, kernels, pool)]
  return {
    kernels,
    natural: {
      main: rows.main.map(column),
      preprocessed: rows.preprocessed.map(column),
      publics: rows.publics,
    },
    each: (use) => {
      const [a, b] = implementations.map(use)
      return [a, b]
    },
  }
}

const CASES: readonly (readonly [seed: number, log: number])[] = [
  [1, 1],
  [2, 2],
  [3, 3],
  [4, 6],
  [5, 8],
  [6, 9],
  [7, 5],
  [8, 5],
  [9, 5],
  [10, 5],
  [11, 12],
]

describe('compiled chip kernels equal the reference', () => {
  it.each(CASES)('fractions, chip %i, height 2^%i', (seed, log) => {
    const source = randomChip(seed)
    const { kernels, natural, each } = both(source, log, seed)
    const random = randomNumbers(seed)
    const [z, alpha] = [random.extension(), random.extension()]
    const height = 2 ** log
    const [reference, compiled] = each((k) => {
      const { targets, leaves, words } = leafTargets(kernels, source.messages.length, log)
      k.fractions(natural, log, z, alpha, targets)
      return { leaves: leaves(), words: words() }
    })
    expect(compiled).toEqual(reference)
    const program = programOf(source)
    const views = (pointers: readonly number[]): Uint32Array[] =>
      pointers.map((p) => kernels.words(p, height))
    const valuesOf = rowEvaluator(program.steps, {
      main: views(natural.main),
      preprocessed: views(natural.preprocessed),
      publics: natural.publics,
      previous: (row) => (row + height - 1) % height,
      first: (row) => (row === 0 ? 1 : 0),
    })
    for (const row of new Set([0, 1, height - 1])) {
      const values = valuesOf(row)
      source.messages.forEach(({ bus, sign }, m) => {
        const { multiplicity, tuple } = program.messages[m]
        const denominator = [bus.id, ...tuple.map((step) => values[step])].reduce<QM31>(
          (d, t, j) => Q.sub(d, Q.mulBase(Q.pow(alpha, j), t)),
          z,
        )
        const numerator = (P + sign * values[multiplicity]) % P
        expect(compiled.leaves[m][row]).toEqual({ numerator, denominator })
      })
    }
  })

  it.each(CASES)('constraints, chip %i, height 2^%i', (seed, log) => {
    const source = randomChip(seed)
    // Not a trace but a domain: twice the rows, each input as random as any.
    const { kernels, natural, each } = both(source, log + 1, seed)
    const random = randomNumbers(seed + 7)
    const count = 2 ** (log + 1)
    const column = (value: (i: number) => number): number => {
      const pointer = kernels.alloc(count)
      kernels.words(pointer, count).forEach((_, i, words) => (words[i] = value(i)))
      return pointer
    }
    const columns = {
      ...natural,
      prev: column((q) => prevPosition(q, log, 1)),
      first: column(random.element),
    }
    const weights = source.constraints.map(random.extension)
    const before = Uint32Array.from({ length: 4 * count }, random.element)
    const [reference, compiled] = each((k) => {
      const planes = kernels.alloc(4 * count)
      kernels.words(planes, 4 * count).set(before)
      k.constraints(columns, log, weights, [12345, 2 ** 30 + 1], planes)
      return kernels.words(planes, 4 * count).slice()
    })
    expect(compiled).toEqual(reference)
  })

  it.each(CASES)('count, chip %i, height 2^%i', (seed, log) => {
    const { kernels, natural, each } = both(randomChip(seed), log, seed)
    const slots = 2048
    const [reference, compiled] = each((k) => {
      const pointer = kernels.alloc(slots)
      kernels.words(pointer, slots)[64] = 2 ** 31 - 3
      k.count(natural, 2 ** log, (bus) => (bus === LOOK_UP.name ? { pointer, slots, base: 32 } : undefined))
      return kernels.words(pointer, slots).slice()
    })
    expect(compiled).toEqual(reference)
    expect(reference.some((n) => n > 0)).toBe(true)
  })

  it('counts nothing of a bus that nobody counts', () => {
    const { natural, each } = both(randomChip(1), 4, 1)
    each((k) => k.count(natural, 16, () => undefined))
  })

  it('a look-up out of range names chip, message and row', () => {
    const source = randomChip(3)
    const { kernels, natural, each } = both(source, 8, 3)
    kernels.words(natural.main[source.columns.indexOf('b')], 256)[201] = 1
    kernels.words(natural.main[source.columns.indexOf('t0')], 256)[201] = 2 ** 20
    each((k) => {
      const pointer = kernels.alloc(2048)
      expect(() => k.count(natural, 256, () => ({ pointer, slots: 2048, base: 0 }))).toThrow(
        /^random 3\.look-up: row 201 looks up slot 5\d{5} of 2048$/,
      )
    })
  })

  it('constant multiplicities, in every combination of signs', () => {
    for (const times of [[1], [-1], [3, -3], [1, 1], [-1, -1], [1, -1], [2, -7], [-4, -5, 6]]) {
      const source = plain(times)
      const { kernels, pool } = memoryKernels()
      const random = randomNumbers(times.length)
      const x = kernels.alloc(16)
      kernels.words(x, 16).set(Array.from({ length: 16 }, random.element))
      const [z, alpha] = [random.extension(), random.extension()]
      for (const k of [referenceChip(source, kernels), wasmChip(source, kernels, pool)]) {
        const { targets, leaves } = leafTargets(kernels, times.length, 4)
        k.fractions({ main: [x], preprocessed: [], publics: [] }, 4, z, alpha, targets)
        const expected = times.map((n, m) =>
          Array.from(kernels.words(x, 16), (value) => ({
            numerator: (P + n) % P,
            denominator: Q.sub(Q.sub(z, Q.ONE), Q.mulBase(alpha, (value + m) % P)),
          })),
        )
        expect(leaves(), times.join(' ')).toEqual(expected)
      }
    }
  })

  it('a chip without constraints adds nothing', () => {
    const { kernels, pool } = memoryKernels()
    const source = plain([1])
    const [x, prev, first, planes] = [16, 32, 32, 128].map((n) => kernels.alloc(n))
    kernels.words(planes, 128).fill(5)
    for (const k of [referenceChip(source, kernels), wasmChip(source, kernels, pool)]) {
      k.constraints({ main: [x], preprocessed: [], publics: [], prev, first }, 4, [], [1, 2], planes)
      expect(kernels.words(planes, 128).every((w) => w === 5)).toBe(true)
    }
  })

  it('gives back its scratch', () => {
    const source = randomChip(2)
    const { kernels, natural, each } = both(source, 4, 2)
    const { targets } = leafTargets(kernels, source.messages.length, 4)
    const mark = kernels.mark()
    each((k) => k.fractions(natural, 4, randomNumbers(1).extension(), Q.ONE, targets))
    expect(kernels.mark()).toBe(mark)
  })
})

/** Targets of so many messages, in a tree with room for one more in front and one behind, all words garbage before. */
function leafTargets(
  kernels: Kernels,
  messages: number,
  log: number,
): {
  targets: FractionTarget[]
  leaves: () => { numerator: number; denominator: QM31 }[][]
  /** Everything, the room that is nobody's target included. */
  words: () => number[]
} {
  const height = 2 ** log
  const planeWords = (messages + 2) * height
  const numerators = kernels.allocUninitialized(planeWords)
  const denominators = kernels.allocUninitialized(4 * planeWords)
  kernels.words(numerators, planeWords).fill(P)
  kernels.words(denominators, 4 * planeWords).fill(P)
  return {
    targets: Array.from({ length: messages }, (_, m) => ({
      numerators: numerators + 4 * (m + 1) * height,
      denominators: denominators + 4 * (m + 1) * height,
      planeWords,
    })),
    leaves: () => {
      const [n, d] = [kernels.words(numerators, planeWords), kernels.words(denominators, 4 * planeWords)]
      const limb = (l: number, leaf: number): number => d[l * planeWords + leaf]
      return Array.from({ length: messages }, (_, m) =>
        Array.from({ length: height }, (_, row) => {
          const leaf = (m + 1) * height + row
          return {
            numerator: n[leaf],
            denominator: [limb(0, leaf), limb(1, leaf), limb(2, leaf), limb(3, leaf)],
          }
        }),
      )
    },
    words: () => [...kernels.words(numerators, planeWords), ...kernels.words(denominators, 4 * planeWords)],
  }
}

/** A chip of one column that sends `times[i]` copies (receives, if negative) of x + i. */
function plain(times: readonly number[]): Chip<never> {
  const bus: Bus = { name: 'Plain', id: 1, fields: ['x'] }
  return chip({
    name: 'plain',
    doc: '',
    columns: { x: 'free: test' },
    rows: () => 0,
    fill: () => {},
    constrain(c, b) {
      times.forEach((n, i) => {
        if (n > 0) b.send(`message ${i}`, bus, n, [c.x.add(i)])
        else b.receive(`message ${i}`, bus, -n, [c.x.add(i)])
      })
    },
  }) as Chip<never>
}

describe('denominator forms', () => {
  const bus: Bus = { name: 'Memory', id: 5, fields: ['space', 'addr', 'value', 'time'] }
  const memory = chip<string>(
    {
      name: 'memory',
      doc: '',
      columns: {
        addr: 'free: test',
        value: 'free: test',
        t: 'free: test',
        clk: 'free: test',
        x: 'free: test',
      },
      rows: () => 0,
      fill: () => {},
      constrain(c, b) {
        b.receive('before', bus, 1, [1, c['addr'], c['value'], c['t']])
        b.send('after', bus, 1, [1, c['addr'], c['value'], c['clk'].mul(4).add(b.public('offset'))])
        b.send('wide', bus, 1, [c['x'].add(c['t']).add(7), c['addr'].mul(9), c['x'], 0])
      },
    },
    ['offset'],
  ) as Chip<never>
  const program = programOf(memory)
  const forms = denominatorForms(memory, program)

  it('builds the second access of a read on the first', () => {
    expect(forms.map((f) => f.base)).toEqual([undefined, 0, undefined])
    expect(forms.map((f) => f.atoms.length)).toEqual([3, 2, 3])
  })
  it('gives the denominators of the definition', () => {
    const random = randomNumbers(4)
    const [z, alpha] = [random.extension(), random.extension()]
    const publics = [random.element()]
    const main = memory.columns.map(() => Uint32Array.from([random.element()]))
    const inputs = { main, preprocessed: [], publics, previous: () => 0, first: () => 1 }
    const values = rowEvaluator(program.steps, inputs)(0)
    const denominator = (i: number): QM31 => {
      const { constant, weights } = forms[i].weigh(z, alpha, publics)
      const own = forms[i].atoms.reduce<QM31>(
        (d, atom, t) => Q.add(d, Q.mulBase(weights[t], values[atom])),
        constant,
      )
      const { base } = forms[i]
      return base === undefined ? own : Q.add(own, denominator(base))
    }
    memory.messages.forEach((_, i) => {
      const tuple = [5, ...program.messages[i].tuple.map((step) => values[step])]
      const expected = tuple.reduce<QM31>((d, t, j) => Q.sub(d, Q.mulBase(Q.pow(alpha, j), t)), z)
      expect(denominator(i)).toEqual(expected)
    })
  })
})
