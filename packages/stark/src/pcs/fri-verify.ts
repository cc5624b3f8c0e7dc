import { bytesOfWords } from '../codec.ts'
import { Rejection } from '../failure.ts'
import * as Q from '../field/qm31.ts'
import type { QM31 } from '../field/qm31.ts'
import type { Layout } from '../layout.ts'
import { DIGEST_BYTES, checkOpening, extendDigests } from '../merkle.ts'
import type { VerifierTranscript } from '../transcript.ts'
import { distinct } from './domain.ts'
import { evaluateLine, foldLeaf, lineX } from './fri-fold.ts'
import type { Queries } from './queries.ts'

/** What the commit phase sent and drew. */
export interface FriCommitment {
  readonly roots: readonly Uint8Array[]
  readonly betas: readonly QM31[]
  readonly final: readonly QM31[]
}

/** The twin of `friCommit`: as many layers and coefficients as the layout says. */
export function friReceive(
  transcript: VerifierTranscript,
  layout: Layout,
  beforeFold: (layer: number) => void,
): FriCommitment {
  const roots: Uint8Array[] = []
  const betas: QM31[] = []
  layout.folds.forEach((_, i) => {
    roots.push(transcript.receiveBytes('fri root', 32))
    beforeFold(i)
    betas.push(transcript.drawExtension('fri beta'))
  })
  const left = layout.n - layout.folds.reduce((a, b) => a + b, 0)
  return { roots, betas, final: transcript.receiveExtensions('fri final', 2 ** left) }
}

/**
 * The twin of `friOpen`. `values` are what the committed columns give at each query position in ascending order. Rejects
 * 'deep/mismatch' when layer 0 says otherwise, 'fri/fold' when a later layer does, 'fri/final', 'merkle/root'.
 */
export function friCheck(
  transcript: VerifierTranscript,
  layout: Layout,
  { roots, betas, final }: FriCommitment,
  queries: Queries,
  values: readonly QM31[],
): void {
  const { hash, field } = transcript.suite
  let expected = new Map(queries.at(layout.logDomain).map((q, i) => [q, values[i]]))
  let depth = 0
  layout.folds.forEach((arityLog, layer) => {
    const arity = 2 ** arityLog
    const words = 4 * arity
    const leaves = distinct([...expected.keys()].map((p) => p >>> arityLog))
    const opened = transcript.readElements(leaves.length * words)
    checkOpening(
      hash,
      `fri layer ${layer}`,
      roots[layer],
      layout.logDomain - depth - arityLog,
      leaves,
      extendDigests(hash, new Uint8Array(DIGEST_BYTES * leaves.length), bytesOfWords(opened)),
      (count) => transcript.readDigests(count),
    )
    const folded = new Map<number, QM31>()
    const leafValues = new Map<number, QM31[]>()
    leaves.forEach((leaf, i) => {
      const at = Array.from({ length: arity }, (_, j) => field.fromLimbs(opened, i * words + 4 * j))
      leafValues.set(leaf, at)
      folded.set(leaf, foldLeaf(at, layout.logDomain, depth, leaf, betas[layer]))
    })
    for (const [position, value] of expected) {
      const got = leafValues.get(position >>> arityLog)![position % arity]
      if (!Q.equals(value, got))
        throw new Rejection(
          layer === 0 ? 'deep/mismatch' : 'fri/fold',
          `layer ${layer}, position ${position}`,
          value.join(' '),
          got.join(' '),
        )
    }
    expected = folded
    depth += arityLog
  })
  for (const [position, value] of expected) {
    const got = evaluateLine(final, lineX(layout.logDomain, depth, position))
    if (!Q.equals(value, got))
      throw new Rejection('fri/final', `position ${position}`, value.join(' '), got.join(' '))
  }
}
