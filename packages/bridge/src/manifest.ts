import { sha256 as platformSha256 } from '@vouch/hash'
import type { Sha256 } from '@vouch/hash'
import { JsonReader, ManifestError, repeatedKey } from './manifest-reader.ts'

/** Longest text of a manifest, in UTF-16 units; a canonical one is ASCII. */
export const MAX_MANIFEST_BYTES = 2 ** 18
/** Numbers that the host program's own calls may have. */
export const FIRST_CALL_NUMBER = 0x7b00
export const LAST_CALL_NUMBER = 0x7bff
/** Largest `limits.cycles`, as the trace format counts. */
const MAX_CYCLES = 2 ** 28 - 1
/** Largest `limits.audit`. */
export const MAX_AUDIT_BYTES = 2 ** 27

/** What a guest may ask for. Its digest is part of the statement. */
export interface Manifest {
  readonly version: 1
  /** Whether a call that fails leaves nothing behind, or what Linux leaves (D1 to D8). */
  readonly atomic: 'strict' | 'linux'
  /** What a call that is not allowed does: EPERM, or the end of the run. */
  readonly onDeny: 'errno' | 'kill'
  /** Names of services and of `calls`; '*' is all. What is denied is not allowed. */
  readonly syscalls: { readonly allow: readonly string[]; readonly deny: readonly string[] }
  readonly fds: readonly DescriptorGrant[]
  readonly clock:
    | { readonly mode: 'counter'; readonly nsPerCycle: number; readonly epochSeconds: number }
    | { readonly mode: 'advice' }
    | { readonly mode: 'none' }
  readonly random:
    { readonly mode: 'seed'; readonly seed: string } | { readonly mode: 'advice' } | { readonly mode: 'none' }
  readonly limits: { readonly cycles: number; readonly audit: number; readonly nofile: number }
  /** Calls that the host program adds. */
  readonly calls: Readonly<Record<string, CallGrant>>
}

export type Right = 'read' | 'write' | 'seek'
export type Source = 'private' | 'public' | 'console' | 'journal' | 'file'

export interface DescriptorGrant {
  readonly fd: number
  readonly source: Source
  readonly rights: readonly Right[]
  /** Of a file: 64 hex digits. */
  readonly sha256?: string
}

/** Guest memory that a call may touch: `length` bytes at the address in argument `pointer`. */
export interface BufferGrant {
  /** Argument number, 0 to 5. */
  readonly pointer: number
  /** Argument number of the length, or the length itself. */
  readonly length: { readonly argument: number } | { readonly bytes: number }
  /** Bytes written here are not shown in the log. Not in a call of class D, whose effects are all compared. */
  readonly hidden?: boolean
}

/** What a call of the host program may do. Anything else fails it. */
export interface CallGrant {
  /** a7, 0x7b00 to 0x7bff. */
  readonly number: number
  /** How many of a0..a5 it takes. */
  readonly args: number
  /** D: the verifier runs its own handler and compares. A: advice that a policy must name. */
  readonly class: 'D' | 'A'
  readonly reads: readonly BufferGrant[]
  readonly writes: readonly BufferGrant[]
  /** Registers that it may write beside a0. */
  readonly registers: readonly number[]
  /** Whether it may say where the guest goes on. */
  readonly pc: boolean
  /** Most cycles that one call may charge. */
  readonly charge: number
}

export const DEFAULT_MANIFEST: Manifest = {
  version: 1,
  atomic: 'strict',
  onDeny: 'errno',
  syscalls: { allow: ['*'], deny: [] },
  fds: [
    { fd: 0, source: 'private', rights: ['read'] },
    { fd: 1, source: 'console', rights: ['write'] },
    { fd: 2, source: 'console', rights: ['write'] },
    { fd: 3, source: 'journal', rights: ['write'] },
    { fd: 4, source: 'public', rights: ['read'] },
  ],
  clock: { mode: 'counter', nsPerCycle: 10, epochSeconds: 0 },
  random: { mode: 'seed', seed: '00'.repeat(32) },
  limits: { cycles: MAX_CYCLES, audit: MAX_AUDIT_BYTES, nofile: 64 },
  calls: {},
}

/**
 * A manifest from JSON. `version` must be given; what else is absent is as in `DEFAULT_MANIFEST`. Lists that are sets
 * come back in order. Throws `ManifestError`, which names the field and what was expected there.
 */
export function parseManifest(text: string): Manifest {
  if (text.length > MAX_MANIFEST_BYTES)
    throw new ManifestError('manifest/size', '', `at most ${MAX_MANIFEST_BYTES} characters`, text.length)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new ManifestError('manifest/syntax', '', 'JSON', 'something else')
  }
  // JSON.parse would keep the last of two, and another reader the first.
  const repeated = repeatedKey(text)
  if (repeated !== undefined) throw new ManifestError('manifest/field', '', 'each key once', repeated)
  const manifest = readManifest(new JsonReader(value, ''))
  const length = sortedJson(manifest).length
  if (length > MAX_MANIFEST_BYTES)
    throw new ManifestError('manifest/size', '', `at most ${MAX_MANIFEST_BYTES} characters`, length)
  return manifest
}

/** The only text of a manifest: keys sorted, no spaces, nothing left out. Throws `ManifestError`. */
export function canonicalManifest(manifest: Manifest): string {
  return sortedJson(parseManifest(JSON.stringify(manifest)))
}

/** SHA-256 of the canonical text. */
export function manifestDigest(manifest: Manifest, sha256: Sha256 = platformSha256): Uint8Array {
  return sha256(new TextEncoder().encode(canonicalManifest(manifest)))
}

function sortedJson(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) =>
    typeof item === 'object' && item !== null && !Array.isArray(item)
      ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)))
      : item,
  )
}

const ATOMIC = ['strict', 'linux'] as const
const ON_DENY = ['errno', 'kill'] as const
const SOURCES = ['private', 'public', 'console', 'journal', 'file'] as const
const RIGHTS = ['read', 'write', 'seek'] as const
const RIGHTS_OF: Readonly<Record<Source, readonly Right[]>> = {
  private: ['read'],
  public: ['read'],
  console: ['write'],
  journal: ['write'],
  file: ['read', 'seek'],
}
const HEX_32 = /^[0-9a-f]{64}$/
const NAME = /^[a-z][a-z0-9_]{0,63}$/

function readManifest(r: JsonReader): Manifest {
  const d = DEFAULT_MANIFEST
  r.keys(['version', 'atomic', 'onDeny', 'syscalls', 'fds', 'clock', 'random', 'limits', 'calls'])
  r.at('version').integer(1, 1)
  const limits = r.optional('limits', readLimits) ?? d.limits
  return {
    version: 1,
    atomic: r.optional('atomic', (v) => v.oneOf(ATOMIC)) ?? d.atomic,
    onDeny: r.optional('onDeny', (v) => v.oneOf(ON_DENY)) ?? d.onDeny,
    syscalls: r.optional('syscalls', readSyscalls) ?? d.syscalls,
    fds:
      r.optional('fds', (v) => readDescriptors(v, limits.nofile)) ??
      readDescriptors(new JsonReader(d.fds, 'fds'), limits.nofile),
    clock: r.optional('clock', readClock) ?? d.clock,
    random: r.optional('random', readRandom) ?? d.random,
    limits,
    calls: r.optional('calls', readCalls) ?? d.calls,
  }
}

function readLimits(r: JsonReader): Manifest['limits'] {
  r.keys(['cycles', 'audit', 'nofile'])
  const { cycles, audit, nofile } = DEFAULT_MANIFEST.limits
  return {
    cycles: r.optional('cycles', (v) => v.integer(1, MAX_CYCLES)) ?? cycles,
    audit: r.optional('audit', (v) => v.integer(1, MAX_AUDIT_BYTES)) ?? audit,
    nofile: r.optional('nofile', (v) => v.integer(1, 1024)) ?? nofile,
  }
}

function readSyscalls(r: JsonReader): Manifest['syscalls'] {
  r.keys(['allow', 'deny'])
  const names = (v: JsonReader): string[] =>
    v.set(1024, (item) => (item.value === '*' ? '*' : item.text(NAME, "a name or '*'"))).sort()
  return {
    allow: r.optional('allow', names) ?? DEFAULT_MANIFEST.syscalls.allow,
    deny: r.optional('deny', names) ?? DEFAULT_MANIFEST.syscalls.deny,
  }
}

function readDescriptors(r: JsonReader, nofile: number): DescriptorGrant[] {
  const grants = r.set(
    nofile,
    (v): DescriptorGrant => {
      const source = v.at('source').oneOf(SOURCES)
      v.keys(source === 'file' ? ['fd', 'source', 'rights', 'sha256'] : ['fd', 'source', 'rights'])
      const given = v.at('rights').set(RIGHTS.length, (right) => right.oneOf(RIGHTS_OF[source]))
      return {
        fd: v.at('fd').integer(0, nofile - 1),
        source,
        rights: RIGHTS.filter((right) => given.includes(right)),
        ...(source === 'file' ? { sha256: v.at('sha256').text(HEX_32, '64 hex digits in lower case') } : {}),
      }
    },
    (grant) => `descriptor ${grant.fd}`,
  )
  return grants.sort((a, b) => a.fd - b.fd)
}

function readClock(r: JsonReader): Manifest['clock'] {
  const mode = r.at('mode').oneOf(['counter', 'advice', 'none'])
  r.keys(mode === 'counter' ? ['mode', 'nsPerCycle', 'epochSeconds'] : ['mode'])
  if (mode !== 'counter') return { mode }
  return {
    mode,
    nsPerCycle: r.optional('nsPerCycle', (v) => v.integer(1, 1e9)) ?? 10,
    // The end of the year 9999.
    epochSeconds: r.optional('epochSeconds', (v) => v.integer(0, 253402300799)) ?? 0,
  }
}

function readRandom(r: JsonReader): Manifest['random'] {
  const mode = r.at('mode').oneOf(['seed', 'advice', 'none'])
  r.keys(mode === 'seed' ? ['mode', 'seed'] : ['mode'])
  if (mode !== 'seed') return { mode }
  return {
    mode,
    seed: r.optional('seed', (v) => v.text(HEX_32, '64 hex digits in lower case')) ?? '00'.repeat(32),
  }
}

function readCalls(r: JsonReader): Record<string, CallGrant> {
  const calls: Record<string, CallGrant> = {}
  const names = new Map<number, string>()
  for (const name of r.names(LAST_CALL_NUMBER - FIRST_CALL_NUMBER + 1)) {
    const v = r.at(name)
    // A look-up of such a name would find something in any object.
    if (!NAME.test(name) || name in Object.prototype)
      throw new ManifestError('manifest/field', v.path, 'a name of a-z, 0-9 and _', name)
    const grant = readCall(v)
    const other = names.get(grant.number)
    if (other !== undefined)
      throw new ManifestError(
        'manifest/field',
        v.at('number').path,
        `a number other than of ${other}`,
        grant.number,
      )
    names.set(grant.number, name)
    calls[name] = grant
  }
  return calls
}

function readCall(r: JsonReader): CallGrant {
  r.keys(['number', 'args', 'class', 'reads', 'writes', 'registers', 'pc', 'charge'])
  const args = r.at('args').integer(0, 6)
  const buffers = (v: JsonReader): BufferGrant[] => v.list(8, (item) => readBuffer(item, args))
  const register = (v: JsonReader): number => {
    const slot = v.integer(1, 31)
    if (slot === 10) throw v.error('a register beside a0, which is slot 10')
    return slot
  }
  const assurance = r.at('class').oneOf(['D', 'A'])
  const writes = r.optional('writes', buffers) ?? []
  // Whoever replays the call could not tell whether hidden bytes are right.
  if (assurance === 'D' && writes.some(({ hidden }) => hidden === true))
    throw r.at('writes').error('only buffers that are shown, for a call of class D')
  return {
    number: r.at('number').integer(FIRST_CALL_NUMBER, LAST_CALL_NUMBER),
    args,
    class: assurance,
    reads: r.optional('reads', buffers) ?? [],
    writes,
    registers: (r.optional('registers', (v) => v.set(30, register)) ?? []).sort((a, b) => a - b),
    pc: r.optional('pc', (v) => v.boolean()) ?? false,
    charge: r.optional('charge', (v) => v.integer(0, MAX_CYCLES)) ?? 0,
  }
}

function readBuffer(r: JsonReader, args: number): BufferGrant {
  r.keys(['pointer', 'length', 'hidden'])
  const argument = (v: JsonReader): number => {
    if (args === 0) throw v.error('no argument: the call takes none')
    return v.integer(0, args - 1)
  }
  return {
    pointer: argument(r.at('pointer')),
    length: readLength(r.at('length'), argument),
    hidden: r.optional('hidden', (v) => v.boolean()) ?? false,
  }
}

function readLength(r: JsonReader, argument: (v: JsonReader) => number): BufferGrant['length'] {
  const [kind] = r.names(1)
  if (kind === 'argument') return { argument: argument(r.at(kind)) }
  if (kind === 'bytes') return { bytes: r.at(kind).integer(1, 2 ** 24) }
  throw r.error("'argument' or 'bytes'")
}
