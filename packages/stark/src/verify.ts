import { deepLines, drawOodPoints } from './deep.ts'
import { Rejection } from './failure.ts'
import type { Failure } from './failure.ts'
import * as Q from './field/qm31.ts'
import type { QM31 } from './field/qm31.ts'
import { absorbHeader } from './header.ts'
import { layoutOf } from './layout.ts'
import type { StarkStatement } from './layout.ts'
import { compositionSides } from './ood.ts'
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
  const interactionRoot = transcript.receiveBytes('interaction root', 32)
  const claims = transcript.receiveExtensions('claims', layout.chips.length)
  checkBalance(statement, z, alpha, claims)

  const weights = transcript.drawExtensions('composition', layout.weights)
  const compositionRoot = transcript.receiveBytes('composition root', 32)

  transcript.grind('ood', grinding.ood)
  const points = drawOodPoints(transcript, layout.n)
  const sampled = transcript.receiveExtensions('sampled values', layout.samples.length)
  const sides = compositionSides(layout, statement, points, sampled, { z, alpha, claims, weights })
  if (!Q.equals(sides.constraints, sides.composition))
    throw new Rejection('ood/mismatch', 'P', sides.constraints.join(' '), sides.composition.join(' '))

  transcript.grind('batching', grinding.batching)
  const gammas = transcript.drawExtensions('batching', layout.samples.length)
  const lines = deepLines(layout, points, sampled, gammas)

  const fri = friReceive(transcript, layout, (layer) => {
    transcript.grind('commit', grinding.commit[layer])
  })

  transcript.grind('query', grinding.query)
  const drawn = new Queries(transcript.drawPositions('query', queries, layout.logDomain), layout.logDomain)

  const roots = [...layout.roots.map((r) => r.root), mainRoot, interactionRoot, compositionRoot]
  const { logBlowup } = layout.parameters
  const opened = layout.trees.map((tree, t) => readTree(transcript, tree, logBlowup, roots[t], drawn))
  friCheck(transcript, layout, fri, drawn, deepValues(layout, gammas, lines, opened, drawn))
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

function checkBalance(statement: StarkStatement, z: QM31, alpha: QM31, claims: readonly QM31[]): void {
  const publicSum = statement.publicTerms.sum(z, alpha)
  if (publicSum === undefined)
    throw new Rejection('bus/public-terms', 'statement', 'nonzero denominators', 'a zero denominator')
  const total = claims.reduce(Q.add, publicSum)
  if (!Q.isZero(total)) throw new Rejection('bus/unbalanced', 'claims', '0 0 0 0', total.join(' '))
}
