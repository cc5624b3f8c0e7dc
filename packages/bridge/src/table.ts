import type { AssuranceClass } from './record.ts'
import type { Transaction } from './transaction.ts'
import { brk } from './services/brk.ts'
import { capDrop } from './services/cap-drop.ts'
import { clockGetres, clockGettime } from './services/clock.ts'
import { close } from './services/close.ts'
import { cycles } from './services/cycles.ts'
import { dup } from './services/dup.ts'
import { exit } from './services/exit.ts'
import { getrandom } from './services/getrandom.ts'
import { getgid, getpid, getppid, getuid } from './services/identity.ts'
import { ioctl } from './services/ioctl.ts'
import { llseek } from './services/llseek.ts'
import { mark } from './services/mark.ts'
import { mmap2 } from './services/mmap2.ts'
import { mprotect } from './services/mprotect.ts'
import { munmap } from './services/munmap.ts'
import { pipe2 } from './services/pipe2.ts'
import { prctl } from './services/prctl.ts'
import { prlimit64 } from './services/prlimit64.ts'
import { read } from './services/read.ts'
import { readv } from './services/readv.ts'
import { schedYield } from './services/sched-yield.ts'
import { setTidAddress } from './services/set-tid-address.ts'
import { sigaction, sigaltstack, sigprocmask } from './services/signals.ts'
import { statx } from './services/statx.ts'
import { uname } from './services/uname.ts'
import { write } from './services/write.ts'
import { writev } from './services/writev.ts'

export type ArgumentType = 'fd' | 'pointer' | 'length' | 'int' | 'flags'
/** Name and type. */
export type Argument = readonly [name: string, type: ArgumentType]

/**
 * atomic: all effects or none. prefix: may do the first part of what it was asked, and says how much. noreturn: ends the
 * run.
 */
export type Transfer = 'atomic' | 'prefix' | 'noreturn'

/** What can be dropped together: bit i of cap_drop's argument is group i. Group 0 always stays. */
export const GROUPS = [
  'base',
  'input',
  'output',
  'files',
  'memory',
  'signals',
  'clock',
  'random',
  'identity',
  'profile',
  'calls',
] as const
export type Group = (typeof GROUPS)[number]

/** Serves one call: its result, or an error negated. All that it does goes through the transaction. */
export type Serve = (tx: Transaction, ...args: readonly number[]) => number

export interface Service {
  readonly number: number
  readonly name: string
  readonly args: readonly Argument[]
  readonly transfer: Transfer
  readonly group: Group
  /** Of its results, as far as they do not depend on the descriptor. */
  readonly class: AssuranceClass
  readonly doc: string
  readonly serve: Serve
}

/** Every service, ascending by number; as long as there are services. Dispatch, names, types, documentation and the C header come from here. */
export const SERVICES = [
  {
    number: 0,
    name: 'halt',
    args: [['code', 'int']],
    transfer: 'noreturn',
    group: 'base',
    class: 'D',
    doc: 'Ends the run with a code.',
    serve: exit,
  },
  {
    number: 23,
    name: 'dup',
    args: [['fd', 'fd']],
    transfer: 'atomic',
    group: 'files',
    class: 'D',
    doc: 'Copies a descriptor, with its rights, to the lowest free one.',
    serve: dup,
  },
  {
    number: 29,
    name: 'ioctl',
    args: [
      ['fd', 'fd'],
      ['request', 'int'],
      ['argument', 'pointer'],
    ],
    transfer: 'atomic',
    group: 'files',
    class: 'D',
    doc: 'ENOTTY: no descriptor is a terminal.',
    serve: ioctl,
  },
  {
    number: 57,
    name: 'close',
    args: [['fd', 'fd']],
    transfer: 'atomic',
    group: 'files',
    class: 'D',
    doc: 'Closes a descriptor.',
    serve: close,
  },
  {
    number: 59,
    name: 'pipe2',
    args: [
      ['pair', 'pointer'],
      ['flags', 'flags'],
    ],
    transfer: 'atomic',
    group: 'files',
    class: 'D',
    doc: 'Makes a pipe inside the machine; it never blocks.',
    serve: pipe2,
  },
  {
    number: 62,
    name: 'llseek',
    args: [
      ['fd', 'fd'],
      ['offset_high', 'int'],
      ['offset_low', 'int'],
      ['result', 'pointer'],
      ['whence', 'int'],
    ],
    transfer: 'atomic',
    group: 'files',
    class: 'D',
    doc: 'Moves the offset of a file; ESPIPE for streams.',
    serve: llseek,
  },
  {
    number: 63,
    name: 'read',
    args: [
      ['fd', 'fd'],
      ['buffer', 'pointer'],
      ['count', 'length'],
    ],
    transfer: 'prefix',
    group: 'input',
    class: 'D',
    doc: 'Reads from an input, a file or a pipe.',
    serve: read,
  },
  {
    number: 64,
    name: 'write',
    args: [
      ['fd', 'fd'],
      ['buffer', 'pointer'],
      ['count', 'length'],
    ],
    transfer: 'prefix',
    group: 'output',
    class: 'P',
    doc: 'Writes to the console, the journal or a pipe.',
    serve: write,
  },
  {
    number: 65,
    name: 'readv',
    args: [
      ['fd', 'fd'],
      ['vectors', 'pointer'],
      ['count', 'int'],
    ],
    transfer: 'prefix',
    group: 'input',
    class: 'D',
    doc: 'Reads into several buffers.',
    serve: readv,
  },
  {
    number: 66,
    name: 'writev',
    args: [
      ['fd', 'fd'],
      ['vectors', 'pointer'],
      ['count', 'int'],
    ],
    transfer: 'prefix',
    group: 'output',
    class: 'P',
    doc: 'Writes from several buffers.',
    serve: writev,
  },
  {
    number: 93,
    name: 'exit',
    args: [['code', 'int']],
    transfer: 'noreturn',
    group: 'base',
    class: 'D',
    doc: 'Ends the run with a code.',
    serve: exit,
  },
  {
    number: 94,
    name: 'exit_group',
    args: [['code', 'int']],
    transfer: 'noreturn',
    group: 'base',
    class: 'D',
    doc: 'Ends the run with a code.',
    serve: exit,
  },
  {
    number: 96,
    name: 'set_tid_address',
    args: [['address', 'pointer']],
    transfer: 'atomic',
    group: 'identity',
    class: 'D',
    doc: 'Keeps the address; returns the thread number.',
    serve: setTidAddress,
  },
  {
    number: 124,
    name: 'sched_yield',
    args: [],
    transfer: 'atomic',
    group: 'identity',
    class: 'D',
    doc: 'Does nothing: there is one thread.',
    serve: schedYield,
  },
  {
    number: 132,
    name: 'sigaltstack',
    args: [
      ['stack', 'pointer'],
      ['old', 'pointer'],
    ],
    transfer: 'atomic',
    group: 'signals',
    class: 'D',
    doc: 'Keeps a signal stack; no signal is delivered.',
    serve: sigaltstack,
  },
  {
    number: 134,
    name: 'rt_sigaction',
    args: [
      ['signal', 'int'],
      ['action', 'pointer'],
      ['old', 'pointer'],
      ['set_bytes', 'length'],
    ],
    transfer: 'atomic',
    group: 'signals',
    class: 'D',
    doc: 'Keeps a signal action; no signal is delivered.',
    serve: sigaction,
  },
  {
    number: 135,
    name: 'rt_sigprocmask',
    args: [
      ['how', 'int'],
      ['set', 'pointer'],
      ['old', 'pointer'],
      ['set_bytes', 'length'],
    ],
    transfer: 'atomic',
    group: 'signals',
    class: 'D',
    doc: 'Keeps the signal mask; no signal is delivered.',
    serve: sigprocmask,
  },
  {
    number: 160,
    name: 'uname',
    args: [['buffer', 'pointer']],
    transfer: 'atomic',
    group: 'identity',
    class: 'D',
    doc: 'Names the system.',
    serve: uname,
  },
  {
    number: 167,
    name: 'prctl',
    args: [
      ['option', 'int'],
      ['a', 'int'],
      ['b', 'int'],
      ['c', 'int'],
      ['d', 'int'],
    ],
    transfer: 'atomic',
    group: 'base',
    class: 'D',
    doc: 'PR_SET_NO_NEW_PRIVS and PR_GET_NO_NEW_PRIVS.',
    serve: prctl,
  },
  {
    number: 172,
    name: 'getpid',
    args: [],
    transfer: 'atomic',
    group: 'identity',
    class: 'D',
    doc: '1.',
    serve: getpid,
  },
  {
    number: 173,
    name: 'getppid',
    args: [],
    transfer: 'atomic',
    group: 'identity',
    class: 'D',
    doc: '0.',
    serve: getppid,
  },
  {
    number: 174,
    name: 'getuid',
    args: [],
    transfer: 'atomic',
    group: 'identity',
    class: 'D',
    doc: '0.',
    serve: getuid,
  },
  {
    number: 175,
    name: 'geteuid',
    args: [],
    transfer: 'atomic',
    group: 'identity',
    class: 'D',
    doc: '0.',
    serve: getuid,
  },
  {
    number: 176,
    name: 'getgid',
    args: [],
    transfer: 'atomic',
    group: 'identity',
    class: 'D',
    doc: '0.',
    serve: getgid,
  },
  {
    number: 177,
    name: 'getegid',
    args: [],
    transfer: 'atomic',
    group: 'identity',
    class: 'D',
    doc: '0.',
    serve: getgid,
  },
  {
    number: 178,
    name: 'gettid',
    args: [],
    transfer: 'atomic',
    group: 'identity',
    class: 'D',
    doc: '1.',
    serve: getpid,
  },
  {
    number: 214,
    name: 'brk',
    args: [['address', 'pointer']],
    transfer: 'atomic',
    group: 'memory',
    class: 'D',
    doc: 'Moves the end of the heap; the old one where it cannot.',
    serve: brk,
  },
  {
    number: 215,
    name: 'munmap',
    args: [
      ['address', 'pointer'],
      ['length', 'length'],
    ],
    transfer: 'atomic',
    group: 'memory',
    class: 'D',
    doc: 'Takes pages away from what calls may touch.',
    serve: munmap,
  },
  {
    number: 222,
    name: 'mmap2',
    args: [
      ['hint', 'pointer'],
      ['length', 'length'],
      ['protection', 'flags'],
      ['flags', 'flags'],
      ['fd', 'fd'],
      ['page_offset', 'int'],
    ],
    transfer: 'atomic',
    group: 'memory',
    class: 'D',
    doc: 'Gives anonymous private memory, which is zero.',
    serve: mmap2,
  },
  {
    number: 226,
    name: 'mprotect',
    args: [
      ['address', 'pointer'],
      ['length', 'length'],
      ['protection', 'flags'],
    ],
    transfer: 'atomic',
    group: 'memory',
    class: 'D',
    doc: 'Sets what calls may do with pages.',
    serve: mprotect,
  },
  {
    number: 261,
    name: 'prlimit64',
    args: [
      ['pid', 'int'],
      ['resource', 'int'],
      ['limit', 'pointer'],
      ['old', 'pointer'],
    ],
    transfer: 'atomic',
    group: 'identity',
    class: 'D',
    doc: 'Reads and lowers limits.',
    serve: prlimit64,
  },
  {
    number: 278,
    name: 'getrandom',
    args: [
      ['buffer', 'pointer'],
      ['length', 'length'],
      ['flags', 'flags'],
    ],
    transfer: 'prefix',
    group: 'random',
    class: 'D',
    doc: 'Bytes from the seed of the manifest, or of the host where it says so.',
    serve: getrandom,
  },
  {
    number: 291,
    name: 'statx',
    args: [
      ['fd', 'fd'],
      ['path', 'pointer'],
      ['flags', 'flags'],
      ['mask', 'flags'],
      ['buffer', 'pointer'],
    ],
    transfer: 'atomic',
    group: 'files',
    class: 'D',
    doc: 'Type and size of an open descriptor.',
    serve: statx,
  },
  {
    number: 403,
    name: 'clock_gettime64',
    args: [
      ['clock', 'int'],
      ['time', 'pointer'],
    ],
    transfer: 'atomic',
    group: 'clock',
    class: 'D',
    doc: 'Time from the cycle count, or of the host where the manifest says so.',
    serve: clockGettime,
  },
  {
    number: 406,
    name: 'clock_getres_time64',
    args: [
      ['clock', 'int'],
      ['resolution', 'pointer'],
    ],
    transfer: 'atomic',
    group: 'clock',
    class: 'D',
    doc: 'How finely clocks count.',
    serve: clockGetres,
  },
  {
    number: 0x7a01,
    name: 'cap_drop',
    args: [['groups', 'flags']],
    transfer: 'atomic',
    group: 'base',
    class: 'D',
    doc: 'Drops groups of services for good.',
    serve: capDrop,
  },
  {
    number: 0x7a02,
    name: 'cycles',
    args: [['count', 'pointer']],
    transfer: 'atomic',
    group: 'profile',
    class: 'D',
    doc: 'Stores the cycle, with what calls charged, as u64.',
    serve: cycles,
  },
  {
    number: 0x7a03,
    name: 'mark',
    args: [
      ['name', 'pointer'],
      ['length', 'length'],
    ],
    transfer: 'atomic',
    group: 'profile',
    class: 'D',
    doc: 'Marks a moment with a name of at most 64 bytes, which the log shows.',
    serve: mark,
  },
] as const satisfies readonly Service[]

export type ServiceName = (typeof SERVICES)[number]['name']

const NAMES = new Map<number, string>(SERVICES.map(({ number, name }) => [number, name]))

/** Of a service or a call of the manifest; `syscall_<number>` if there is none. */
export function callName(
  number: number,
  calls: Readonly<Record<string, { readonly number: number }>>,
): string {
  for (const [name, call] of Object.entries(calls)) if (call.number === number) return name
  return NAMES.get(number) ?? `syscall_${number}`
}
