import { INITIAL_MAP, HEAP_START, MMAP_START } from './mm.ts'
import type { PageMap } from './mm.ts'
import type { Manifest, Source } from './manifest.ts'

/** Rights of an open file. */
export const CAN_READ = 1
export const CAN_WRITE = 2
export const CAN_SEEK = 4

/** What descriptors refer to; shared by those that dup made. */
export interface OpenFile {
  readonly source: Source | 'pipe-in' | 'pipe-out'
  readonly rights: number
  /** The descriptor that the manifest gave it. */
  readonly origin: number
  /** SHA-256 of a file, in hex. */
  readonly digest: string
  readonly size: number
  readonly offset: number
  /** Index of a pipe. */
  readonly pipe: number
}

/** The bytes in a pipe, in slots of at most a page, as Linux keeps them. */
export interface Pipe {
  readonly slots: readonly Uint8Array[]
}

export interface SignalAction {
  readonly handler: number
  readonly flags: number
  readonly maskLow: number
  readonly maskHigh: number
}

export interface Signals {
  /** By number, from 1. */
  readonly actions: readonly (SignalAction | undefined)[]
  readonly maskLow: number
  readonly maskHigh: number
  readonly stack: { readonly sp: number; readonly flags: number; readonly size: number }
}

/** Soft and hard limit; 0xffffffff is none. */
export type Limit = readonly [soft: number, hard: number]

/** All that the services remember. Never changed: a call makes another one that shares what it leaves alone. */
export interface Kernel {
  /** Index of an open file, or -1, by descriptor. */
  readonly fds: readonly number[]
  readonly files: readonly (OpenFile | undefined)[]
  readonly pipes: readonly (Pipe | undefined)[]
  readonly map: PageMap
  /** Counts the calls that changed the map. */
  readonly epoch: number
  readonly brk: number
  readonly mmapNext: number
  readonly signals: Signals
  readonly limits: readonly Limit[]
  /** Groups that were dropped, as bits. */
  readonly dropped: number
  readonly noNewPrivs: boolean
  /** As set_tid_address set it. */
  readonly tidAddress: number
  /** Bytes taken from the random stream. */
  readonly randomAt: number
  /** Latest time that was given as advice. */
  readonly seconds: number
  readonly nanoseconds: number
  /** Cycles that calls charged. */
  readonly charged: number
}

export const NO_LIMIT = 0xffffffff
export const RLIMIT_STACK = 3
export const RLIMIT_NOFILE = 7
const RLIMITS = 16
const STACK_BYTES = 0x8000000

const DEFAULT_ACTION: SignalAction = { handler: 0, flags: 0, maskLow: 0, maskHigh: 0 }
export const actionOf = (signals: Signals, signal: number): SignalAction =>
  signals.actions[signal] ?? DEFAULT_ACTION

/** The state before the first call. `sizeOf` is asked for every file. */
export function initialKernel(manifest: Manifest, sizeOf: (digest: string) => number): Kernel {
  const { nofile } = manifest.limits
  const fds = Array.from({ length: nofile }, () => -1)
  const files = manifest.fds.map(({ fd, source, rights, sha256 = '' }, index): OpenFile => {
    fds[fd] = index
    return {
      source,
      rights:
        (rights.includes('read') ? CAN_READ : 0) |
        (rights.includes('write') ? CAN_WRITE : 0) |
        (rights.includes('seek') ? CAN_SEEK : 0),
      origin: fd,
      digest: sha256,
      size: source === 'file' ? sizeOf(sha256) : 0,
      offset: 0,
      pipe: -1,
    }
  })
  const limits = Array.from({ length: RLIMITS }, (): Limit => [NO_LIMIT, NO_LIMIT])
  limits[RLIMIT_STACK] = [STACK_BYTES, STACK_BYTES]
  limits[RLIMIT_NOFILE] = [nofile, nofile]
  return {
    fds,
    files,
    pipes: [],
    map: INITIAL_MAP,
    epoch: 0,
    brk: HEAP_START,
    mmapNext: MMAP_START,
    signals: { actions: [], maskLow: 0, maskHigh: 0, stack: { sp: 0, flags: 0, size: 0 } },
    limits,
    dropped: 0,
    noNewPrivs: false,
    tidAddress: 0,
    randomAt: 0,
    seconds: 0,
    nanoseconds: 0,
    charged: 0,
  }
}

/** The lowest `count` free descriptors, or fewer if the limit allows no more. */
export function freeDescriptors(kernel: Kernel, count: number): number[] {
  const found: number[] = []
  const most = Math.min(kernel.fds.length, kernel.limits[RLIMIT_NOFILE][0])
  for (let fd = 0; fd < most && found.length < count; fd++) if (kernel.fds[fd] === -1) found.push(fd)
  return found
}

/** Whether some descriptor is an end of a pipe. */
export const hasEnd = (kernel: Kernel, pipe: number, source: 'pipe-in' | 'pipe-out'): boolean =>
  kernel.files.some((file) => file !== undefined && file.pipe === pipe && file.source === source)
