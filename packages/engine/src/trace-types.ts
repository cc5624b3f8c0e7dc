/**
 * The append-only trace as columns: what every observer of a run reads.
 *
 * Time. Cycle n (the first is 1) has clk = n. An access happens at timestamp `ts = 4·clk + slot`, slot 0 for
 * rs1, 1 for rs2, 2 for memory, 3 for rd; 0 is the initial state. "prev" is the timestamp of the previous
 * access to the same register or memory word, 0 if there was none. clk < 2^28, so ts < 2^30.
 *
 * Registers. Slots 0..31 are x0..x31. A write to x0 goes to slot 32, the sink: x0 itself is never written.
 * Slots 33 (public-input cursor), 34 (journal cursor) and 35 (cycles that host calls charged) belong to the host
 * services. All start at 0 except x2 = INITIAL_SP.
 */
export const SINK = 32
export const PUBLIC_CURSOR = 33
export const JOURNAL_CURSOR = 34
export const CHARGED = 35
export const REGISTER_SLOTS = 36
export const RAM_SIZE = 2 ** 30
export const INITIAL_SP = RAM_SIZE - 16
export const CHUNK_ROWS = 1 << 16
export const MAX_CYCLES = 2 ** 28 - 1

/** One chunk of up to CHUNK_ROWS cycles, in order. Row i is cycle `firstClk + i`. Unused accesses are all zero. */
export interface TraceChunk {
  readonly firstClk: number
  rows: number
  /** Address of the instruction. */
  readonly pc: Uint32Array
  readonly rs1Value: Uint32Array
  readonly rs1Prev: Uint32Array
  readonly rs2Value: Uint32Array
  readonly rs2Prev: Uint32Array
  /** Value that rd (or the sink) held before, and holds after. */
  readonly rdBefore: Uint32Array
  readonly rdAfter: Uint32Array
  readonly rdPrev: Uint32Array
  /** Byte address as computed by the instruction; the word touched is `memAddr & ~3`. */
  readonly memAddr: Uint32Array
  /** The whole word before and after; equal for loads. */
  readonly memBefore: Uint32Array
  readonly memAfter: Uint32Array
  readonly memPrev: Uint32Array
}

/**
 * One direct ecall. Reads x17, x11, x12 at slot 0, reads and writes x10 at slot 3 (one access), and,
 * for the public input and the journal, reads and writes the cursor at slot 3. The cycle's row in TraceChunk
 * has no accesses of its own.
 */
export interface EcallRecord {
  readonly clk: number
  readonly pc: number
  /** x17 */
  readonly number: number
  readonly a0: number
  readonly a1: number
  readonly a2: number
  readonly result: number
  readonly a7Prev: number
  readonly a0Prev: number
  readonly a1Prev: number
  readonly a2Prev: number
  /** 0 when no cursor moved, else PUBLIC_CURSOR or JOURNAL_CURSOR. */
  readonly cursor: number
  readonly cursorBefore: number
  readonly cursorPrev: number
  /** Words of guest memory the call copied, in address order; one per word, at slot 2. */
  readonly copies: readonly CopyRecord[]
}

/** One memory word touched by an ecall: bytes [offset, offset + count) of the word at `addr` (4-aligned). */
export interface CopyRecord {
  readonly addr: number
  readonly before: number
  readonly after: number
  readonly prev: number
  readonly offset: number
  readonly count: number
}

/**
 * One audited ecall: it touches exactly what `effects` lists, reads at 4·clk + 1 and then writes at 4·clk + 2. The
 * cycle's row in TraceChunk has no accesses of its own.
 */
export interface AuditedRecord {
  readonly clk: number
  readonly pc: number
  readonly nextPc: number
  /** Rows of EFFECT.words words; see `effects.ts`. */
  readonly effects: Uint32Array
}

/** The last cycle. exit: reads x17 at slot 0 and x10, both cursors at slot 3. ebreak: reads both cursors at slot 3. */
export interface HaltRecord {
  readonly kind: 'exit' | 'ebreak'
  readonly clk: number
  readonly pc: number
  /** x17; 0 for ebreak. */
  readonly number: number
  /** x10 for exit, 0 for ebreak. */
  readonly code: number
  readonly a7Prev: number
  readonly a0Prev: number
  readonly publicCursor: number
  readonly publicCursorPrev: number
  readonly journalCursor: number
  readonly journalCursorPrev: number
}

/** Final value and timestamp of every word the run touched, ascending by address; `initial` is what the image put there. */
export interface TouchedMemory {
  readonly addr: Uint32Array
  readonly initial: Uint32Array
  readonly final: Uint32Array
  readonly finalTs: Uint32Array
}

/** Host calls, each kind in order; no cycle has two. */
export interface Calls {
  /** Direct ecalls. */
  readonly ecalls: readonly EcallRecord[]
  readonly audited: readonly AuditedRecord[]
}

/** A complete run. `cycles` counts the halting instruction. */
export interface Trace extends Calls {
  readonly cycles: number
  readonly chunks: readonly TraceChunk[]
  /** Absent when the run trapped or hit its cycle limit: such a run has no proof. */
  readonly halt: HaltRecord | undefined
  /** REGISTER_SLOTS entries each. */
  readonly registersFinal: Uint32Array
  readonly registersFinalTs: Uint32Array
  readonly memory: TouchedMemory
}
