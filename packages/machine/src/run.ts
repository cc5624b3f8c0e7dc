import type { AuditedRecord, EcallRecord, HaltRecord, Trace, TraceChunk } from '@vouch/engine'
import type { EffectChip } from './effect.ts'
import type { RomRows } from './rom-rows.ts'

/** Initial memory words of an image, none zero, ascending by address. */
export interface ImageWords {
  readonly addr: Uint32Array
  readonly value: Uint32Array
}

/** The rows of one family in order of time. */
export interface FamilyRows {
  readonly count: number
  /** clk − 1 */
  readonly cycle: Uint32Array
  /** Row of the ROM. */
  readonly rom: Uint32Array
}

/** Rows of the gap chip. */
export interface GapRows {
  readonly count: number
  readonly space: Uint32Array
  readonly addr: Uint32Array
  readonly v0: Uint32Array
  readonly v1: Uint32Array
  readonly from: Uint32Array
  readonly to: Uint32Array
}

/** Rows of the memory chip: every word that the run touched or the image initialises, ascending by address. */
export interface MemoryRows {
  readonly count: number
  readonly addr: Uint32Array
  readonly initial: Uint32Array
  readonly final: Uint32Array
  readonly finalTs: Uint32Array
  /** 1 where the image initialises the word. */
  readonly kind: Uint8Array
}

/** How often each entry of a table was looked up, by bus name; see `Bus.table` for the index. */
export interface Counts {
  readonly Range16: Uint32Array
  readonly Range15: Uint32Array
  readonly Bitwise: Uint32Array
  readonly Rom: Uint32Array
}

/** What every chip fills its rows from. Tables read `counts`, so they are filled after all other chips. */
export interface Run {
  readonly trace: Trace
  readonly chunks: readonly TraceChunk[]
  readonly ecalls: readonly EcallRecord[]
  readonly audited: readonly AuditedRecord[]
  readonly halt: HaltRecord
  readonly rom: RomRows
  readonly image: ImageWords
  readonly publicLength: number
  /** By family id. */
  readonly families: readonly FamilyRows[]
  readonly copies: number
  /** Rows of the chips of effects. */
  readonly effects: Readonly<Record<EffectChip, number>>
  readonly gaps: GapRows
  readonly memory: MemoryRows
  readonly counts: Counts
  /** Decided by `chooseTables` once the counts stand; before that both table chips have no rows. */
  readonly tables: Tables
}

export interface Tables {
  kind: 'dense' | 'sparse' | undefined
  /** The 16-bit values that were looked up in any table, ascending; only for 'sparse'. */
  values: Uint32Array
}

/** The run cannot be proved: it did not halt, or it is larger than the machine's limits. */
export class Unprovable extends Error {
  override readonly name = 'Unprovable'
  readonly code: 'machine/no-halt' | 'machine/too-large' | 'machine/trace'
  constructor(code: Unprovable['code'], message: string) {
    super(message)
    this.code = code
  }
}
