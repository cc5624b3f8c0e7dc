import { describe, expect, it } from 'vitest'
import { chip } from '../src/air/chip.ts'
import type { Air, Builder, Bus, Chip, Message } from '../src/air/chip.ts'
import { expr } from '../src/air/expr.ts'
import type { Expr } from '../src/air/expr.ts'
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
  ])("a chip whose '%s' reads the previous row in row 0 is refused", (name, bad) => {
    expect(readsAcrossSeam(bad)).toEqual([name])
    expect(lintChip(bad)).toMatchObject([{ rule: 'seam' }])
    expect(() => verifyingKey({ air: airOf(bad), profile: 'fast-100' })).toThrow(
      `'${name}' reads the previous row`,
    )
  })

  it.each<[string, (c: { readonly x: Expr }, b: Builder) => void, string]>([
    ['tuple', (c, b) => b.receive('bad', OUT, 1, [b.prev(c.x)]), 'reads the previous row'],
    ['multiplicity', (c, b) => b.receive('bad', OUT, b.prev(c.x), [c.x]), 'reads the previous row'],
    ['tuple', (c, b) => b.receive('bad', OUT, 1, [c.x.mul(c.x)]), 'has degree 2'],
    ['multiplicity', (c, b) => b.receive('bad', OUT, b.first.mul(c.x), [c.x]), 'has degree 2'],
  ])('a message whose %s is not linear in its own row is refused', (_, say, fault) => {
    expect(() => counter(say)).toThrow(`counter: message 'bad' ${fault}`)
    // A chip made by hand meets the same rule in the lint and in the key.
    let bad: Message | undefined
    const keep = (name: string, bus: Bus, times: Expr | number, tuple: readonly (Expr | number)[]): void => {
      bad = { name, bus, sign: -1, multiplicity: expr(times), tuple: tuple.map(expr) }
    }
    const good = counter((c, b) => say(c, { ...b, receive: keep }))
    const byHand = { ...good, messages: [...good.messages, bad!] }
    expect(lintChip(byHand)).toMatchObject([{ rule: 'message', detail: `'bad' ${fault}` }])
    expect(() => verifyingKey({ air: airOf(byHand), profile: 'fast-100' })).toThrow(
      `chip 'counter': message 'bad' ${fault}`,
    )
  })
})
