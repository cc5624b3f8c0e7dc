import { INPUT, cells, host } from './forgery-programs.ts'
import type { Fault } from './forgery-programs.ts'
import type { Forgery } from './forgery-witness.ts'

export const hostFaults: Fault[] = [
  {
    name: 'a read longer than asked',
    forgery: {
      ...host,
      host: () => replying((c) => (c.a0 === 0 ? [c.a1, new Uint8Array([1, 2, 3, 4]), 4] : undefined)),
    },
    broken: ['Halt', 'Io', 'ecall: high limb of len'],
  },
  {
    name: 'bytes written past the count',
    forgery: {
      ...host,
      host: () => replying((c) => (c.a0 === 0 ? [c.a1, new Uint8Array([1, 2, 3, 4]), 3] : undefined)),
    },
    broken: ['Copy', 'Halt', 'Io'],
  },
  {
    name: 'bytes written outside the buffer',
    forgery: {
      ...host,
      host: () => replying((c) => (c.a0 === 0 ? [c.a1 + 4, new Uint8Array([1, 2, 3]), 3] : undefined)),
    },
    broken: ['Halt', 'Io', 'Mem'],
  },
  {
    name: 'a public byte changed',
    forgery: { ...host, hostInput: new Uint8Array([9, 8, 7, 1, 5, 4]) },
    broken: ['Io'],
  },
  {
    name: 'public bytes in another order',
    forgery: { ...host, hostInput: new Uint8Array([8, 9, 7, 6, 5, 4]) },
    broken: ['Io'],
  },
  {
    name: 'a public read that is short before the end',
    forgery: { ...host, hostInput: new Uint8Array([9, 8, 7]) },
    broken: ['ecall: public input is short only at its end'],
  },
  {
    name: 'a public read of nothing',
    forgery: { ...host, hostInput: new Uint8Array(0) },
    broken: ['ecall: public input is short only at its end'],
  },
  cells(
    'a copy row left out',
    [
      'Copy',
      'Io',
      'Mem',
      'copy: byte 0 changes only by a read',
      'copy: byte 1 changes only by a read',
      'copy: byte 2 changes only by a read',
      'copy: byte 3 changes only by a read',
    ],
    (c) => {
      c.set('copy', 0, {
        privateRead: 0,
        publicRead: 0,
        journal: 0,
        offset: 0,
        in0: 0,
        in1: 0,
        in2: 0,
        in3: 0,
      })
      c.set('copy', 0, { io0: 0, io1: 0, io2: 0, io3: 0 })
    },
    host,
  ),
  cells(
    'a journal byte that memory does not hold',
    ['Io', 'Mem', 'copy: byte 0 changes only by a read'],
    (c) => {
      const row = c.column('copy', 'journal').indexOf(1)
      c.add('copy', row, { n0: 1 })
    },
    host,
  ),
  cells(
    'a copy of another stream',
    ['Copy', 'Io'],
    (c) => {
      const row = c.column('copy', 'privateRead').indexOf(1)
      const inside = (j: number): number => c.column('copy', `in${j}`)[row]
      c.set('copy', row, { privateRead: 0, publicRead: 1 })
      c.set('copy', row, { io0: -inside(0), io1: -inside(1), io2: -inside(2), io3: -inside(3) })
    },
    host,
  ),
  ...(
    [
      ['a journal byte dropped', ['Halt', 'Io'], (s) => ({ journal: s.journal.slice(0, -1) })],
      ['a journal byte added', ['Halt', 'Io'], (s) => ({ journal: Uint8Array.of(...s.journal, 0) })],
      ['journal bytes in another order', ['Io'], (s) => ({ journal: s.journal.toReversed() })],
      [
        'a journal byte changed',
        ['Io'],
        (s) => ({ journal: s.journal.map((b, i) => (i === 2 ? b + 1 : b)) }),
      ],
      ['an empty journal', ['Halt', 'Io'], () => ({ journal: new Uint8Array(0) })],
      ['another exit code', ['Halt'], () => ({ exitCode: 1 })],
      ['an exit code of 2^16', ['Halt'], () => ({ exitCode: 65536 })],
      ['an EBREAK', ['Halt'], () => ({ halt: 'ebreak' as const })],
      ['a cycle more', ['Halt'], (s) => ({ cycles: s.cycles + 1 })],
      ['a cycle less', ['Halt'], (s) => ({ cycles: s.cycles - 1 })],
      ['more public input read', ['Halt', 'Io'], (s) => ({ publicConsumed: s.publicConsumed + 1 })],
      ['less public input read', ['Halt', 'Io'], (s) => ({ publicConsumed: s.publicConsumed - 1 })],
    ] satisfies [string, string[], NonNullable<Forgery['say']>][]
  ).map(([name, broken, say]): Fault => ({
    name: `a statement of ${name}`,
    forgery: { ...host, say },
    broken,
  })),
]

/** A host that reads as told, and else does what it would for a journal write or an exit. */
function replying(
  reply: (c: { readonly a0: number; readonly a1: number }) => [number, Uint8Array, number] | undefined,
): ReturnType<NonNullable<Forgery['host']>> {
  return {
    ecall: (guest) => {
      const [number, a0, a1, a2] = [17, 10, 11, 12].map((slot) => guest.reg(slot))
      if (number === 93) return { kind: 'exit', code: a0 }
      const copy = (address: number, bytes: Uint8Array) => ({ address, bytes, write: number !== 64 })
      if (number === 64) return { kind: 'direct', result: a2, cursor: 34, copy: copy(a1, new Uint8Array(a2)) }
      const told = reply({ a0, a1 })
      if (told !== undefined) return { kind: 'direct', result: told[2], copy: copy(told[0], told[1]) }
      return { kind: 'direct', result: a2, cursor: 33, copy: copy(a1, INPUT.publicInput.subarray(0, a2)) }
    },
  }
}
