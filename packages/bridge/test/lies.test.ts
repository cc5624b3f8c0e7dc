import { sha256 } from '@vouch/hash'
import { describe, expect, it } from 'vitest'
import { bytesReader, readInto, replay } from '@vouch/bridge'
import type { AuditRecord, CallGrant, HostCall, Section } from '@vouch/bridge'
import { Desk, EDGE, GOOD, NR, manifest, opened, text } from './support.ts'
import { relog } from './relog.ts'

/*
 * Logs of a host that lies: every hash in them is right. What the replay does not see, the proof does: that the registers
 * and bytes in the log are those of the guest.
 */

const NUMBER = 0x7b00
const ADVICE: CallGrant = {
  number: NUMBER,
  args: 2,
  class: 'A',
  reads: [],
  writes: [{ pointer: 0, length: { argument: 1 } }],
  registers: [5],
  pc: false,
  charge: 10,
}

const PUBLIC = text('the public input')
const desk = new Desk({
  privateInput: text('the private input'),
  publicInput: PUBLIC,
  manifest: manifest({ calls: { price: ADVICE } }),
  handlers: {
    price: (call: HostCall): number => {
      readInto(bytesReader(text('12')), call.writer(call.args[0], 2))
      call.setReg(5, 12)
      call.charge(3)
      return 2
    },
  },
}).breakPage()
desk.guest.setWords(GOOD + 256, GOOD, 4, EDGE, 4)
desk.guest.setWords(GOOD + 272, GOOD, 4)
const SEQ: Record<string, number> = {}
const make = (name: string, number: number, ...args: number[]): void => {
  SEQ[name] = desk.records.length
  desk.call(number, ...args)
}
make('getpid', NR.getpid)
make('private', NR.read, 0, GOOD, 5)
make('public', NR.read, 4, GOOD, 5)
make('readv', NR.readv, 0, GOOD + 272, 1)
make('journal', NR.write, 3, GOOD, 4)
make('writev', NR.writev, 3, GOOD + 256, 2)
make('console', NR.write, 1, GOOD, 4)
make('fault', NR.uname, EDGE)
make('unknown', 500, 1, 2, 3, 4, 5, 6)
make('clock', NR.clock_gettime64, 0, GOOD)
make('brk', NR.brk, 0x10001000)
make('price', NUMBER, GOOD, 8)
make('exit', NR.exit, 0)
const honest = desk.bridge.auditBytes()!

const failure = (change: Parameters<typeof relog>[1]) => {
  const result = replay(opened(relog(honest, change)), { publicInput: PUBLIC })
  return result.ok ? undefined : result.failure
}
/** Changes one record. */
const at =
  (name: string, change: (record: AuditRecord) => Partial<AuditRecord>) =>
  (record: AuditRecord): AuditRecord =>
    record.seq === SEQ[name] ? { ...record, ...change(record) } : record
const shown = (section: Section, payload: Uint8Array): Section => ({
  ...section,
  length: payload.length,
  payload,
  digest: sha256(payload),
})

it('the honest log is accepted', () => {
  expect(failure((record) => record)).toBeUndefined()
  desk.replayed()
})

describe('caught by replay, though the hashes are right', () => {
  const lies: readonly (readonly [
    string,
    string,
    (record: AuditRecord) => AuditRecord | undefined,
    string,
  ])[] = [
    ['getpid', 'another result of getpid', at('getpid', () => ({ result: 2 })), 'replay/result'],
    [
      'getpid',
      'an error instead of a result',
      at('getpid', () => ({ result: -14, errno: 14, outcome: 'abort' })),
      'replay/result',
    ],
    ['fault', 'another error', at('fault', () => ({ errno: 22, result: -22 })), 'replay/result'],
    ['fault', 'an error that does not fit the result', at('fault', () => ({ errno: 22 })), 'replay/errno'],
    [
      'fault',
      'a result instead of an error',
      at('fault', () => ({
        errno: 0,
        result: 0,
        outcome: 'commit',
        fault: 'none',
        faultAddress: 0xffffffff,
      })),
      'replay/result',
    ],
    [
      'fault',
      'a fault elsewhere',
      at('fault', (r) => ({ faultAddress: r.faultAddress + 4096 })),
      'replay/fault-address',
    ],
    ['fault', 'another fault', at('fault', () => ({ fault: 'no-write' })), 'replay/fault'],
    [
      'private',
      'a longer read than asked',
      at('private', (r) => ({
        result: 6,
        done: 6,
        privateCursor: 6,
        sections: r.sections.map((s) => ({ ...s, length: 6 })),
      })),
      'replay/result',
    ],
    [
      'private',
      'more taken from the input than given',
      at('private', () => ({ privateCursor: 7 })),
      'replay/private-cursor',
    ],
    [
      'private',
      'private bytes at another place',
      at('private', (r) => ({ sections: r.sections.map((s) => ({ ...s, address: GOOD + 8 })) })),
      'replay/sections',
    ],
    [
      'private',
      'private bytes that are shown',
      at('private', (r) => ({
        sections: r.sections.map((s) => ({ ...shown(s, new Uint8Array(5)), hidden: false })),
      })),
      'replay/sections',
    ],
    [
      'private',
      'a fault where the page is good',
      at('private', () => ({
        result: -14,
        errno: 14,
        done: 0,
        outcome: 'abort',
        fault: 'absent',
        faultAddress: GOOD,
        privateCursor: 0,
        direct: false,
        sections: [],
      })),
      'replay/result',
    ],
    ['private', 'proved otherwise than it is', at('private', () => ({ direct: false })), 'replay/direct'],
    [
      'public',
      'other public bytes',
      at('public', (r) => ({ sections: [shown(r.sections[0], text('xxxxx'))] })),
      'replay/sections',
    ],
    [
      'public',
      'fewer bytes than there are',
      at('public', (r) => ({
        result: 3,
        done: 3,
        publicCursor: 3,
        sections: [shown(r.sections[0], PUBLIC.slice(0, 3))],
      })),
      'replay/result',
    ],
    [
      'public',
      'a stream that was skipped',
      at('public', () => ({ publicCursor: 6 })),
      'replay/public-cursor',
    ],
    [
      'readv',
      'a buffer that is not in the list',
      at('readv', (r) => ({ sections: [r.sections[0], { ...r.sections[1], address: GOOD + 64 }] })),
      'replay/sections',
    ],
    [
      'readv',
      'more bytes than its buffers hold',
      at('readv', (r) => ({
        result: 9,
        done: 9,
        privateCursor: 14,
        sections: [r.sections[0], { ...r.sections[1], length: 9 }],
      })),
      'replay/result',
    ],
    [
      'journal',
      'a journal that was skipped',
      at('journal', () => ({ journalCursor: 0, sections: [] })),
      'replay/missing-read',
    ],
    [
      'journal',
      'a longer journal',
      at('journal', (r) => ({ sections: [shown(r.sections[0], new Uint8Array(5))] })),
      'replay/unread',
    ],
    [
      'writev',
      'a prefix that is shorter',
      at('writev', () => ({ result: 2, done: 2, journalCursor: 6 })),
      'replay/result',
    ],
    ['console', 'output that was dropped', at('console', () => ({ sections: [] })), 'replay/sections'],
    [
      'console',
      'output on the other descriptor',
      at('console', (r) => ({ sections: [{ ...r.sections[0], address: 2 }] })),
      'replay/sections',
    ],
    [
      'unknown',
      'an unknown call that does something',
      at('unknown', () => ({ result: 0, errno: 0, outcome: 'commit' })),
      'replay/result',
    ],
    [
      'clock',
      'another time',
      at('clock', (r) => ({ sections: [shown(r.sections[0], new Uint8Array(16))] })),
      'replay/sections',
    ],
    [
      'clock',
      'bytes past the struct',
      at('clock', (r) => ({ sections: [shown(r.sections[0], new Uint8Array(20))] })),
      'replay/sections',
    ],
    ['brk', 'another break', at('brk', () => ({ result: 0x10002000 })), 'replay/result'],
    [
      'brk',
      'another state of the kernel',
      at('brk', () => ({ kernelRoot: new Uint8Array(32) })),
      'replay/kernel-root',
    ],
    ['brk', 'another epoch', at('brk', () => ({ epoch: 9 })), 'replay/epoch'],
    [
      'price',
      'advice that is longer than its buffer',
      at('price', (r) => ({ sections: [shown(r.sections[0], new Uint8Array(9)), ...r.sections.slice(1)] })),
      'replay/capability',
    ],
    [
      'price',
      'advice outside its buffer',
      at('price', (r) => ({ sections: [{ ...r.sections[0], address: GOOD + 512 }, ...r.sections.slice(1)] })),
      'replay/capability',
    ],
    [
      'price',
      'advice in another register',
      at('price', (r) => ({ sections: [r.sections[0], { ...r.sections[1], address: 6 }] })),
      'replay/capability',
    ],
    ['price', 'advice that charges too much', at('price', () => ({ charged: 11 })), 'replay/capability'],
    ['price', 'advice where to go on', at('price', (r) => ({ nextPc: r.nextPc + 4 })), 'replay/capability'],
    ['price', 'advice called deterministic', at('price', () => ({ class: 'D' })), 'replay/class'],
    ['price', 'a bad place to go on', at('price', () => ({ nextPc: 0 })), 'replay/capability'],
    ['exit', 'an exit that returns', at('exit', () => ({ outcome: 'commit' })), 'replay/outcome'],
    [
      'exit',
      'arguments that the call does not take',
      at('exit', () => ({ args: [0, 0, 0, 0, 1, 0] })),
      'replay/args',
    ],
    [
      'getpid',
      'a call that did not happen',
      (record) => (record.seq === SEQ.public ? undefined : record),
      'replay/public-cursor',
    ],
    [
      'public',
      'a denied call',
      at('public', () => ({
        outcome: 'deny',
        result: -1,
        errno: 1,
        publicCursor: 0,
        done: 0,
        sections: [],
        direct: false,
      })),
      'replay/result',
    ],
    ['getpid', 'cycles charged by nobody', at('getpid', () => ({ charged: 1 })), 'replay/charged'],
    ['getpid', 'a place to go on', at('getpid', (r) => ({ nextPc: r.nextPc + 4 })), 'replay/next-pc'],
    ['getpid', 'a length that nobody asked', at('getpid', () => ({ requested: 1 })), 'replay/requested'],
    ['getpid', 'time that stands still', at('getpid', (r) => ({ clk: r.clk - 1 })), 'replay/clk'],
  ]
  for (const [name, what, lie, code] of lies)
    it(`${what}: ${code}`, () => {
      const found = failure(lie)
      expect(found?.code).toBe(code)
      if (what !== 'a call that did not happen') expect(found?.seq).toBe(SEQ[name])
      expect(found?.message).toMatch(/^record \d+ \(\w+\): /)
    })

  it('a record after the exit', () => {
    const moved = (record: AuditRecord): AuditRecord | undefined =>
      record.seq === SEQ.exit ? undefined : record
    expect(failure(moved)).toBeUndefined()
    const twice = relog(honest, (record) =>
      record.seq === SEQ.getpid
        ? { ...record, number: NR.exit, nextPc: 0, outcome: 'noreturn', direct: true, result: 0 }
        : record,
    )
    expect(replay(opened(twice), { publicInput: PUBLIC })).toMatchObject({
      failure: { code: 'replay/after-exit', seq: SEQ.getpid + 1 },
    })
  })

  it('another public input', () => {
    expect(replay(opened(honest), { publicInput: text('another public input') })).toMatchObject({
      failure: { code: 'replay/sections', seq: SEQ.public },
    })
  })

  it('a read of 1 GiB of private input that nobody has does not take the memory of one', () => {
    const lie = at('private', (r) => ({
      args: [0, 0, 2 ** 30, 0, 0, 0],
      requested: 2 ** 30,
      done: 2 ** 30,
      result: 2 ** 30,
      sections: [{ ...r.sections[0], address: 0, length: 2 ** 30 }],
    }))
    expect(failure(lie)).toMatchObject({ code: 'replay/result', expected: EDGE })
  })
})

describe('a hostile handler is held to its grant while it runs', () => {
  it('bytes outside the buffer do not reach the guest', () => {
    const d = new Desk({
      manifest: manifest({ calls: { price: ADVICE } }),
      handlers: {
        price: (call: HostCall) =>
          void readInto(bytesReader(text('123456789')), call.writer(call.args[0], 9)),
      },
    })
    d.guest.set(GOOD, text('untouched'))
    expect(d.call(NUMBER, GOOD, 8)).toBe(-1)
    expect(Buffer.from(d.guest.get(GOOD, 9)).toString()).toBe('untouched')
    d.replayed()
  })
})
