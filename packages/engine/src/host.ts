/** What a service may see and do. Out-of-range addresses are the service's to check: `inRam`. */
export interface EcallContext {
  /** a7 */
  readonly number: number
  readonly a0: number
  readonly a1: number
  readonly a2: number
  /** True when bytes [address, address + length) lie in RAM. */
  inRam(address: number, length: number): boolean
  /** A copy of guest bytes; part of what is proved. */
  readBytes(address: number, length: number): Uint8Array
  /** As `readBytes`, but nothing that a proof knows of: for the console. */
  peekBytes(address: number, length: number): Uint8Array
  writeBytes(address: number, bytes: Uint8Array): void
  /** Moves a stream's cursor register (PUBLIC_CURSOR or JOURNAL_CURSOR) by `count`. At most one a call. */
  advance(cursor: number, count: number): void
}

export type EcallOutcome =
  /** a0 becomes `value`. */
  | { readonly kind: 'result'; readonly value: number }
  | { readonly kind: 'exit'; readonly code: number }
  | { readonly kind: 'trap'; readonly cause: 'unsupported-syscall' | 'syscall-fault' | 'journal-full' }

/** Serves ecalls. The engine does not know how. */
export interface Host {
  ecall(context: EcallContext): EcallOutcome
}
