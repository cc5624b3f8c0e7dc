import { deepLines, drawOodPoints } from './deep.ts'
import { Rejection } from './failure.ts'
import type { Failure } from './failure.ts'
import * as Q from './field/qm31.ts'
import type { QM31 } from './field/qm31.ts'
import { eqColumns } from './gkr/eq-column.ts'
import { gkrVerify, receiveRoots } from './gkr/gkr-verify.ts'
import { claimedColumns, leafClaims } from './gkr/leaf-claims.ts'
import type { Fraction } from './gkr/sumcheck.ts'
import { absorbHeader } from './header.ts'
import { layoutOf } from './layout.ts'
import type { Layout, StarkStatement } from './layout.ts'
import { byChip, compositionSides, drawColumnWeights } from './ood.ts'
import type { Challenges } from './ood.ts'
import { deepValues } from './pcs/deep-values.ts'
import { friCheck, friReceive } from './pcs/fri-verify.ts'
import { readTree } from './pcs/open.ts'
import { Queries } from './pcs/queries.ts'
import { assertSecure } from './security.ts'
import { InsecureParameters } from './security-report.ts'
import type { SecurityReport } from './security-report.ts'
import { VerifierTranscript } from './transcript.ts'
import type { VerifyingKey } from './verifying-key.ts'

/** The verifier's answer. */
export type Verdict =
  | { readonly ok: true; readonly security: SecurityReport; readonly logHeights: readonly number[] }
  | { readonly ok: false; readonly failure: Failure }

export interface VerifyOptions {
  /** Least proven bits under unique decoding; 100 unless told otherwise. */
  readonly minBits?: number
}

/** More bytes than any honest proof has. */
export const MAX_PROOF_BYTES = 2 ** 24

/**
 * Whether `proof` shows that a witness of the key's AIR exists for `statement`. Total in `proof`: any bytes in, a
 * verdict out. Throws `Misuse` when key and statement do not fit together. Step by step the twin of `prove`.
 */
export function verify(
  vk: VerifyingKey,
  statement: StarkStatement,
  proof: Uint8Array,
  options: VerifyOptions = {},
): Verdict {
  try {
    return check(vk, statement, proof, options.minBits ?? 100)
  } catch (error) {
    if (error instanceof Rejection) return { ok: false, failure: error.failure }
    throw error
  }
}

function check(vk: VerifyingKey, statement: StarkStatement, proof: Uint8Array, minBits: number): Verdict {
  if (proof.length > MAX_PROOF_BYTES)
    throw new Rejection('proof/too-large', 'proof', `<= ${MAX_PROOF_BYTES}`, proof.length)
  const transcript = new VerifierTranscript(vk.suite, proof)
  absorbHeader(transcript, vk, statement)
  const logHeights = transcript.receiveBytes('log heights', vk.air.chips.length)
  const layout = layoutOf(vk, statement, logHeights)
  requireBits(layout.security, minBits)
  const { grinding, queries } = layout.parameters

  const mainRoot = transcript.receiveBytes('main root', 32)

  transcript.grind('logup', grinding.logup)
  const [z, alpha] = transcript.drawExtensions('logup', 2)
  const { columnClaims, point } = receiveColumnClaims(transcript, layout, statement, z, alpha)
  const eqAt = eqColumns(point)
  if (eqAt === undefined) throw new Rejection('gkr/point', 'r', 'no coordinate 0 or 1', point.join(' '))
  const columnWeights = drawColumnWeights(transcript, layout)
  const sumsRoot = transcript.receiveBytes('sums root', 32)

  const weights = transcript.drawExtensions('composition', layout.weights)
  const compositionRoot = transcript.receiveBytes('composition root', 32)

  transcript.grind('ood', grinding.ood)
  const points = drawOodPoints(transcript, layout.n)
  const sampled = transcript.receiveExtensions('sampled values', layout.samples.length)
  const drawn: Challenges = { columnClaims, columnWeights, eqColumns: eqAt, weights }
  const sides = compositionSides(layout, statement, points, sampled, drawn)
  if (!Q.equals(sides.constraints, sides.composition))
    throw new Rejection('ood/mismatch', 'P', sides.constraints.join(' '), sides.composition.join(' '))

  transcript.grind('batching', grinding.batching)
  const gammas = transcript.drawExtensions('batching', layout.samples.length)
  const lines = deepLines(layout, points, sampled, gammas)

  const fri = friReceive(transcript, layout, (layer) => {
    transcript.grind('commit', grinding.commit[layer])
  })

  transcript.grind('query', grinding.query)
  const queried = new Queries(transcript.drawPositions('query', queries, layout.logDomain), layout.logDomain)

  const roots = [...layout.roots.map((r) => r.root), mainRoot, sumsRoot, compositionRoot]
  const { logBlowup } = layout.parameters
  const opened = layout.trees.map((tree, t) => readTree(transcript, tree, logBlowup, roots[t], queried))
  friCheck(transcript, layout, fri, queried, deepValues(layout, gammas, lines, opened, queried))
  transcript.end()
  return { ok: true, security: layout.security, logHeights: Array.from(logHeights) }
}

function requireBits(security: SecurityReport, minBits: number): void {
  try {
    assertSecure(security, minBits)
  } catch (error) {
    if (error instanceof InsecureParameters)
      throw new Rejection('security/below-target', 'parameters', minBits, security.provenUDR.bits)
    throw error
  }
}

/**
 * What the multilinear extensions of all columns are claimed to be at r, the point where the fractions of all messages
 * were reduced to; they add up to nothing together with the public terms.
 */
function receiveColumnClaims(
  transcript: VerifierTranscript,
  layout: Layout,
  statement: StarkStatement,
  z: QM31,
  alpha: QM31,
): { columnClaims: QM31[][]; point: readonly QM31[] } {
  const { chips, forest } = layout
  const roots = receiveRoots(transcript, forest)
  checkBalance(statement, z, alpha, roots)
  const { claims, point } = gkrVerify(transcript, forest, roots)
  const count = chips.reduce((sum, chip) => sum + claimedColumns(chip), 0)
  const columnClaims = byChip(chips, transcript.receiveExtensions('column claims', count))
  const { publics } = statement
  leafClaims(chips, forest, point, { values: columnClaims, publics, z, alpha }).forEach((leaf, t) => {
    for (const part of ['numerator', 'denominator'] as const)
      if (!Q.equals(leaf[part], claims[t][part]))
        throw new Rejection(
          'gkr/leaves',
          `${part} of tree ${t}`,
          claims[t][part].join(' '),
          leaf[part].join(' '),
        )
  })
  return { columnClaims, point: point.low.slice(0, layout.heights.at(-1)!.log) }
}

function checkBalance(statement: StarkStatement, z: QM31, alpha: QM31, roots: readonly Fraction[]): void {
  let total = statement.publicTerms.sum(z, alpha)
  if (total === undefined)
    throw new Rejection('bus/public-terms', 'statement', 'nonzero denominators', 'a zero denominator')
  for (const { numerator, denominator } of roots) {
    if (Q.isZero(denominator))
      throw new Rejection(
        'bus/zero-denominator',
        'fraction sums',
        'nonzero denominators',
        'a zero denominator',
      )
    total = Q.add(total, Q.mul(numerator, Q.inv(denominator)))
  }
  if (!Q.isZero(total)) throw new Rejection('bus/unbalanced', 'fraction sums', '0 0 0 0', total.join(' '))
}
