import type { TrapCause } from '@vouch/engine'

export type ProverErrorCode =
  | 'guest/trap'
  | 'guest/limit'
  | 'prover/aborted'
  | 'prover/audit'
  | 'prover/out-of-memory'
  | 'prover/too-large'

/** A proof that could not be made. Never carries private input. */
export class ProverError extends Error {
  override readonly name = 'ProverError'
  readonly code: ProverErrorCode
  /** For 'guest/trap' and 'guest/limit': where the run stopped. */
  readonly pc?: number
  readonly symbol?: string
  readonly cycle?: number
  override readonly cause?: TrapCause

  constructor(
    code: ProverErrorCode,
    message: string,
    at?: {
      readonly pc: number
      readonly symbol: string | undefined
      readonly cycle: number
      readonly cause?: TrapCause
    },
  ) {
    super(message)
    this.code = code
    if (at === undefined) return
    this.pc = at.pc
    this.cycle = at.cycle
    if (at.symbol !== undefined) this.symbol = at.symbol
    if (at.cause !== undefined) this.cause = at.cause
  }
}
