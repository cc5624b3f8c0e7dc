import { misuse } from './cli-error.ts'
import { MAX_STREAM_BYTES } from '@vouch/bridge'
import { collect, readFileBounded } from './read-file.ts'

export const SPEC_HELP = 'hex:<digits>, file:<path>, text:<utf-8> or - (standard input)'

/**
 * The bytes that a SPEC stands for: `hex:0a`, `file:path`, `text:...` or `-`.
 *
 * The content may be private, so no error ever quotes it; only positions, and the path of `file:`.
 * Throws `CliError` (misuse).
 */
export async function readSpec(flag: string, spec: string): Promise<Uint8Array> {
  if (spec === '-') return collect(process.stdin, MAX_STREAM_BYTES, flag)
  if (spec.startsWith('hex:')) return parseHex(flag, spec.slice(4))
  if (spec.startsWith('text:')) return new TextEncoder().encode(spec.slice(5))
  if (spec.startsWith('file:')) return readFileBounded(flag, spec.slice(5), MAX_STREAM_BYTES)
  throw misuse('input/spec', `${flag}: expected ${SPEC_HELP}`)
}

/** The SPECs that are given, by name. At most one may be standard input. */
export async function readSpecs<Name extends string>(
  specs: Readonly<Record<Name, string | undefined>>,
): Promise<Partial<Record<Name, Uint8Array>>> {
  const given = Object.entries(specs) as [Name, string | undefined][]
  if (given.filter(([, spec]) => spec === '-').length > 1)
    throw misuse('input/stdin', 'standard input can be given to one option only')
  const out: Partial<Record<Name, Uint8Array>> = {}
  for (const [name, spec] of given) if (spec !== undefined) out[name] = await readSpec(name, spec)
  return out
}

function parseHex(flag: string, digits: string): Uint8Array {
  const bad = digits.search(/[^0-9a-fA-F]/)
  if (bad >= 0) throw misuse('input/hex', `${flag}: not a hex digit at position ${bad + 1} after hex:`)
  if (digits.length % 2 !== 0)
    throw misuse('input/hex', `${flag}: expected an even number of hex digits, got ${digits.length}`)
  const bytes = new Uint8Array(digits.length / 2)
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16)
  return bytes
}

/** The path of a `file:` SPEC. */
export function pathOf(spec: string | undefined): string | undefined {
  return spec?.startsWith('file:') ? spec.slice(5) : undefined
}
