import type { Handler } from '@vouch/bridge'

/** What a verifier lets the host calls of a run do. */
export interface Policy {
  /** Hex digest of the manifest that the host served by; that of the default manifest unless told otherwise. */
  readonly manifest?: string
  /** Services, by name, whose results may be advice: the proof shows their shape and not that they are true. */
  readonly advice?: readonly string[]
  /** When given, the run may have used these services only. */
  readonly services?: readonly string[]
  /** The verifier's own code of calls that the host program added and declared deterministic, by name. */
  readonly handlers?: Readonly<Record<string, Handler>>
  /** Contents of the files that the manifest names, by SHA-256 in hex. */
  readonly files?: ReadonlyMap<string, Uint8Array>
}
