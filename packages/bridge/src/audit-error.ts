/** What can be wrong with an audit log. 'audit/resume' is only thrown: a run that goes on wrote other bytes. */
export type AuditErrorCode =
  | 'audit/magic'
  | 'audit/version'
  | 'audit/truncated'
  | 'audit/frame'
  | 'audit/sequence'
  | 'audit/previous'
  | 'audit/hash'
  | 'audit/digest'
  | 'audit/format'
  | 'audit/manifest'
  | 'audit/trailing'
  | 'audit/too-large'
  | 'audit/resume'

export interface AuditFailure {
  readonly code: AuditErrorCode
  readonly message: string
  /** The record where it is; absent for the header. */
  readonly seq?: number
  readonly field?: string
  readonly expected: string | number
  readonly got: string | number
}

/** An audit log that is not what it should be. */
export class AuditError extends Error implements AuditFailure {
  override readonly name = 'AuditError'
  readonly code: AuditErrorCode
  readonly field: string
  readonly expected: string | number
  readonly got: string | number
  readonly seq?: number
  constructor(
    code: AuditErrorCode,
    field: string,
    expected: string | number,
    got: string | number,
    seq?: number,
  ) {
    const where = seq === undefined ? '' : `record ${seq}: `
    super(`${where}${field}: expected ${expected}, got ${got}`)
    this.code = code
    this.field = field
    this.expected = expected
    this.got = got
    if (seq !== undefined) this.seq = seq
  }
}

/** The error as a value. */
export function failureOf(error: AuditError): AuditFailure {
  const { code, message, seq, field, expected, got } = error
  return { code, message, ...(seq === undefined ? {} : { seq }), field, expected, got }
}
