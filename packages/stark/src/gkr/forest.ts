import type { Chip } from '../air/chip.ts'

/** The fractions of one message of a chip, one a row: leaves [offset, offset + 2^log) of a tree. */
export interface LeafBlock {
  /** Index among the present chips. */
  readonly chip: number
  readonly message: number
  readonly log: number
  readonly offset: number
}

/** A binary tree of fractions with 2^log leaves. Leaves that no block fills are 0/1. */
export interface FractionTree {
  readonly log: number
  readonly blocks: readonly LeafBlock[]
}

/** A tree more costs four values a layer; a tree fewer more leaves that are not there. */
export const MAX_TREES = 4

/**
 * Cuts the leaves of all messages into trees of falling size. Blocks descend by size, so each starts at a multiple of
 * its own and a row's index stands in the low bits of its leaf's. Every tree is at least twice as large as its largest
 * block: the last coordinate of a leaf's point, which is the tree's own, then never belongs to a row.
 */
export function fractionForest(
  chips: readonly { readonly chip: Chip<never>; readonly log: number }[],
): FractionTree[] {
  const pending = chips
    .flatMap(({ chip, log }, i) => chip.messages.map((_, message) => ({ chip: i, message, log })))
    .sort((a, b) => b.log - a.log)
  let rest = pending.reduce((sum, { log }) => sum + 2 ** log, 0)
  const trees: FractionTree[] = []
  let next = 0
  while (next < pending.length) {
    const log = treeLog(rest, pending[next].log + 1, trees.length === MAX_TREES - 1)
    const blocks: LeafBlock[] = []
    let offset = 0
    for (; next < pending.length && offset < 2 ** log; next++) {
      blocks.push({ ...pending[next], offset })
      offset += 2 ** pending[next].log
    }
    rest -= offset
    trees.push({ log, blocks })
  }
  return trees
}

/** log2 of the next tree: all that is left when an eighth more holds it or it must, else as much as fills a tree. */
function treeLog(leaves: number, least: number, isLast: boolean): number {
  const above = Math.max(least, Math.ceil(Math.log2(leaves)))
  const below = Math.floor(Math.log2(leaves))
  return isLast || below < least || 2 ** above <= leaves * 1.125 ? above : below
}
