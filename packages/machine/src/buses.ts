import type { Bus } from '@vouch/stark'

/** The run's path: one tuple between each cycle and the next. */
export const STATE: Bus = { name: 'State', id: 1, fields: ['pc', 'clk'] }

/** Decoded instructions. What f1..f6 mean depends on the family: see `rom-rows.ts`. */
export const ROM: Bus = {
  name: 'Rom',
  id: 2,
  fields: ['family', 'pc', 'f1', 'f2', 'f3', 'f4', 'f5', 'f6'],
  table: { key: [0, 1, 0, 0, 0, 0, 0, 0], shift: 2 },
}

/** Space 0: the memory word at byte address `addr`. Space 1: register slot `addr`. Value v0 + 2^16·v1 since time ts. */
export const MEM: Bus = { name: 'Mem', id: 3, fields: ['space', 'addr', 'v0', 'v1', 'ts'] }

/** 0 <= v < 2^16. */
export const RANGE16: Bus = { name: 'Range16', id: 4, fields: ['v'], table: { key: [1], shift: 0 } }

/** 0 <= v < 2^15. */
export const RANGE15: Bus = { name: 'Range15', id: 5, fields: ['v'], table: { key: [1], shift: 0 } }

/** x and y are bytes and z = 0 (op 0), x & y (1), x | y (2), x ^ y (3). */
export const BITWISE: Bus = {
  name: 'Bitwise',
  id: 6,
  fields: ['op', 'x', 'y', 'z'],
  table: { key: [65536, 1, 256, 0], shift: 0 },
}

/** How far a host copy is: it goes on at position `pos` of a stream, to or from guest address `addr`. */
export const COPY: Bus = { name: 'Copy', id: 7, fields: ['clk', 'stream', 'addr', 'pos'] }

/** One byte of the public input or of the journal. */
export const IO: Bus = { name: 'Io', id: 8, fields: ['stream', 'pos', 'byte'] }

/** How the run ended. */
export const HALT: Bus = {
  name: 'Halt',
  id: 9,
  fields: ['clk', 'kind', 'code0', 'code1', 'publicConsumed', 'journalLength'],
}

/** A memory word that the image initialises. */
export const IMAGE: Bus = { name: 'Image', id: 10, fields: ['addr', 'v0', 'v1'] }

/** Sent once by the image chip and received by the verifier: a proof cannot leave that chip out. */
export const PRESENT: Bus = { name: 'Present', id: 11, fields: ['one'] }

/** One host call, as the audit log tells it. `kind` is one of CALL. */
export const CALL_BUS: Bus = { name: 'Call', id: 12, fields: ['clk', 'kind', 'pc', 'next'] }

/**
 * What a host call read or wrote: a register slot (space 1) or a whole memory word (space 0). Reads have time
 * 4·clk + 1 and write 0, writes 4·clk + 2 and 1. Of a write only the new value is told.
 */
export const EFFECT_BUS: Bus = {
  name: 'Effect',
  id: 13,
  fields: ['ts', 'space', 'write', 'addr', 'v0', 'v1'],
}

/**
 * As Effect, of single bytes of a memory word. `masks` = Σ 2^j·(byte j may change) + 16·Σ 2^j·(byte j is shown); v0 and
 * v1 are the limbs of the word with 0 for the bytes that are not shown.
 */
export const EFFECT_BYTES_BUS: Bus = {
  name: 'EffectBytes',
  id: 14,
  fields: ['ts', 'addr', 'masks', 'v0', 'v1'],
}

/** A whole memory word that a host call wrote with bytes that the log does not show: where and when. */
export const EFFECT_HIDDEN_BUS: Bus = { name: 'EffectHidden', id: 15, fields: ['ts', 'addr'] }

export const BUSES: readonly Bus[] = [
  STATE,
  ROM,
  MEM,
  RANGE16,
  RANGE15,
  BITWISE,
  COPY,
  IO,
  HALT,
  IMAGE,
  PRESENT,
  CALL_BUS,
  EFFECT_BUS,
  EFFECT_BYTES_BUS,
  EFFECT_HIDDEN_BUS,
]

export const RAM_SPACE = 0
export const REGISTER_SPACE = 1

/** Kinds of a Call: its effects are on the Effect buses; the chips of the streams prove it; it ended the run. */
export const CALL = { audited: 0, direct: 1, exit: 2 } as const

/** Slots of a call's effects in the log. */
export const CALL_SLOT = { read: 1, write: 2 } as const

/** Streams of Copy and Io. */
export const PRIVATE_STREAM = 1
export const PUBLIC_STREAM = 2
export const JOURNAL_STREAM = 3

/** Entries of each table's count array. */
export const TABLE_SLOTS = { Range16: 65536, Range15: 32768, Bitwise: 4 * 65536 } as const

/** Slots of a cycle: an access happens at 4·clk + slot. */
export const SLOT = { rs1: 0, rs2: 1, memory: 2, rd: 3 } as const
