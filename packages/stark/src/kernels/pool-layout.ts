import { CONTROL_BYTES } from './wasm-layout.ts'

/**
 * What the threads of a pool share, as indices of 32-bit words from CONTROL on; a cache line each.
 *
 * A batch of n jobs lies in rows n − 1 .. 0 of the table. Who moves OPEN from k to k − 1 owns row k − 1, whatever batch
 * it belongs to, so that a thread that comes late takes a job of the running batch or none. A batch ends when DONE is
 * COUNT; nobody holds a row then, and the table may be written again.
 */
export const WORD = {
  /** Jobs that nobody has taken. */
  open: 0,
  /** Jobs of the batch that are finished or dropped. */
  done: 16,
  count: 32,
  /** What idle threads sleep on; moves with every batch and every module. */
  epoch: 48,
  asleep: 64,
  /** Threads that take jobs. */
  attached: 80,
  /** Modules published. */
  modules: 96,
  closed: 112,
  /** 1 when a job of the batch failed on a thread of the pool; its message is at `faultText`. */
  fault: 128,
  /** Length and UTF-16 code units. */
  faultText: 1024,
  /** Address and length of each module. */
  moduleTable: 2048,
  table: 4096,
} as const

export const FAULT_CHARACTERS = 512
export const MAX_MODULES = 512

/** Words of a row: function (module << 16 | export), number of arguments, result, unused, then arguments as value and stride. */
export const ROW_WORDS = 32
export const ROW_ARGUMENTS = 4
export const MAX_ROWS = (CONTROL_BYTES / 4 - WORD.table) / ROW_WORDS

/** How long a thread without work looks for more before it sleeps: a wake costs some 16 µs. */
export const SPIN_MS = 1
