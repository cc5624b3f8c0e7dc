import { describe, expect, it } from 'vitest'
import type { Chip } from '../src/air/chip.ts'
import { MAX_TREES, fractionForest } from '../src/gkr/forest.ts'
import type { FractionTree } from '../src/gkr/forest.ts'
import { shapeOf, sumcheckErrors } from '../src/profiles.ts'
import { randomNumbers } from './air-random.ts'

interface Placed {
  readonly chip: Chip<never>
  readonly log: number
}

/** As much of a chip as a forest looks at. */
const withMessages = (count: number): Chip<never> =>
  ({ messages: Array.from({ length: count }, () => ({})) }) as unknown as Chip<never>

type Shape = readonly (readonly [messages: number, log: number])[]

const placed = (...shape: Shape): Placed[] =>
  shape.map(([messages, log]) => ({ chip: withMessages(messages), log }))

const leavesOf = (chips: readonly Placed[]): number =>
  chips.reduce((sum, { chip, log }) => sum + chip.messages.length * 2 ** log, 0)

/** The rules that a forest breaks, by name. */
function broken(chips: readonly Placed[], forest: readonly FractionTree[]): string[] {
  const rules: [string, boolean][] = [
    ['one tree at least', forest.length > 0],
    ['not too many', forest.length <= MAX_TREES],
    ['every row has its coordinates in the first tree', chips.every((c) => c.log < forest[0].log)],
  ]
  const seen = new Set<string>()
  forest.forEach(({ log, blocks }, t) => {
    rules.push(['of falling size', t === 0 || log <= forest[t - 1].log], ['not empty', blocks.length > 0])
    let next = 0
    for (const { chip, message, log: own, offset } of blocks) {
      rules.push(
        ['no gap and no overlap', offset === next],
        ['aligned', offset % 2 ** own === 0],
        ['the last coordinate is the tree’s own', own < log],
        ['as tall as its chip', own === chips[chip].log],
        ['a message of its chip', message < chips[chip].chip.messages.length],
      )
      next += 2 ** own
      seen.add(`${chip} ${message}`)
    }
    rules.push(
      ['within the tree', next <= 2 ** log],
      ['full but for the last', t === forest.length - 1 || next === 2 ** log],
    )
  })
  const messages = chips.reduce((sum, { chip }) => sum + chip.messages.length, 0)
  const blocks = forest.reduce((sum, tree) => sum + tree.blocks.length, 0)
  rules.push(['each message once', blocks === messages && seen.size === messages])
  return rules.flatMap(([name, holds]) => (holds ? [] : [name]))
}

describe('the forest of fraction trees', () => {
  it('holds each message once, aligned, in trees of falling size', () => {
    const random = randomNumbers(11)
    for (let round = 0; round < 1000; round++) {
      const most = 1 + random.below(24)
      const chips = Array.from({ length: 1 + random.below(12) }, () => ({
        chip: withMessages(1 + random.below(round % 2 === 0 ? 4 : 40)),
        log: 1 + random.below(most),
      }))
      const shape = JSON.stringify(chips.map(({ chip, log }) => [chip.messages.length, log]))
      expect(broken(chips, fractionForest(chips)), shape).toEqual([])
    }
  })

  it('of one message is twice as large as it', () => {
    for (const log of [1, 5, 24]) {
      expect(fractionForest(placed([1, log]))).toEqual([
        { log: log + 1, blocks: [{ chip: 0, message: 0, log, offset: 0 }] },
      ])
      expect(fractionForest(placed([2, log]))).toMatchObject([
        { log: log + 1, blocks: [{}, { offset: 2 ** log }] },
      ])
    }
  })

  it('fills a tree before it begins the next, and pads only what is nearly full or last', () => {
    const logs = (...shape: Shape): number[] => fractionForest(placed(...shape)).map((t) => t.log)
    // 15 of 16, an eighth more than 14 of 16 and a little less than 13 of 16.
    expect(logs([15, 4])).toEqual([8])
    expect(logs([13, 4])).toEqual([7, 6, 5])
    expect(logs([3, 4])).toEqual([5, 5])
    // The fourth takes all that is left.
    expect(logs([32 + 16 + 8 + 5, 4])).toEqual([10])
    expect(logs([64 + 16 + 4 + 1, 4], [9, 1])).toEqual([10, 8, 6, 6])
    // Two trees of one depth.
    expect(logs([2, 6], [1, 5], [1, 4])).toEqual([7, 6])
    expect(logs([2, 6], [1, 6])).toEqual([7, 7])
  })

  it('is ordered by size, then by chip, then by message', () => {
    expect(fractionForest(placed([2, 2], [1, 3], [1, 2], [1, 1], [1, 2]))).toEqual([
      {
        log: 4,
        blocks: [
          { chip: 1, message: 0, log: 3, offset: 0 },
          { chip: 0, message: 0, log: 2, offset: 8 },
          { chip: 0, message: 1, log: 2, offset: 12 },
        ],
      },
      {
        log: 3,
        blocks: [
          { chip: 2, message: 0, log: 2, offset: 0 },
          { chip: 4, message: 0, log: 2, offset: 4 },
        ],
      },
      { log: 2, blocks: [{ chip: 3, message: 0, log: 1, offset: 0 }] },
    ])
  })

  it('has no more bad challenges than a shape without it is charged', () => {
    const random = randomNumbers(12)
    for (let round = 0; round < 300; round++) {
      const chips = Array.from({ length: 1 + random.below(30) }, () => ({
        chip: withMessages(1 + random.below(30)),
        log: 1 + random.below(20),
      }))
      const depths = fractionForest(chips).map((t) => t.log)
      const rows = chips.map(({ chip, log }) => ({
        logHeight: log,
        constraints: 1,
        batchTerms: 1,
        messages: chip.messages.length,
      }))
      const { sumcheckErrors: charged } = shapeOf(rows, { publicTerms: 0, tupleWidth: 1 })
      expect(sumcheckErrors(depths), `${leavesOf(chips)} leaves`).toBeLessThanOrEqual(charged)
    }
  })
})
