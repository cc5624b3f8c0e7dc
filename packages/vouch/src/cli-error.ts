import { address, plain } from './format.ts'
import { isSystemError, systemReason } from './system-error.ts'

/** Exit statuses of every command. */
export const EXIT = { ok: 0, failed: 1, misuse: 2, cancelled: 130 } as const

export type ExitStatus = (typeof EXIT)[keyof typeof EXIT]

/** What a command reports instead of a result. `details` go into the JSON document beside code and message. */
export class CliError extends Error {
  readonly code: string
  readonly exit: ExitStatus
  readonly details: Readonly<Record<string, unknown>>
  constructor(
    exit: ExitStatus,
    code: string,
    message: string,
    details: Readonly<Record<string, unknown>> = {},
  ) {
    super(message)
    this.name = 'CliError'
    this.exit = exit
    this.code = code
    this.details = details
  }
}

export function misuse(code: string, message: string): CliError {
  return new CliError(EXIT.misuse, code, message)
}

/** A thrown value as the user sees it. The message is one clean line: it may quote names from a hostile file. */
export interface Failure {
  readonly exit: ExitStatus
  readonly code: string
  readonly message: string
  readonly details: Readonly<Record<string, unknown>>
}

/** Families of error codes, by what they say about the command rather than by who threw them. */
const MISUSE = [/^elf\//, /^cli\//, /^file\//, /^input\//, /^sdk\//, /^manifest\//, /^bridge\//]

/** A file that is no trace or log, or that of another program or run, is misuse; a damaged one fails the check. */
const FILE_MISUSE = /^(trace\/(magic|version|program|limits|resume)|audit\/(magic|version|too-large|resume))$/

/** Maps anything thrown to an exit status and a code. An error that nobody typed is a bug and says so. */
export function describeError(error: unknown): Failure {
  if (error instanceof CliError)
    return { exit: error.exit, code: error.code, message: plain(error.message), details: error.details }
  if (!(error instanceof Error))
    return { exit: EXIT.failed, code: 'internal', message: 'internal error', details: {} }
  if (isSystemError(error))
    return { exit: EXIT.misuse, code: 'file/system', message: plain(systemReason(error)), details: {} }
  const code = codeOf(error)
  if (error.name === 'AbortError' || code === 'prover/aborted' || code === 'engine/aborted')
    return { exit: EXIT.cancelled, code: 'cancelled', message: 'cancelled', details: {} }
  if (code === undefined)
    return {
      exit: EXIT.failed,
      code: 'internal',
      message: `internal error: ${plain(error.message)}`,
      details: {},
    }
  const exit =
    MISUSE.some((family) => family.test(code)) || FILE_MISUSE.test(code) ? EXIT.misuse : EXIT.failed
  return { exit, code, message: plain(error.message), details: placeOf(error) }
}

function codeOf(error: Error): string | undefined {
  const { code } = error as { code?: unknown }
  return typeof code === 'string' ? code : undefined
}

/** Where in the guest or the file it happened, as far as the error says. */
function placeOf(error: Error): Record<string, unknown> {
  const { pc, symbol, cycle, chunk, seq } = error as {
    pc?: unknown
    symbol?: unknown
    cycle?: unknown
    chunk?: unknown
    seq?: unknown
  }
  return {
    ...(typeof pc === 'number' ? { pc: address(pc) } : {}),
    ...(typeof symbol === 'string' ? { symbol: plain(symbol) } : {}),
    ...(typeof cycle === 'number' ? { cycle } : {}),
    ...(typeof chunk === 'number' ? { chunk } : {}),
    ...(typeof seq === 'number' ? { seq } : {}),
  }
}
