import { chip } from '../../src/air/chip.ts'
import type { Air, Bus } from '../../src/air/chip.ts'
import * as Q from '../../src/field/qm31.ts'
import type { QM31 } from '../../src/field/qm31.ts'
import type { Kernels, Pointer } from '../../src/kernels/kernels.ts'
import type { StarkStatement } from '../../src/layout.ts'
import { commitPreprocessed } from '../../src/pcs/commit.ts'
import { PROFILES } from '../../src/profiles.ts'
import type { Profile, ProfileName } from '../../src/profiles.ts'
import type { Witness } from '../../src/prove.ts'
import { verifyingKey } from '../../src/verifying-key.ts'
import type { VerifyingKey } from '../../src/verifying-key.ts'

const OUT: Bus = { name: 'Out', id: 1, fields: ['value'] }
const BYTE: Bus = { name: 'Byte', id: 2, fields: ['value'], table: { key: [1], shift: 0 } }
const PRODUCT: Bus = { name: 'Product', id: 3, fields: ['x', 'y', 'xy'] }

const publics = ['seed'] as const

const fibonacci = chip(
  {
    name: 'fibonacci',
    doc: 'two neighbours of the sequence',
    columns: { a: 'free: follows from the row before', b: 'free: follows from the row before', last: 'bool' },
    constrain: ({ a, b, last }, k) => {
      k.zero('starts at the seed', k.first.mul(a.sub(k.public('seed'))))
      k.zero('starts with one', k.first.mul(b.sub(1)))
      k.zero('shifts', k.first.not().mul(a.sub(k.prev(b))))
      k.zero('adds', k.first.not().mul(b.sub(k.prev(a)).sub(k.prev(b))))
      k.send('result', OUT, last, [b])
    },
    rows: () => 32,
    fill: () => {},
  },
  publics,
)

const squares = chip(
  {
    name: 'multiply',
    doc: 'two bytes and a request for their product',
    columns: { x: 'x is a byte', y: 'y is a byte', en: 'bool', xy: 'multiplies' },
    constrain: ({ x, y, en, xy }, k) => {
      k.receive('x is a byte', BYTE, en, [x])
      k.receive('y is a byte', BYTE, en, [y])
      k.send('product', PRODUCT, en, [x, y, xy])
      k.zero('multiplies', x.mul(y).sub(xy))
      k.zero('padding is zero', en.not().mul(x))
    },
    rows: () => 128,
    fill: () => {},
  },
  publics,
)

const products = chip(
  {
    name: 'product',
    doc: 'an answer',
    columns: { p: 'answer', q: 'answer', r: 'answer', m: 'free: a multiplicity' },
    constrain: ({ p, q, r, m }, k) => {
      k.zero('answer', p.mul(q).sub(r))
      k.receive('product', PRODUCT, m, [p, q, r])
    },
    rows: () => 64,
    fill: () => {},
  },
  publics,
)

const bytes = chip(
  {
    name: 'bytes',
    doc: 'all bytes',
    columns: { m: 'free: a multiplicity' },
    preprocessed: { tree: 'tables', columns: ['value', 'low'] },
    constrain: ({ value, m }, k) => k.send('byte', BYTE, m, [value]),
    rows: () => 256,
    fill: () => {},
    fixedLogHeight: 8,
  },
  publics,
)

/** Shares the tree 'tables' and has no main column. */
const idle = chip(
  {
    name: 'idle',
    doc: 'a tuple sent and taken back',
    columns: {},
    preprocessed: { tree: 'tables', columns: ['c'] },
    constrain: ({ c }, k) => {
      k.send('there', OUT, 1, [c])
      k.receive('back', OUT, 1, [c])
    },
    rows: () => 16,
    fill: () => {},
  },
  publics,
)

/** In a tree of its own; absent unless asked for. */
const image = chip(
  {
    name: 'image',
    doc: 'words that the statement commits to',
    columns: { m: 'bool' },
    preprocessed: { tree: 'image', columns: ['word'] },
    constrain: ({ word, m }, k) => {
      k.send('sent', OUT, m, [word])
      k.receive('taken', OUT, m, [word])
    },
    rows: () => 32,
    fill: () => {},
  },
  publics,
)

export const toyAir: Air<never> = {
  name: 'toy',
  chips: [fibonacci, squares, products, bytes, idle, image],
  publics,
  preprocessedTrees: ['tables', 'image'],
  minLogHeight: 4,
  maxLogHeight: 10,
}

export interface Toy {
  readonly kernels: Kernels
  readonly vk: VerifyingKey
  readonly statement: StarkStatement
  readonly witness: Witness
  /** Main columns by chip index, to be spoiled by tests. */
  readonly columns: readonly (readonly Pointer[] | undefined)[]
}

/** A key whose profile asks for fewer bits, so that tests need not grind. */
export const lighter = (
  vk: VerifyingKey,
  bits: number,
  change: Partial<Profile['grinding']> = {},
): VerifyingKey => ({
  ...vk,
  profile: { ...vk.profile, targetBits: bits, grinding: { ...vk.profile.grinding, query: 0, ...change } },
})

export function statementOf(
  seed: number,
  result: number,
  preprocessed: StarkStatement['preprocessed'],
): StarkStatement {
  return {
    bytes: Uint8Array.of(seed, result & 255, result >>> 8),
    publics: [seed],
    publicTerms: {
      count: 1,
      sum: (z: QM31, alpha: QM31) => {
        const d = Q.sub(Q.sub(z, Q.fromBase(OUT.id)), Q.mulBase(alpha, result))
        return Q.isZero(d) ? undefined : Q.neg(Q.inv(d))
      },
    },
    preprocessed,
  }
}

export function toy(
  kernels: Kernels,
  profile: ProfileName = 'fast-100',
  options: { idle?: boolean; image?: boolean; fibonacciLog?: number; air?: Air<never> } = {},
): Toy {
  const air = options.air ?? toyAir
  const column = (log: number, value: (i: number) => number): Pointer => {
    const p = kernels.alloc(2 ** log)
    kernels.words(p, 2 ** log).forEach((_, i, w) => {
      w[i] = value(i)
    })
    return p
  }
  const { logBlowup } = PROFILES[profile]
  const tables = commitPreprocessed(
    kernels,
    air,
    'tables',
    {
      bytes: { logHeight: 8, columns: [column(8, (i) => i), column(8, (i) => i & 1)] },
      idle: { logHeight: 4, columns: [column(4, (i) => 7 * i)] },
    },
    logBlowup,
  )
  const imageTree = commitPreprocessed(
    kernels,
    air,
    'image',
    { image: { logHeight: 5, columns: [column(5, (i) => i * i)] } },
    logBlowup,
  )
  const vk = verifyingKey({ air, profile, fixed: { tables: tables.commitment } })

  const fibLog = options.fibonacciLog ?? 5
  const seed = 1
  const a = [seed]
  const b = [1]
  for (let i = 1; i < 2 ** fibLog; i++) {
    a.push(b[i - 1])
    b.push((a[i - 1] + b[i - 1]) % (2 ** 31 - 1))
  }
  const last = 20
  const xs = Array.from({ length: 128 }, (_, i) => (i < 50 ? (i * 37) & 255 : 0))
  const ys = Array.from({ length: 128 }, (_, i) => (i < 50 ? (i * i) & 255 : 0))
  const counts = Array.from({ length: 256 }, () => 0)
  for (let i = 0; i < 50; i++) {
    counts[xs[i]]++
    counts[ys[i]]++
  }
  const columns = [
    [column(fibLog, (i) => a[i]), column(fibLog, (i) => b[i]), column(fibLog, (i) => (i === last ? 1 : 0))],
    [
      column(7, (i) => xs[i]),
      column(7, (i) => ys[i]),
      column(7, (i) => (i < 50 ? 1 : 0)),
      column(7, (i) => xs[i] * ys[i]),
    ],
    [
      column(6, (i) => xs[i]),
      column(6, (i) => ys[i]),
      column(6, (i) => xs[i] * ys[i]),
      column(6, (i) => (i < 50 ? 1 : 0)),
    ],
    [column(8, (i) => counts[i])],
    options.idle === false ? undefined : [],
    options.image === true ? [column(5, (i) => i & 1)] : undefined,
  ]
  const logs = [fibLog, 7, 6, 8, 4, 5]
  return {
    kernels,
    vk,
    statement: statementOf(seed, b[last], { image: imageTree.commitment }),
    witness: {
      chips: columns.map((main, i) => (main === undefined ? undefined : { logHeight: logs[i], main })),
      preprocessed: { tables, image: imageTree },
    },
    columns,
  }
}
