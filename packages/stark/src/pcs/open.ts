import type { TreeLayout } from '../layout.ts'
import { DIGEST_WORDS, checkOpening, copyWords, extendDigests } from '../merkle.ts'
import type { VerifierTranscript } from '../transcript.ts'
import type { Queries } from './queries.ts'

/** The columns of one height of a tree, at the positions that the queries lift to there. */
export interface OpenedClass {
  /** log2 of the domain of these columns. */
  readonly log: number
  /** Number of columns. */
  readonly count: number
  /** Row after row, in the order of `Queries.at(log)`. */
  readonly words: Uint32Array
}

/**
 * The twin of `openTree` in commit.ts: reads the rows of each class, then the siblings. A row of a class stands there
 * once, however many queries share it. Rejects 'merkle/root' unless they belong to `root`.
 */
export function readTree(
  transcript: VerifierTranscript,
  tree: TreeLayout,
  logBlowup: number,
  root: Uint8Array,
  queries: Queries,
): OpenedClass[] {
  const { hashEach } = transcript.suite
  let below: { log: number; digests: Uint32Array } | undefined
  const opened = tree.classes.map(({ log: height, count }): OpenedClass => {
    const log = height + logBlowup
    const positions = queries.at(log)
    const words = transcript.readElements(positions.length * count)
    const digests = new Uint32Array(DIGEST_WORDS * positions.length)
    if (below !== undefined) {
      const from = below.digests
      queries.lifted(log, below.log).forEach((k, i) => {
        copyWords(from, DIGEST_WORDS * k, DIGEST_WORDS, digests, DIGEST_WORDS * i)
      })
    }
    below = { log, digests: extendDigests(hashEach, digests, words) }
    return { log, count, words }
  })
  const { log, digests } = below!
  checkOpening(hashEach, tree.name, root, log, queries.at(log), digests, (count) =>
    transcript.readDigests(count),
  )
  return opened
}
