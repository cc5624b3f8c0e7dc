import { randomBytes } from 'node:crypto'
import { bridge } from '@vouch/bridge'
import type { AuditRecord, AuditSink, Bridge, Handler, Manifest } from '@vouch/bridge'
import { nativeSha256 } from '@vouch/bridge/node'

/** What a guest finds outside itself. */
export interface HostOptions {
  /** File descriptor 0 of the guest. */
  readonly privateInput?: Uint8Array
  /** File descriptor 4 of the guest. */
  readonly publicInput?: Uint8Array
  readonly onConsole?: (fd: 1 | 2, bytes: Uint8Array) => void
  /** What the guest may ask for; the default manifest unless told otherwise. */
  readonly manifest?: Manifest
  /** The code of the manifest's `calls`, by name. */
  readonly handlers?: Readonly<Record<string, Handler>>
  /** Contents of the files that the manifest names, by SHA-256 in hex. */
  readonly files?: ReadonlyMap<string, Uint8Array>
  /** 32 bytes that salt the digests of secret bytes in the audit log; random unless told otherwise. */
  readonly salt?: Uint8Array
}

/** Where the audit log goes, in the place of memory, and what of it an interrupted run has written already. */
export interface LogTarget {
  readonly sink?: AuditSink
  readonly resume?: readonly AuditRecord[]
}

/** Clock and random bytes of the platform, for a manifest where they are advice. */
export const ADVICE = {
  now: (): bigint => BigInt(Date.now()) * 1_000_000n,
  random: (count: number): Uint8Array => new Uint8Array(randomBytes(count)),
}

/** The host of a run. Throws `BridgeError` and `ManifestError`. */
export const hostOf = (options: HostOptions, target: LogTarget = {}): Bridge =>
  bridge({ ...ADVICE, ...options, ...target, sha256: nativeSha256 })

/** Cycles that a run may take: as its manifest says, unless fewer are asked for. */
export const cyclesOf = (maxCycles: number | undefined, { limits }: Manifest): number =>
  Math.min(maxCycles ?? Infinity, limits.cycles)
