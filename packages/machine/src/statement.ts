import { EBREAK, EXIT } from './halt.ts'

/** The audit log that a proof is bound to. */
export interface AuditStatement {
  /** 32 bytes: the hash of the log's last record. */
  readonly root: Uint8Array
  /** 32 bytes: digest of the manifest that the host served by. */
  readonly manifest: Uint8Array
  readonly records: number
}

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
  /** Absent when every host call was one that needs no log, and none is given. */
  readonly audit?: AuditStatement
}

export type StatementFailure = {
  readonly code:
    | 'statement/length'
    | 'statement/halt'
    | 'statement/exit-code'
    | 'statement/cycles'
    | 'statement/consumed'
    | 'statement/too-long'
    | 'statement/audit'
  readonly expected: number | string
  readonly got: number
}

/** clk, timestamps 4·clk + 3 and stream positions stay far below p. */
export const MAX_CYCLES = 2 ** 28 - 1
export const MAX_STREAM = 2 ** 28 - 1

const HEADER = 32 + 4 * 7
const AUDIT_BYTES = 32 + 32 + 4
/** Most bytes of a statement beside its public input and journal. */
export const MAX_STATEMENT_HEADER = HEADER + AUDIT_BYTES

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
  if (s.audit !== undefined) {
    const { root, manifest, records } = s.audit
    for (const bytes of [root, manifest])
      if (bytes.length !== 32) return fail('statement/audit', 32, bytes.length)
    // No more calls than cycles.
    if (!(isUint32(records) && records <= s.cycles)) return fail('statement/audit', `<= ${s.cycles}`, records)
  }
  return undefined
}

/**
 * The canonical bytes: image id, halt kind, exit code, cycles, bytes consumed, both lengths, 1 where there is an audit
 * log (32-bit little-endian), the log's root, manifest digest and number of records, public input, journal. Throws a RangeError for a statement that `checkStatement` refuses.
 */
export function encodeStatement(s: Statement): Uint8Array {
  const failure = checkStatement(s)
  if (failure !== undefined) throw new RangeError(`${failure.code}: ${failure.got}`)
  const start = HEADER + (s.audit === undefined ? 0 : AUDIT_BYTES)
  const bytes = new Uint8Array(start + s.publicInput.length + s.journal.length)
  const view = new DataView(bytes.buffer)
  bytes.set(s.imageId)
  ;[
    s.halt === 'exit' ? EXIT : EBREAK,
    s.exitCode,
    s.cycles,
    s.publicConsumed,
    s.publicInput.length,
    s.journal.length,
    s.audit === undefined ? 0 : 1,
  ].forEach((word, i) => view.setUint32(32 + 4 * i, word, true))
  if (s.audit !== undefined) {
    bytes.set(s.audit.root, HEADER)
    bytes.set(s.audit.manifest, HEADER + 32)
    view.setUint32(HEADER + 64, s.audit.records, true)
  }
  bytes.set(s.publicInput, start)
  bytes.set(s.journal, start + s.publicInput.length)
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
  const [kind, exitCode, cycles, publicConsumed, publicLength, journalLength, audited] = [
    0, 1, 2, 3, 4, 5, 6,
  ].map(word)
  if (kind !== EXIT && kind !== EBREAK) return fail('statement/halt', `${EXIT} or ${EBREAK}`, kind)
  if (audited > 1) return fail('statement/audit', '0 or 1', audited)
  const start = HEADER + (audited === 0 ? 0 : AUDIT_BYTES)
  const length = start + publicLength + journalLength
  if (bytes.length !== length) return fail('statement/length', length, bytes.length)
  const statement: Statement = {
    imageId: bytes.slice(0, 32),
    publicInput: bytes.slice(start, start + publicLength),
    journal: bytes.slice(start + publicLength),
    halt: kind === EXIT ? 'exit' : 'ebreak',
    exitCode,
    cycles,
    publicConsumed,
    ...(audited === 0
      ? {}
      : {
          audit: {
            root: bytes.slice(HEADER, HEADER + 32),
            manifest: bytes.slice(HEADER + 32, HEADER + 64),
            records: view.getUint32(HEADER + 64, true),
          },
        }),
  }
  const failure = checkStatement(statement)
  return failure === undefined ? { ok: true, statement } : { ok: false, failure }
}

/** The AIR's public values, in the order of `PUBLICS`. */
export const airPublics = (s: Statement): number[] => [s.publicInput.length, s.audit === undefined ? 0 : 1]

const isUint32 = (n: number): boolean => Number.isInteger(n) && n >= 0 && n < 2 ** 32
