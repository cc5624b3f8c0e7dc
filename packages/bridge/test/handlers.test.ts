import { CHARGED } from '@vouch/engine'
import { describe, expect, it } from 'vitest'
import { bridge, bytesReader, bytesWriter, readInto, replay } from '@vouch/bridge'
import type { CallGrant, Handler, HostCall } from '@vouch/bridge'
import { EFAULT, EIO, ENOSYS, EPERM } from '../src/errno.ts'
import { Desk, EDGE, GOOD, NR, asText, hex, manifest, opened, text } from './support.ts'

const NUMBER = 0x7b00
const GRANT: CallGrant = {
  number: NUMBER,
  args: 4,
  class: 'D',
  reads: [{ pointer: 0, length: { argument: 1 } }],
  writes: [
    { pointer: 2, length: { argument: 3 } },
    { pointer: 0, length: { bytes: 4 }, hidden: true },
  ],
  registers: [5, 31],
  pc: true,
  charge: 1000,
}

/** A call of class D may hide nothing. */
const grantOf = (grant: CallGrant): CallGrant =>
  grant.class === 'D' ? { ...grant, writes: grant.writes.filter((b) => b.hidden !== true) } : grant

const start = (handler: Handler, grant: Partial<CallGrant> = {}): Desk =>
  new Desk({
    manifest: manifest({ calls: { price: grantOf({ ...GRANT, ...grant }) } }),
    handlers: { price: handler },
  }).breakPage()

const ARGS = [GOOD, 8, GOOD + 100, 16] as const

describe('a call of the host program', () => {
  const all: Handler = (call) => {
    const bytes = new Uint8Array(8)
    readInto(call.reader(GOOD, 8), bytesWriter(bytes))
    readInto(bytesReader(bytes.toReversed()), call.writer(GOOD + 100, 16))
    call.setReg(5, call.reg(8) + 1)
    call.setReg(31, 7)
    call.charge(400)
    call.charge(600)
    call.setPc(0x20000)
    return call.args.length
  }

  for (const kind of ['D', 'A'] as const)
    it(`has every effect that it is granted, and each is in the log: class ${kind}`, () => {
      const d = start(all, { class: kind })
      d.guest.set(GOOD, text('abcdefgh'))
      d.guest.registers[8] = 41
      expect(d.call(NUMBER, ...ARGS)).toBe(4)
      expect(asText(d.guest.get(GOOD + 100, 8))).toBe('hgfedcba')
      expect([d.guest.registers[5], d.guest.registers[31], d.guest.registers[CHARGED], d.guest.pc]).toEqual([
        42, 7, 1000, 0x20000,
      ])
      expect(d.record).toMatchObject({ class: kind, charged: 1000, nextPc: 0x20000, outcome: 'commit' })
      expect(d.record.sections.map(({ kind: k, address, length }) => [k, address, length])).toEqual([
        ['copyin', GOOD, 8],
        ['copyout', GOOD + 100, 8],
        ['register', 5, 4],
        ['register', 31, 4],
        ['register', 64 + 8, 4],
      ])
      expect(d.call(NR.cycles, GOOD)).toBe(0)
      expect(d.guest.words(GOOD, 1)).toEqual([3 + 1000])
      const replayed = d.replayed()
      expect(replayed.charged).toBe(1000)
      expect(replayed.services.get('price')).toEqual({
        count: 1,
        assurance: kind === 'D' ? 'replayed' : 'advice',
      })
    })

  it('a0 may be set as a register; no result is 0', () => {
    const d = start((call) => call.setReg(10, 0xfffffff0))
    expect(d.call(NUMBER, ...ARGS)).toBe(-16)
    expect(d.record).toMatchObject({ errno: 0, result: -16, outcome: 'commit' })
    d.replayed()
    const none = start(() => {})
    expect(none.call(NUMBER, ...ARGS)).toBe(0)
    none.replayed()
  })

  it('an error: nothing of it happened; what it read is there as evidence', () => {
    for (const kind of ['D', 'A'] as const) {
      const d = start(
        (call) => {
          const bytes = new Uint8Array(8)
          readInto(call.reader(GOOD, 8), bytesWriter(bytes))
          call.setReg(5, 1)
          call.charge(5)
          readInto(bytesReader(bytes), call.writer(GOOD + 100, 8))
          return -5
        },
        { class: kind },
      )
      d.guest.set(GOOD, text('abcdefgh'))
      expect(d.call(NUMBER, ...ARGS)).toBe(-5)
      expect(d.record).toMatchObject({
        outcome: 'abort',
        errno: 5,
        charged: 0,
        sections: [{ kind: 'copyin', length: 8 }],
      })
      expect(d.guest.registers[5]).toBe(0)
      expect(d.guest.registers[CHARGED]).toBe(0)
      d.replayed()
    }
  })

  it('a fault that the handler sees and answers', () => {
    for (const kind of ['D', 'A'] as const) {
      const d = start(
        (call) => {
          const result = readInto(bytesReader(text('0123456789')), call.writer(EDGE - 4, 10))
          return result.ok ? 0 : result.n
        },
        { class: kind },
      )
      expect(d.call(NUMBER, GOOD, 8, EDGE - 4, 16)).toBe(4)
      expect(d.record).toMatchObject({ outcome: 'partial', fault: 'absent', faultAddress: EDGE })
      d.replayed()
      const failing = start(
        (call) => (readInto(call.reader(EDGE, 1), bytesWriter(new Uint8Array(1))).ok ? 0 : -EFAULT),
        { class: kind },
      )
      expect(failing.call(NUMBER, EDGE, 8, GOOD, 16)).toBe(-EFAULT)
      expect(failing.record).toMatchObject({ outcome: 'abort', fault: 'absent', faultAddress: EDGE })
      failing.replayed()
    }
  })

  it('hidden bytes are in no log', () => {
    const d = start((call) => void readInto(bytesReader(text('Zx9Q')), call.writer(GOOD, 4)), { class: 'A' })
    d.call(NUMBER, ...ARGS)
    expect(asText(d.guest.get(GOOD, 4))).toBe('Zx9Q')
    expect(d.record.sections).toMatchObject([{ kind: 'copyout', hidden: true, length: 4 }])
    expect(Buffer.from(d.bridge.auditBytes()!).includes('Zx9Q')).toBe(false)
    d.replayed()
  })

  it('that nobody handles is ENOSYS; a handler of no call is refused', () => {
    const d = new Desk({ manifest: manifest({ calls: { price: { ...GRANT, class: 'A' } } }) })
    expect(d.call(NUMBER, ...ARGS)).toBe(-ENOSYS)
    d.replayed()
    expect(() => bridge().handle('price', () => 0)).toThrow('declares no call price')
  })

  it('of class D needs its handler in the replay', () => {
    const d = start(() => 1)
    d.call(NUMBER, ...ARGS)
    const result = replay(opened(d.bridge.auditBytes()!), { publicInput: new Uint8Array(0) })
    expect(result).toMatchObject({ ok: false, failure: { code: 'replay/no-handler', seq: 1 } })
    expect(
      replay(opened(d.bridge.auditBytes()!), {
        publicInput: new Uint8Array(0),
        handlers: { price: () => 2 },
      }),
    ).toMatchObject({
      failure: { code: 'replay/result', expected: 2, got: 1 },
    })
  })
})

describe('a handler that fails', () => {
  const bad: readonly (readonly [string, Handler])[] = [
    [
      'throws',
      () => {
        throw new Error('no price')
      },
    ],
    [
      'throws nothing',
      () => {
        throw undefined
      },
    ],
    ['returns a promise', (async () => 1) as unknown as Handler],
    ['returns text', (() => '1') as unknown as Handler],
    ['returns a half', () => 0.5],
    ['returns too much', () => 2 ** 32],
    ['charges less than nothing', (call) => call.charge(-1)],
    ['charges a half', (call) => call.charge(0.5)],
    ['goes on between instructions', (call) => call.setPc(0x20002)],
    ['goes on outside RAM', (call) => call.setPc(2 ** 30)],
    ['reads a register that is not there', (call) => call.reg(33)],
    ['reads at half an address', (call) => void call.reader(GOOD + 0.5, 1)],
  ]
  for (const [name, fail] of bad)
    it(`${name}: EIO, an ABORT record, and the guest as before`, () => {
      const d = start((call) => {
        call.setReg(5, 9)
        readInto(bytesReader(text('partial')), call.writer(GOOD + 100, 7))
        return fail(call)
      })
      expect(d.call(NUMBER, ...ARGS)).toBe(-EIO)
      expect(d.record).toMatchObject({ outcome: 'abort', errno: EIO, sections: [] })
      expect(d.last).toMatchObject({ pages: [], registersWritten: [[10, -EIO >>> 0]] })
      d.replayed()
    })

  const beyond: readonly (readonly [string, Handler, number?])[] = [
    ['writes another register', (call) => call.setReg(6, 1)],
    ['reads one byte more', (call) => void call.reader(GOOD, 9), GOOD],
    ['reads one byte before', (call) => void call.reader(GOOD - 1, 2), GOOD - 1],
    ['writes one byte more', (call) => void call.writer(GOOD + 100, 17), GOOD + 100],
    ['writes where it may only read', (call) => void call.writer(GOOD + 4, 4), GOOD + 4],
    ['charges more', (call) => call.charge(1001)],
    [
      'charges more, by and by',
      (call) => {
        call.charge(600)
        call.charge(401)
      },
    ],
    [
      'does so and hides it',
      (call) => {
        try {
          call.writer(0, 4)
        } catch {}
        return 3
      },
      0,
    ],
  ]
  for (const [name, fail, address = 0xffffffff] of beyond)
    for (const kind of ['D', 'A'] as const)
      it(`${name}: EPERM, a capability fault, and the guest as before, class ${kind}`, () => {
        const d = start(
          (call) => {
            readInto(bytesReader(text('partial')), call.writer(GOOD + 100, 7))
            return fail(call)
          },
          { class: kind },
        )
        expect(d.call(NUMBER, ...ARGS)).toBe(-EPERM)
        expect(d.record).toMatchObject({
          outcome: 'abort',
          errno: EPERM,
          fault: 'capability',
          faultAddress: address,
        })
        expect(d.last).toMatchObject({ pages: [], registersWritten: [[10, -EPERM >>> 0]] })
        d.replayed()
      })

  it('without the right to say where the guest goes on', () => {
    const d = start((call) => call.setPc(0x20000), { pc: false })
    expect(d.call(NUMBER, ...ARGS)).toBe(-EPERM)
    expect(d.record).toMatchObject({ fault: 'capability', nextPc: 0x10000 + 8 })
    d.replayed()
  })

  it('charges stay below the limit of cycles', () => {
    const m = manifest({
      calls: { price: grantOf({ ...GRANT, charge: 2 ** 28 - 1 }) },
      limits: { cycles: 5000, audit: 2 ** 20, nofile: 8 },
    })
    const d = new Desk({ manifest: m, handlers: { price: (call: HostCall) => call.charge(call.args[0]) } })
    expect(d.call(NUMBER, 3000)).toBe(0)
    expect(d.call(NUMBER, 3000)).toBe(-EPERM)
    expect(d.call(NUMBER, 1997)).toBe(0)
    expect(d.guest.registers[CHARGED]).toBe(4997)
    d.replayed()
  })

  it('writes at most 32 MiB, in a run and in a replay', () => {
    const grant = { writes: [{ pointer: 0, length: { argument: 1 }, hidden: true }], class: 'A' } as const
    const d = start((call) => void call.writer(call.args[0], call.args[1]).fillZeros(call.args[1]), grant)
    expect(d.call(NUMBER, 0x100000, 2 ** 25)).toBe(0)
    expect(d.call(NUMBER, 0x100000, 2 ** 25 + 1)).toBe(-EIO)
    expect(d.record).toMatchObject({ outcome: 'abort', sections: [] })
    // Not `replayed`, which compares every row of its effects.
    expect(replay(opened(d.bridge.auditBytes()!), { publicInput: new Uint8Array(0) }).ok).toBe(true)
  })

  it('what it kept of a call does nothing once the call is over', () => {
    let kept: HostCall | undefined
    const d = start((call) => {
      kept = call
      return 0
    })
    d.call(NUMBER, ...ARGS)
    for (const use of [
      () => kept!.setReg(5, 1),
      () => kept!.reader(GOOD, 1),
      () => kept!.charge(1),
      () => kept!.setPc(0),
      () => kept!.reg(5),
    ])
      expect(use).toThrow('price has returned')
    expect(hex(d.bridge.log.root)).toBe(hex(d.bridge.log.root))
    d.replayed()
  })
})
