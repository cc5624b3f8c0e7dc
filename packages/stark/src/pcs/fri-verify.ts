import { Rejection } from '../failure.ts'
import * as Q from '../field/qm31.ts'
import type { QM31 } from '../field/qm31.ts'
import type { Layout } from '../layout.ts'
import { DIGEST_WORDS, checkOpening, extendDigests } from '../merkle.ts'
import type { VerifierTranscript } from '../transcript.ts'
import { ancestors } from './domain.ts'
import { evaluateLine, foldLeaves } from './fri-fold.ts'
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
 * The twin of `friOpen`. `values` are what the committed columns give at each query position in ascending order. They,
 * and later what a leaf folds to, take their places in the leaves: a layer that says otherwise there has another root.
 * Rejects 'merkle/root' and 'fri/final'.
 */
export function friCheck(
  transcript: VerifierTranscript,
  layout: Layout,
  { roots, betas, final }: FriCommitment,
  queries: Queries,
  values: readonly QM31[],
): void {
  const { hashEach } = transcript.suite
  let positions = queries.at(layout.logDomain)
  let known = values
  let depth = 0
  layout.folds.forEach((arityLog, layer) => {
    const arity = 2 ** arityLog
    const leaves = ancestors(positions, arityLog)
    const sent = transcript.readElements(4 * (leaves.length * arity - positions.length))
    const words = fillLeaves(leaves, arity, positions, known, sent)
    checkOpening(
      hashEach,
      `fri layer ${layer}`,
      roots[layer],
      layout.logDomain - depth - arityLog,
      leaves,
      extendDigests(hashEach, new Uint32Array(DIGEST_WORDS * leaves.length), words),
      (count) => transcript.readDigests(count),
    )
    known = foldLeaves(words, arityLog, layout.logDomain, depth, leaves, betas[layer])
    positions = leaves
    depth += arityLog
  })
  const got = evaluateLine(final, layout.logDomain, depth, positions)
  positions.forEach((position, i) => {
    if (!Q.equals(known[i], got[i]))
      throw new Rejection('fri/final', `position ${position}`, known[i].join(' '), got[i].join(' '))
  })
}

/** The words of whole leaves: `known` values at `positions`, what was sent everywhere else. Both lists ascend. */
function fillLeaves(
  leaves: readonly number[],
  arity: number,
  positions: readonly number[],
  known: readonly QM31[],
  sent: Uint32Array,
): Uint32Array {
  const words = new Uint32Array(4 * arity * leaves.length)
  let next = 0
  let from = 0
  let to = 0
  for (const leaf of leaves)
    for (let p = leaf * arity; p < (leaf + 1) * arity; p++) {
      if (positions[next] === p) for (const limb of known[next++]) words[to++] = limb
      else for (let l = 0; l < 4; l++) words[to++] = sent[from++]
    }
  return words
}
