import { MAX_STATEMENT_HEADER, decodeStatement, encodeStatement, imageId, riscvAir } from '@vouch/machine'
import type { ImageHeader, Statement } from '@vouch/machine'
import { INITIAL_SP } from '@vouch/engine'
import { MAX_PROOF_BYTES, PROFILES } from '@vouch/stark'
import type { ProfileName } from '@vouch/stark'
import { Refusal } from './verdict.ts'

/**
 * A proof as a file, little-endian:
 *
 * | bytes | holds |
 * |---|---|
 * | 8 | `VOUCH`, 0, format version (u16) |
 * | 1 | profile: 1 fast-100, 2 proven-100 |
 * | 1, 1 | log2 of the heights of the ROM and of the image's words |
 * | 1 | 0 |
 * | 4 | entry |
 * | 32 | Merkle root of the image's columns |
 * | 4 | length of the statement |
 * | … | the statement (`encodeStatement`) |
 * | … | the STARK proof, to the end |
 *
 * The encoding is canonical: `encodeProofFile(decodeProofFile(b))` is `b`.
 */
export interface ProofFile {
  readonly image: ImageHeader
  readonly profile: ProfileName
  readonly statement: Statement
  readonly stark: Uint8Array
}

export const FORMAT_VERSION = 3

/** Public input and journal together: the verifier's work is linear in them. */
export const MAX_PUBLIC_BYTES = 2 ** 20

const MAGIC = [0x56, 0x4f, 0x55, 0x43, 0x48, 0]
const PROFILE_CODES: readonly [ProfileName, number][] = [
  ['fast-100', 1],
  ['proven-100', 2],
]
const HEADER = 52
const { minLogHeight, maxLogHeight } = riscvAir
const MAX_FILE_BYTES = HEADER + MAX_STATEMENT_HEADER + MAX_PUBLIC_BYTES + MAX_PROOF_BYTES

/** Throws a RangeError for a statement over the limits. */
export function encodeProofFile({ image, profile, statement, stark }: ProofFile): Uint8Array {
  const said = encodeStatement(statement)
  if (statement.publicInput.length + statement.journal.length > MAX_PUBLIC_BYTES)
    throw new RangeError(`public input and journal have at most ${MAX_PUBLIC_BYTES} bytes together`)
  const bytes = new Uint8Array(HEADER + said.length + stark.length)
  const view = new DataView(bytes.buffer)
  bytes.set(MAGIC)
  view.setUint16(6, FORMAT_VERSION, true)
  bytes[8] = PROFILE_CODES.find(([name]) => name === profile)![1]
  bytes[9] = image.logHeights.rom
  bytes[10] = image.logHeights.image
  view.setUint32(12, image.entry, true)
  bytes.set(image.root, 16)
  view.setUint32(48, said.length, true)
  bytes.set(said, HEADER)
  bytes.set(stark, HEADER + said.length)
  return bytes
}

/** Reads hostile bytes. Throws `Refusal` with a code `file/…` or `statement/…`. */
export function decodeProofFile(bytes: Uint8Array): ProofFile {
  if (bytes.length > MAX_FILE_BYTES)
    throw new Refusal(
      'file/too-large',
      'the file is larger than any proof',
      `<= ${MAX_FILE_BYTES}`,
      bytes.length,
    )
  if (bytes.length < HEADER)
    throw new Refusal('file/truncated', 'the file ends inside its header', `>= ${HEADER}`, bytes.length)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (!MAGIC.every((b, i) => bytes[i] === b))
    throw new Refusal('file/magic', 'this is not a Vouch proof', 'VOUCH', 'other bytes')
  const version = view.getUint16(6, true)
  if (version !== FORMAT_VERSION)
    throw new Refusal('file/version', 'the proof is of another format version', FORMAT_VERSION, version)
  const profile = PROFILE_CODES.find(([, code]) => code === bytes[8])?.[0]
  if (profile === undefined)
    throw new Refusal('file/profile', 'the proof is of an unknown profile', '1 or 2', bytes[8])
  if (bytes[11] !== 0) throw new Refusal('file/reserved', 'a reserved byte is set', 0, bytes[11])
  const logHeights = { rom: bytes[9], image: bytes[10] }
  for (const log of Object.values(logHeights))
    if (log < minLogHeight || log > maxLogHeight)
      throw new Refusal(
        'file/image-heights',
        'the image has an impossible height',
        `${minLogHeight}..${maxLogHeight}`,
        log,
      )
  const length = view.getUint32(48, true)
  if (length > MAX_STATEMENT_HEADER + MAX_PUBLIC_BYTES)
    throw new Refusal(
      'statement/too-large',
      'public input and journal are longer than the verifier reads',
      `<= ${MAX_STATEMENT_HEADER + MAX_PUBLIC_BYTES} bytes`,
      length,
    )
  if (HEADER + length > bytes.length)
    throw new Refusal('file/truncated', 'the file ends inside its statement', HEADER + length, bytes.length)
  const decoded = decodeStatement(bytes.subarray(HEADER, HEADER + length))
  if (!decoded.ok) {
    const { code, expected, got } = decoded.failure
    throw new Refusal(code, 'the statement is malformed', expected, got)
  }
  const publicBytes = decoded.statement.publicInput.length + decoded.statement.journal.length
  if (publicBytes > MAX_PUBLIC_BYTES)
    throw new Refusal(
      'statement/too-large',
      'public input and journal are longer than the verifier reads',
      `<= ${MAX_PUBLIC_BYTES}`,
      publicBytes,
    )
  const image = {
    profile,
    logBlowup: PROFILES[profile].logBlowup,
    root: bytes.slice(16, 48),
    logHeights,
    entry: view.getUint32(12, true),
    sp: INITIAL_SP,
  }
  const { statement } = decoded
  const own = imageId(image)
  if (!own.every((b, i) => b === statement.imageId[i]))
    throw new Refusal(
      'file/image',
      'the image in the file is not the one its statement names',
      toHex(statement.imageId),
      toHex(own),
    )
  return { image, profile, statement, stark: bytes.subarray(HEADER + length) }
}

export const toHex = (bytes: Uint8Array): string =>
  Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join('')
