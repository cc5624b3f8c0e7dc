import { EBREAK, EXIT } from './halt.ts'

/** What a proof says. */
export interface Statement {
  /** 32 bytes. */
  readonly imageId: Uint8Array
  readonly publicInput: Uint8Array
  readonly journal: Uint8Array
  readonly halt: 'exit' | 'ebreak'
  /** a0 at exit, 0 for ebreak; 32 bits, unsigned. */
  readonly exitCode: number
  /** Counting the halting instruction. */
  readonly cycles: number
  /** Bytes of the public input that the run read. */
  readonly publicConsumed: number
}

export type StatementFailure = {
  readonly code:
    | 'statement/length'
    | 'statement/halt'
    | 'statement/exit-code'
    | 'statement/cycles'
    | 'statement/consumed'
    | 'statement/too-long'
  readonly expected: number | string
  readonly got: number
}

/** clk, timestamps 4·clk + 3 and stream positions stay far below p. */
export const MAX_CYCLES = 2 ** 28 - 1
export const MAX_STREAM = 2 ** 28 - 1

const HEADER = 32 + 4 * 6

/** The first rule that a statement breaks. */
export function checkStatement(s: Statement): StatementFailure | undefined {
  const fail = (
    code: StatementFailure['code'],
    expected: number | string,
    got: number,
  ): StatementFailure => ({
    code,
    expected,
    got,
  })
  if (s.imageId.length !== 32) return fail('statement/length', 32, s.imageId.length)
  if (!isUint32(s.exitCode) || (s.halt === 'ebreak' && s.exitCode !== 0))
    return fail('statement/exit-code', s.halt === 'ebreak' ? 0 : '32 bits', s.exitCode)
  if (!(Number.isInteger(s.cycles) && s.cycles >= 1 && s.cycles <= MAX_CYCLES))
    return fail('statement/cycles', `1..${MAX_CYCLES}`, s.cycles)
  for (const bytes of [s.publicInput, s.journal])
    if (bytes.length > MAX_STREAM) return fail('statement/too-long', `<= ${MAX_STREAM}`, bytes.length)
  if (!(isUint32(s.publicConsumed) && s.publicConsumed <= s.publicInput.length))
    return fail('statement/consumed', `<= ${s.publicInput.length}`, s.publicConsumed)
  return undefined
}

/**
 * The canonical bytes: image id, halt kind, exit code, cycles, bytes consumed, both lengths (32-bit little-endian),
 * public input, journal. Throws a RangeError for a statement that `checkStatement` refuses.
 */
export function encodeStatement(s: Statement): Uint8Array {
  const failure = checkStatement(s)
  if (failure !== undefined) throw new RangeError(`${failure.code}: ${failure.got}`)
  const bytes = new Uint8Array(HEADER + s.publicInput.length + s.journal.length)
  const view = new DataView(bytes.buffer)
  bytes.set(s.imageId)
  ;[
    s.halt === 'exit' ? EXIT : EBREAK,
    s.exitCode,
    s.cycles,
    s.publicConsumed,
    s.publicInput.length,
    s.journal.length,
  ].forEach((word, i) => view.setUint32(32 + 4 * i, word, true))
  bytes.set(s.publicInput, HEADER)
  bytes.set(s.journal, HEADER + s.publicInput.length)
  return bytes
}

/** Reads hostile bytes: total, and accepts exactly what `encodeStatement` writes. */
export function decodeStatement(
  bytes: Uint8Array,
): { ok: true; statement: Statement } | { ok: false; failure: StatementFailure } {
  const fail = (code: StatementFailure['code'], expected: number | string, got: number) =>
    ({ ok: false, failure: { code, expected, got } }) as const
  if (bytes.length < HEADER) return fail('statement/length', `>= ${HEADER}`, bytes.length)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const word = (i: number): number => view.getUint32(32 + 4 * i, true)
  const [kind, exitCode, cycles, publicConsumed, publicLength, journalLength] = [0, 1, 2, 3, 4, 5].map(word)
  if (kind !== EXIT && kind !== EBREAK) return fail('statement/halt', `${EXIT} or ${EBREAK}`, kind)
  const length = HEADER + publicLength + journalLength
  if (bytes.length !== length) return fail('statement/length', length, bytes.length)
  const statement: Statement = {
    imageId: bytes.slice(0, 32),
    publicInput: bytes.slice(HEADER, HEADER + publicLength),
    journal: bytes.slice(HEADER + publicLength),
    halt: kind === EXIT ? 'exit' : 'ebreak',
    exitCode,
    cycles,
    publicConsumed,
  }
  const failure = checkStatement(statement)
  return failure === undefined ? { ok: true, statement } : { ok: false, failure }
}

/** The AIR's public values, in the order of `PUBLICS`. */
export const airPublics = (s: Statement): number[] => [s.publicInput.length]

const isUint32 = (n: number): boolean => Number.isInteger(n) && n >= 0 && n < 2 ** 32
