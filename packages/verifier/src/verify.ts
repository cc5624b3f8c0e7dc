import { airPublics, encodeStatement, publicTermCount, publicTerms } from '@vouch/machine'
import type { ImageHeader, LoggedCall, Statement } from '@vouch/machine'
import { verify as verifyStark } from '@vouch/stark'
import type { StarkStatement } from '@vouch/stark'
import { checkAudit } from './audit.ts'
import { machineKey } from './key.ts'
import type { Policy } from './policy.ts'
import { decodeProofFile, toHex } from './proof-file.ts'
import { Refusal } from './verdict.ts'
import type { Accepted, Verdict } from './verdict.ts'

declare const performance: { now(): number }

export interface VerifyOptions {
  /** Hex of the image id that the proof must be about: the trust anchor. */
  readonly imageId: string
  /** When given, the proof must be about exactly this public input; otherwise look at the verdict's. */
  readonly publicInput?: Uint8Array
  /** When given, the journal must be exactly this. */
  readonly journal?: Uint8Array
  /** Least proven bits; 100 unless told otherwise. */
  readonly minBits?: number
  /** Accept runs that ended with a non-zero exit code or at an EBREAK; the verdict says which. */
  readonly allowFailure?: boolean
  /** The audit log, for a run that has one. */
  readonly audit?: Uint8Array
  readonly policy?: Policy
}

/**
 * Whether `proof` shows a run of the program `imageId`. Total: any bytes in, a verdict out, never an exception for
 * the proof's sake. An `imageId` that is not 64 hex digits, or `minBits` that is no number, is the caller's mistake and
 * throws a TypeError.
 */
export async function verify(proof: Uint8Array, options: VerifyOptions): Promise<Verdict> {
  if (!/^[0-9a-f]{64}$/i.test(options.imageId)) throw new TypeError('imageId is 64 hex digits')
  if (options.minBits !== undefined && !Number.isFinite(options.minBits))
    throw new TypeError('minBits is a number')
  const start = performance.now()
  try {
    const accepted = check(proof, options)
    return { ...accepted, seconds: (performance.now() - start) / 1000 }
  } catch (error) {
    if (error instanceof Refusal) return { ok: false, failure: error.failure }
    throw error
  }
}

function check(proof: Uint8Array, options: VerifyOptions): Omit<Accepted, 'seconds'> {
  const { image, profile, statement, stark } = decodeProofFile(proof)
  expectStatement(statement, options)
  const audit = checkAudit(statement, options.audit, options.policy ?? {})
  const said = starkStatement(statement, image, audit?.calls)
  const verdict = verifyStark(machineKey(profile), said, stark, { minBits: options.minBits ?? 100 })
  if (!verdict.ok) {
    const { code, at, expected, got } = verdict.failure
    throw new Refusal(code, `the check failed at ${at}`, expected, got)
  }
  const { publicInput, publicConsumed, journal, halt, exitCode, cycles } = statement
  return {
    ok: true,
    imageId: toHex(statement.imageId),
    profile,
    publicInput,
    publicConsumed,
    journal,
    halt,
    exitCode,
    cycles,
    ...(audit === undefined ? {} : { audit: audit.verdict }),
    security: verdict.security,
    zeroKnowledge: false,
  }
}

function expectStatement(s: Statement, options: VerifyOptions): void {
  const id = toHex(s.imageId)
  if (id !== options.imageId.toLowerCase())
    throw new Refusal(
      'statement/image-id',
      'the proof is about another program or profile',
      options.imageId,
      id,
    )
  if (options.publicInput !== undefined && !sameBytes(options.publicInput, s.publicInput))
    throw new Refusal(
      'statement/public-input',
      'the proof is about another public input',
      describe(options.publicInput),
      describe(s.publicInput),
    )
  if (options.journal !== undefined && !sameBytes(options.journal, s.journal))
    throw new Refusal(
      'statement/journal',
      'the journal is another',
      describe(options.journal),
      describe(s.journal),
    )
  if (options.allowFailure !== true && s.halt === 'ebreak')
    throw new Refusal('guest/ebreak', 'the run ended at an EBREAK', 'exit code 0', 'ebreak')
  if (options.allowFailure !== true && s.exitCode !== 0)
    throw new Refusal('guest/exit-code', 'the run ended with a failure', 0, s.exitCode)
}

/** The statement as the STARK sees it; `calls` are those of the audit log. */
export function starkStatement(
  statement: Statement,
  image: ImageHeader,
  calls: readonly LoggedCall[] = [],
): StarkStatement {
  return {
    bytes: encodeStatement(statement),
    publics: airPublics(statement),
    publicTerms: {
      count: publicTermCount(statement, calls),
      sum: (z, alpha) => publicTerms(statement, image, z, alpha, calls),
    },
    preprocessed: { image: { root: image.root, logHeights: image.logHeights } },
  }
}

const sameBytes = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((x, i) => x === b[i])

/** At most 32 bytes in hex, and the length. */
const describe = (bytes: Uint8Array): string =>
  `${toHex(bytes.subarray(0, 32))}${bytes.length > 32 ? '…' : ''} (${bytes.length} bytes)`
