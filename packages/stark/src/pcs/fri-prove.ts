import { bytesOfWords } from '../codec.ts'
import type { QM31 } from '../field/qm31.ts'
import type { Kernels, Pointer } from '../kernels/kernels.ts'
import type { Layout } from '../layout.ts'
import { rootOf, siblings, treeWords } from '../merkle.ts'
import type { ProverTranscript } from '../transcript.ts'
import { ancestors, distinct } from './domain.ts'

/** One committed layer of FRI. */
export interface FriLayer {
  readonly planes: Pointer
  readonly log: number
  readonly arityLog: number
  readonly tree: Pointer
}

/**
 * The commit phase on `planes`, 2^layout.logDomain values in domain order: sends a root a layer and the final
 * polynomial. `beforeFold` grinds. Throws an Error when the word is not of low degree: a bug of the prover.
 */
export async function friCommit(
  kernels: Kernels,
  transcript: ProverTranscript,
  layout: Layout,
  planes: Pointer,
  beforeFold: (layer: number) => Promise<void>,
): Promise<FriLayer[]> {
  const layers: FriLayer[] = []
  let from = planes
  let log = layout.logDomain
  let depth = 0
  for (const [i, arityLog] of layout.folds.entries()) {
    const tree = kernels.allocUninitialized(treeWords(log - arityLog))
    kernels.friTree(from, log, arityLog, tree)
    layers.push({ planes: from, log, arityLog, tree })
    transcript.sendBytes('fri root', rootOf(kernels, tree, log - arityLog))
    await beforeFold(i)
    const beta = transcript.drawExtension('fri beta')
    const to = kernels.allocUninitialized(4 * 2 ** (log - arityLog))
    kernels.friFold(from, log, depth, arityLog, beta, to)
    from = to
    log -= arityLog
    depth += arityLog
  }
  kernels.lineInterpolate(from, log, depth)
  const size = 2 ** log
  const count = size / 2 ** layout.parameters.logBlowup
  const limbs = kernels.words(from, 4 * size)
  const coefficient = (i: number): QM31 => [
    limbs[i],
    limbs[size + i],
    limbs[2 * size + i],
    limbs[3 * size + i],
  ]
  for (let i = count; i < size; i++)
    if (coefficient(i).some((limb) => limb !== 0)) throw new Error('the DEEP quotient is not of low degree')
  transcript.sendExtensions(
    'fri final',
    Array.from({ length: count }, (_, i) => coefficient(i)),
  )
  return layers
}

/**
 * Writes, a layer, the leaves that the queries fall in, without the values that the verifier has already (those of the
 * queries, which the fold before or the opened columns give), and then siblings.
 */
export function friOpen(
  kernels: Kernels,
  transcript: ProverTranscript,
  layers: readonly FriLayer[],
  queries: ArrayLike<number>,
): void {
  let positions = distinct(Array.from(queries))
  for (const { planes, log, arityLog, tree } of layers) {
    const leaves = ancestors(positions, arityLog)
    const arity = 2 ** arityLog
    const limbs = kernels.words(planes, 4 * 2 ** log)
    const known = new Set(positions)
    const words = leaves.flatMap((leaf) =>
      Array.from({ length: arity }, (_, i) => leaf * arity + i)
        .filter((p) => !known.has(p))
        .flatMap((p) => [0, 1, 2, 3].map((l) => limbs[l * 2 ** log + p])),
    )
    transcript.writeOpening(bytesOfWords(words))
    transcript.writeOpening(siblings(kernels, tree, log - arityLog, leaves))
    positions = leaves
  }
}
