/** The guest at an ecall, as its host sees it. Nothing here changes it. */
export interface Guest {
  /** The cycle of the ecall; the first is 1. */
  readonly clk: number
  /** Address of the ecall. */
  readonly pc: number
  /** A register slot (see `trace-types.ts`), 32 bits unsigned. */
  reg(slot: number): number
  /** The bytes of a 4 KiB page of RAM, not to be written; undefined while it was never touched and is all zero. */
  page(index: number): Uint8Array | undefined
}

/** Bytes of guest memory, inside RAM. */
export interface Span {
  readonly address: number
  readonly length: number
}

/**
 * A call over one of the streams, which the chips prove without a log. It reads a7, a1 and a2, and a0 becomes
 * `result`; `cursor`, where given, moves by `result`.
 */
export interface DirectCall {
  readonly kind: 'direct'
  readonly result: number
  /** PUBLIC_CURSOR or JOURNAL_CURSOR. */
  readonly cursor?: number
  /** Bytes that an input gives, or that the journal takes, at a1; `result` of them. */
  readonly copy?: { readonly address: number; readonly bytes: Uint8Array; readonly write: boolean }
}

/** A page as it is to be after a call. */
export interface StagedPage {
  readonly index: number
  /** 4096 bytes, the engine's own once given. What lies outside `written` is not looked at. */
  readonly bytes: Uint8Array
  /** Inside the page, ascending, neither touching nor overlapping. */
  readonly written: readonly Span[]
  /** Those of `written` whose bytes no log shows, as parts of it. */
  readonly hidden: readonly Span[]
}

/**
 * A call whose every effect is bound to the audit log. All reads are of the state before it; then all writes happen at
 * once.
 */
export interface AuditedCall {
  readonly kind: 'audited'
  /** Where the guest goes on; a multiple of 4 below 2^30. */
  readonly nextPc: number
  /** Register slots read, each once, with the value found. */
  readonly registersRead: readonly (readonly [slot: number, value: number])[]
  /** Register slots written, each once; never 0. */
  readonly registersWritten: readonly (readonly [slot: number, value: number])[]
  /** Memory read and shown: ascending, neither touching nor overlapping. */
  readonly memoryRead: readonly { readonly address: number; readonly bytes: Uint8Array }[]
  /** Ascending by index. */
  readonly pages: readonly StagedPage[]
}

export type EcallOutcome =
  | DirectCall
  | AuditedCall
  | { readonly kind: 'exit'; readonly code: number }
  | { readonly kind: 'trap'; readonly cause: 'audit-full' | 'denied-syscall' }

/** Serves ecalls. The engine does not know how; it applies what the host decides, all of it or nothing. */
export interface Host {
  ecall(guest: Guest): EcallOutcome
}
