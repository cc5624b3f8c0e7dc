import type { AuditVerdict } from './audit.ts'
import type { ProfileName, SecurityReport } from '@vouch/stark'

/** Why a proof was not accepted: the check, one sentence, what it wanted and what it found. */
export interface Failure {
  readonly code: string
  readonly message: string
  readonly expected: string | number
  readonly got: string | number
  /** Number of the record of the audit log that shows it, where there is one. */
  readonly record?: number
}

export interface Accepted {
  readonly ok: true
  /** Hex. */
  readonly imageId: string
  readonly profile: ProfileName
  readonly publicInput: Uint8Array
  /** Bytes of the public input that the run read. */
  readonly publicConsumed: number
  readonly journal: Uint8Array
  readonly halt: 'exit' | 'ebreak'
  readonly exitCode: number
  readonly cycles: number
  /** Absent for a run whose host calls needed no log. */
  readonly audit?: AuditVerdict
  readonly security: SecurityReport
  readonly zeroKnowledge: false
  readonly seconds: number
}

/** The verifier's answer. It is total: any bytes in, one of these out. */
export type Verdict = Accepted | { readonly ok: false; readonly failure: Failure }

/** Carries a `Failure` up to `verify`. Never leaves this package. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly failure: Failure
  constructor(
    code: string,
    message: string,
    expected: string | number,
    got: string | number,
    record?: number,
  ) {
    super(message)
    this.failure = {
      code,
      message: `${message}: expected ${expected}, got ${got}`,
      expected,
      got,
      ...(record === undefined ? {} : { record }),
    }
  }
}
