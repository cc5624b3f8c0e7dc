import { chip } from '../src/air/chip.ts'
import type { Bus, Chip } from '../src/air/chip.ts'
import { constant } from '../src/air/expr.ts'
import type { Expr } from '../src/air/expr.ts'
import { programOf, rowEvaluator } from '../src/air/program.ts'
import { P } from '../src/field/m31.ts'
import type { QM31 } from '../src/field/qm31.ts'

/** A small generator with a seed (mulberry32), so that a failure repeats. */
export function randomNumbers(seed: number): {
  below: (n: number) => number
  element: () => number
  extension: () => QM31
} {
  let state = seed
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (n: number): number => Math.floor(next() * n)
  const edges = [0, 1, 2, P - 1, P - 2, 65535, 2 ** 30]
  const element = (): number => (below(4) === 0 ? edges[below(edges.length)] : below(P))
  return { below, element, extension: () => [below(P), below(P), below(P), below(P)] }
}

export const LOOK_UP: Bus = {
  name: 'LookUp',
  id: 3,
  fields: ['x', 'y'],
  table: { key: [1, 64], shift: 1 },
}

const FREE = ['f0', 'f1', 'f2', 'f3', 'f4', 'f5'] as const
const PREPROCESSED = ['p0', 'p1'] as const

/**
 * A chip of random constraints that can be met: each derived column o_j is a random expression of degree <= 3 in the
 * free ones. Its messages are random and linear; t0 and t1 are small for the look-ups, b is a bit.
 */
export function randomChip(seed: number, options: { derived?: number; messages?: number } = {}): Chip<never> {
  const { derived = 5, messages = 5 } = options
  const random = randomNumbers(seed)
  const names = Array.from({ length: derived }, (_, i) => `o${i}`)
  const columns = Object.fromEntries([
    ...FREE.map((n) => [n, 'free: test'] as const),
    ['t0', 'free: test'] as const,
    ['t1', 'free: test'] as const,
    ['b', 'bool'] as const,
    ...names.map((n, i) => [n, `${n} is derived ${i}`] as const),
  ])
  return chip<string, string>(
    {
      name: `random ${seed}`,
      doc: 'A random chip.',
      columns,
      preprocessed: { tree: 'random', columns: PREPROCESSED },
      rows: () => 0,
      fill: () => {},
      constrain(c, b) {
        const leaf = (): Expr => {
          const kind = random.below(12)
          if (kind < 6) return c[FREE[random.below(6)]]
          if (kind < 8) return b.prev(c[FREE[random.below(6)]])
          if (kind < 9) return c[PREPROCESSED[random.below(2)]]
          if (kind < 10) return c['b']
          return b.first
        }
        /** Without the row before: what a message may be made of. */
        const ownLeaf = (): Expr => {
          const kind = random.below(10)
          if (kind < 6) return c[FREE[random.below(6)]]
          if (kind < 8) return c[PREPROCESSED[random.below(2)]]
          return kind < 9 ? c['b'] : b.first
        }
        const polynomial = (degree: number, depth = 2): Expr => {
          const kind = random.below(8)
          if (degree >= 2 && kind < 5) {
            const left = 1 + random.below(degree - 1)
            return polynomial(left, depth).mul(polynomial(degree - left, depth))
          }
          if (kind < 1) return b.public('pub')
          if (kind < 2) return constant(random.element())
          if (kind < 6 && depth > 0) {
            const [x, y] = [polynomial(degree, depth - 1), polynomial(degree, depth - 1)]
            return random.below(2) === 0 ? x.add(y) : x.sub(y)
          }
          return leaf()
        }
        names.forEach((n, i) => b.zero(`${n} is derived ${i}`, c[n].sub(polynomial(3))))
        const linear = (): Expr => {
          let e: Expr = ownLeaf()
          for (let i = random.below(4); i > 0; i--) {
            const term = ownLeaf().mul(random.element())
            e = random.below(2) === 0 ? e.add(term) : e.sub(term)
          }
          return random.below(3) === 0 ? e.add(random.element()) : e
        }
        for (let i = 0; i < messages; i++) {
          const fields = Array.from({ length: 1 + random.below(6) }, (_, k) => `x${k}`)
          const bus: Bus = { name: `bus ${i}`, id: 10 + i, fields }
          const tuple = fields.map(() => {
            const kind = random.below(10)
            return kind < 2
              ? constant(random.below(9))
              : kind < 3
                ? b.public('other').mul(ownLeaf())
                : linear()
          })
          const times = random.below(3) === 0 ? constant(1) : random.below(2) === 0 ? c['b'] : linear()
          if (random.below(2) === 0) b.send(`message ${i}`, bus, times, tuple)
          else b.receive(`message ${i}`, bus, times, tuple)
        }
        b.receive('look-up', LOOK_UP, c['b'], [c['t0'], c['t1'].add(1)])
        b.receive('second look-up', LOOK_UP, c['b'].not().mul(5), [c['t1'], 3])
      },
    },
    ['other', 'pub'],
  ) as Chip<never>
}

export interface RandomRows {
  readonly main: Uint32Array[]
  readonly preprocessed: Uint32Array[]
  readonly publics: number[]
}

/** Rows of a random chip that meet its constraints. */
export function randomRows(chip: Chip<never>, log: number, seed: number): RandomRows {
  const random = randomNumbers(seed)
  const height = 2 ** log
  const column = (value: () => number): Uint32Array => Uint32Array.from({ length: height }, value)
  const main = chip.columns.map((name) => {
    if (name.startsWith('t')) return column(() => random.below(60))
    if (name === 'b') return column(() => random.below(2))
    return name.startsWith('o') ? new Uint32Array(height) : column(random.element)
  })
  const preprocessed = chip.preprocessed!.columns.map(() => column(random.element))
  const publics = [random.element(), random.element()]
  const { steps, constraints } = programOf(chip)
  const valuesOf = rowEvaluator(steps, {
    main,
    preprocessed,
    publics,
    previous: (row) => (row + height - 1) % height,
    first: (row) => (row === 0 ? 1 : 0),
  })
  for (let row = 0; row < height; row++) {
    const values = valuesOf(row)
    chip.constraints.forEach(({ name }, j) => {
      const o = chip.columns.indexOf(name.split(' ')[0])
      // With o = 0 the constraint o − e is −e.
      if (name.includes('derived')) main[o][row] = (P - values[constraints[j]]) % P
    })
  }
  return { main, preprocessed, publics }
}
