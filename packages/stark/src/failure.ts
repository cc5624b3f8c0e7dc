/** Every way in which a proof is refused. A test walks this list and wants one case of each. */
export const FAILURE_CODES = [
  'proof/too-large',
  'proof/truncated',
  'proof/trailing-bytes',
  'proof/not-canonical',
  'shape/no-chips',
  'shape/log-height',
  'shape/fixed-log-height',
  'shape/preprocessed-log-height',
  'shape/multiplicities',
  'shape/rows',
  'security/below-target',
  'grind/nonce',
  'bus/public-terms',
  'bus/unbalanced',
  'bus/zero-denominator',
  'gkr/layer',
  'gkr/leaves',
  'gkr/point',
  'ood/mismatch',
  'merkle/root',
  'fri/final',
] as const

export type FailureCode = (typeof FAILURE_CODES)[number]

/** Why a proof was refused: what the verifier expected at `at` (a chip, a tree, a byte offset, a site) and what it got. */
export interface Failure {
  readonly code: FailureCode
  readonly at: string
  readonly expected: string | number
  readonly got: string | number
}

/** One line for a reader. */
export const describeFailure = (f: Failure): string =>
  `${f.code} at ${f.at}: expected ${f.expected}, got ${f.got}`

/** Carries a `Failure` up to `verify`, which turns it into a verdict. Never leaves this package. */
export class Rejection extends Error {
  override readonly name = 'Rejection'
  readonly failure: Failure
  constructor(code: FailureCode, at: string, expected: string | number, got: string | number) {
    const failure = { code, at, expected, got }
    super(describeFailure(failure))
    this.failure = failure
  }
}

/** The caller of `prove`, `verify` or `verifyingKey` handed over things that do not fit together: a bug of the caller. */
export class Misuse extends Error {
  override readonly name = 'Misuse'
  readonly code = 'stark/misuse'
}
