import { describe, expect, it } from 'vitest'
import { busBalance, checkRows, describeImbalance } from '../src/air/check.ts'
import { chip, without } from '../src/air/chip.ts'
import type { Air, Bus, Chip } from '../src/air/chip.ts'
import { airJson, chipJson } from '../src/air/json.ts'
import type { Json } from '../src/air/json.ts'
import { lintAir, lintChip } from '../src/air/lint.ts'
import { programOf } from '../src/air/program.ts'
import { chipTable, exprText } from '../src/air/table.ts'
import { randomChip, randomRows } from './air-random.ts'

const PAIR: Bus = { name: 'Pair', id: 1, fields: ['i', 'v'] }
const RANGE: Bus = { name: 'Range', id: 2, fields: ['v'], table: { key: [1], shift: 0 } }

/** Row i holds the numbers i and i + 1 of a Fibonacci sequence. */
const fibonacci = chip(
  {
    name: 'fibonacci',
    doc: 'A row a number.',
    columns: { i: 'i counts', a: 'a follows', b: 'b follows', on: 'bool' },
    rows: () => 8,
    fill: () => {},
    constrain(c, b) {
      const later = b.first.not()
      b.zero('i counts', c.i.sub(later.mul(b.prev(c.i).add(1))))
      b.zero(
        'a follows',
        c.a
          .sub(b.prev(c.b))
          .mul(later)
          .add(b.first.mul(c.a.sub(b.public('start')))),
      )
      b.zero('b follows', later.mul(c.b.sub(b.prev(c.a)).sub(b.prev(c.b))))
      b.send('number', PAIR, c.on, [c.i, c.a])
    },
  },
  ['start'],
) as Chip<never>

const numbers = (): Uint32Array[] => [
  Uint32Array.from([0, 1, 2, 3, 4, 5, 6, 7]),
  Uint32Array.from([1, 1, 2, 3, 5, 8, 13, 21]),
  Uint32Array.from([1, 2, 3, 5, 8, 13, 21, 34]),
  Uint32Array.from([1, 1, 1, 1, 1, 0, 0, 0]),
]

describe('checkRows', () => {
  it('accepts an honest trace', () => {
    expect(checkRows(fibonacci, { main: numbers() }, [1])).toBeUndefined()
  })
  it('names the constraint, the row and the value', () => {
    const main = numbers()
    main[2][3] = 6
    expect(checkRows(fibonacci, { main }, [1])).toEqual({
      chip: 'fibonacci',
      constraint: 'b follows',
      row: 3,
      value: 1,
    })
  })
  it('reads public values, and the last row as the one before row 0', () => {
    expect(checkRows(fibonacci, { main: numbers() }, [2])).toMatchObject({ constraint: 'a follows', row: 0 })
  })
  it('checks bits', () => {
    const main = numbers()
    main[3][7] = 2
    expect(checkRows(fibonacci, { main }, [1])).toMatchObject({ constraint: 'on is a bit', row: 7 })
  })
  it('does not see a constraint taken out', () => {
    const main = numbers()
    main[2][7] = 0
    expect(checkRows(fibonacci, { main }, [1])).toMatchObject({ constraint: 'b follows' })
    expect(checkRows(without(fibonacci, 'b follows'), { main }, [1])).toBeUndefined()
  })
  it('throws on columns that do not fit', () => {
    expect(() => checkRows(fibonacci, { main: numbers().slice(1) }, [1])).toThrow(RangeError)
    expect(() => checkRows(fibonacci, { main: [...numbers().slice(1), new Uint32Array(4)] }, [1])).toThrow(
      RangeError,
    )
  })
  it('random chips hold on their own rows and not on mutated ones', () => {
    for (let seed = 1; seed < 6; seed++) {
      const source = randomChip(seed)
      const { main, preprocessed, publics } = randomRows(source, 4, seed)
      expect(checkRows(source, { main, preprocessed }, publics)).toBeUndefined()
      const o = source.columns.indexOf('o1')
      main[o][5] = main[o][5] === 0 ? 1 : 0
      expect(checkRows(source, { main, preprocessed }, publics)).toMatchObject({
        constraint: 'o1 is derived 1',
      })
    }
  })
})

describe('busBalance', () => {
  const terms8 = [1, 1, 2, 3, 5].map((v, i) => ({ bus: PAIR, multiplicity: -1, tuple: [i, v] }))
  const filled = [{ chip: fibonacci, columns: { main: numbers() } }]

  it('is empty when every tuple is answered', () => {
    expect(busBalance(filled, terms8, [1])).toEqual([])
  })
  it('lists a tuple that is not, with who touched it', () => {
    const wrong = terms8.map((t) => (t.tuple[0] === 2 ? { ...t, tuple: [2, 7] } : t))
    const open = busBalance(filled, wrong, [1])
    expect(open).toEqual([
      {
        bus: 'Pair',
        tuple: [2, 2],
        total: 1,
        touches: [{ chip: 'fibonacci', message: 'number', row: 2, multiplicity: 1 }],
      },
      {
        bus: 'Pair',
        tuple: [2, 7],
        total: -1,
        touches: [{ chip: 'public terms', message: 'term', row: 2, multiplicity: -1 }],
      },
    ])
    expect(describeImbalance(open[0])).toBe('Pair(2, 2) is off by 1:\n  1 by fibonacci.number in row 2')
  })
  it('does not mix buses', () => {
    const other = terms8.map((t) => ({ ...t, bus: { ...PAIR, name: 'Other' } }))
    expect(busBalance(filled, other, [1])).toHaveLength(10)
    expect(busBalance(filled, other, [1], 3)).toHaveLength(3)
  })
})

describe('lint', () => {
  const bad = chip({
    name: 'bad',
    doc: '',
    columns: { x: 'nothing', y: 'product', unused: 'free: test', z: 'free:' },
    rows: () => 1,
    fill: () => {},
    constrain(c, b) {
      b.zero('product', c.x.mul(c.x))
      b.receive('look', RANGE, 1, [c.x.add(c.z)])
    },
  }) as Chip<never>

  it('passes good chips', () => {
    expect(lintChip(fibonacci)).toEqual([])
    // Random chips read the previous row wherever they like.
    const rules = new Set(lintChip(randomChip(1)).map((f) => f.rule))
    expect([...rules].filter((r) => r !== 'unused-column' && r !== 'seam')).toEqual([])
  })
  it('finds ranges and unused columns', () => {
    expect(lintChip(bad).map((f) => `${f.rule}: ${f.detail}`)).toEqual([
      "range: x: nothing is named 'nothing'",
      "range: y: 'product' does not mention it",
      "range: z: nothing is named 'free:'",
      'unused-column: nothing mentions y',
      'unused-column: nothing mentions unused',
    ])
  })
  it('finds a bit without its constraint', () => {
    expect(lintChip(without(fibonacci, 'on is a bit'))).toMatchObject([{ rule: 'range' }])
  })
  it('finds a chip without messages, degrees and duplicate names', () => {
    const cube = fibonacci.constraints.map((k) => ({ ...k, expr: k.expr.mul(k.expr) }))
    const changed: Chip<never> = { ...fibonacci, constraints: [...cube, cube[0]], messages: [] }
    const rules = lintChip(changed).map((f) => f.rule)
    expect(new Set(rules)).toEqual(new Set(['degree', 'duplicate-name', 'no-message']))
  })
  it('finds a key that does not fit its bus', () => {
    const bus: Bus = { ...RANGE, table: { key: [1, 2], shift: 0 } }
    const messages = [{ ...fibonacci.messages[0], bus, tuple: [fibonacci.messages[0].tuple[0]] }]
    expect(lintChip({ ...fibonacci, messages })).toMatchObject([{ rule: 'bus' }])
  })

  const air: Air<never> = {
    name: 'toy',
    chips: [fibonacci],
    publics: ['start'],
    preprocessedTrees: [],
    minLogHeight: 3,
    maxLogHeight: 20,
  }
  const renamed = (bus: Partial<Bus>): Chip<never> => ({
    ...fibonacci,
    name: 'other',
    messages: fibonacci.messages.map((m) => ({ ...m, bus: { ...m.bus, ...bus } })),
  })
  it('checks an AIR as a whole', () => {
    expect(lintAir(air)).toEqual([])
    expect(lintAir({ ...air, chips: [fibonacci, fibonacci] })).toMatchObject([{ rule: 'duplicate-name' }])
    expect(lintAir({ ...air, chips: [fibonacci, renamed({ id: 9 })] })).toMatchObject([{ rule: 'bus' }])
    expect(lintAir({ ...air, chips: [fibonacci, renamed({ name: 'Other' })] })).toMatchObject([
      { rule: 'bus' },
    ])
    expect(lintAir({ ...air, chips: [renamed({ id: 0 })] })).toMatchObject([{ rule: 'bus' }])
    const tall = { ...fibonacci, fixedLogHeight: 31 }
    expect(lintAir({ ...air, chips: [tall] })).toMatchObject([{ rule: 'multiplicity' }])
    expect(lintAir({ ...air, chips: [randomChip(1)] }).map((f) => f.detail)).toContain(
      "random 1 names the tree 'random', which the AIR lacks",
    )
  })
  it('JSON changes with whatever changes the proof', () => {
    const text = (c: Chip<never>): string => JSON.stringify(chipJson(c))
    const variants = [
      fibonacci,
      without(fibonacci, 'b follows'),
      renamed({}),
      { ...renamed({ id: 9 }), name: 'fibonacci' },
      { ...fibonacci, fixedLogHeight: 3 },
      { ...fibonacci, messages: [{ ...fibonacci.messages[0], sign: -1 as const }] },
      { ...fibonacci, messages: [] },
    ]
    expect(new Set(variants.map(text)).size).toBe(variants.length)
    expect(airJson(air)).toMatchObject({ name: 'toy', publics: ['start'], minLogHeight: 3 })
    // After itself under another name each of them is like it, or else written out.
    variants.forEach((variant, i) => {
      const [first, second] = (
        airJson({ ...air, chips: [fibonacci, { ...variant, name: 'other' }] }) as { chips: Json[] }
      ).chips
      expect(first).toEqual(chipJson(fibonacci))
      expect(second).toEqual(
        i === 0 ? { name: 'other', like: 'fibonacci' } : chipJson({ ...variant, name: 'other' }),
      )
    })
    expect(chipJson(fibonacci)).toMatchObject({
      messages: [
        [
          'number',
          'Pair',
          1,
          1,
          ['column', 'main', 'on'],
          [
            ['column', 'main', 'i'],
            ['column', 'main', 'a'],
          ],
        ],
      ],
    })
  })
})

describe('table and program', () => {
  it('writes a chip as Markdown', () => {
    const text = chipTable(fibonacci)
    expect(text).toContain('4 columns, 4 constraints, 1 messages.')
    expect(text).toContain("| b follows | `(1 − first)·(b − a' − b')` | 2 |")
    expect(text).toContain('| number | + `on` | Pair(`i`, `a`) |')
  })
  it('keeps the meaning of an expression in its text', () => {
    const [x, y] = [fibonacci.messages[0].tuple[0], fibonacci.messages[0].tuple[1]]
    expect(exprText(x.sub(y.sub(x)))).toBe('i − (a − i)')
    expect(exprText(x.add(y).mul(x.sub(-3)))).toBe('(i + a)·(i − (-3))')
    expect(exprText(x.mul(y).neg().mul(2))).toBe('(−i·a)·2')
  })
  it('shares equal sub-expressions', () => {
    const x = fibonacci.messages[0].tuple[0]
    const y = fibonacci.messages[0].tuple[1]
    const twice: Chip<never> = {
      ...fibonacci,
      messages: [],
      constraints: [{ name: 'twice', expr: x.mul(y).sub(y.mul(x)) }],
    }
    expect(programOf(twice).steps).toHaveLength(4)
  })
})
