import { describe, expect, it } from 'vitest'
import { chip } from '../src/air/chip.ts'
import type { Air, Builder, Bus, Chip, Message } from '../src/air/chip.ts'
import { constant, Expr } from '../src/air/expr.ts'
import { lintChip } from '../src/air/lint.ts'
import { readsAcrossSeam } from '../src/air/seam.ts'
import { verifyingKey } from '../src/verifying-key.ts'

const OUT: Bus = { name: 'Out', id: 1, fields: ['value'] }

const counter = (say: (c: { readonly x: Expr }, b: Builder) => void): Chip<never> =>
  chip({
    name: 'counter',
    doc: 'a number',
    columns: { x: 'free: a test' },
    constrain: (c, b) => {
      b.send('out', OUT, 1, [c.x])
      say(c, b)
    },
    rows: () => 16,
    fill: () => {},
  }) as Chip<never>

/** A message that `chip` itself refuses. */
const X_BEFORE = new Expr({ kind: 'column', tree: 'main', index: 0, name: 'x', prev: true })
const withMessage = (message: Pick<Message, 'name' | 'multiplicity' | 'tuple'>): Chip<never> => {
  const good = counter(() => {})
  return { ...good, messages: [...good.messages, { bus: OUT, sign: -1, ...message }] }
}

const airOf = (one: Chip<never>): Air<never> => ({
  name: 'seam',
  chips: [one],
  publics: [],
  preprocessedTrees: [],
  minLogHeight: 4,
  maxLogHeight: 8,
})

describe('the seam between periods', () => {
  it.each<[string, Chip<never>]>([
    ['gated by 1 − first', counter((c, b) => b.zero('step', b.first.not().mul(c.x.sub(b.prev(c.x)).sub(1))))],
    ['without a previous row', counter((c, b) => b.zero('start', b.first.mul(c.x)))],
  ])('a chip %s is keyed', (_, good) => {
    expect(readsAcrossSeam(good)).toEqual([])
    expect(lintChip(good)).toEqual([])
    expect(() => verifyingKey({ air: airOf(good), profile: 'fast-100' })).not.toThrow()
  })

  it.each<[string, Chip<never>]>([
    ['step', counter((c, b) => b.zero('step', c.x.sub(b.prev(c.x)).sub(1)))],
    ['wrap', counter((c, b) => b.zero('wrap', c.x.sub(b.prev(c.x)).sub(1).add(b.first.mul(16))))],
    ['only first', counter((c, b) => b.zero('only first', b.first.mul(b.prev(c.x))))],
    ['message', withMessage({ name: 'message', multiplicity: constant(1), tuple: [X_BEFORE] })],
    ['multiplicity', withMessage({ name: 'multiplicity', multiplicity: X_BEFORE, tuple: [constant(1)] })],
  ])("a chip whose '%s' reads the previous row in row 0 is refused", (name, bad) => {
    expect(readsAcrossSeam(bad)).toEqual([name])
    expect(lintChip(bad)).toMatchObject([{ rule: 'seam' }])
    expect(() => verifyingKey({ air: airOf(bad), profile: 'fast-100' })).toThrow(
      `'${name}' reads the previous row`,
    )
  })
})
