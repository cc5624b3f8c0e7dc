import { expect, it } from 'vitest'
import { createHash } from 'node:crypto'
import { SERVICES, bridge, bytesReader, bytesWriter, openLog, readInto, replay } from '@vouch/bridge'
import type { AuditRecord, AuditSink, Bridge, FaultPlan, HostCall } from '@vouch/bridge'
import { Transaction } from '../src/transaction.ts'
import { random } from './audit-support.ts'
import type { Random } from './audit-support.ts'
import { FakeGuest } from './fake-guest.ts'
import { NR, SALT, hex, manifest } from './support.ts'

const CASES = process.env['VOUCH_LONG'] === '1' ? 100_000 : 2_000
const NUMBER = 0x7b00
const PAGE = 4096
const BASE = 0x20000
const PAGES = 8
const native = (...parts: Uint8Array[]): Uint8Array => {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return new Uint8Array(hash.digest())
}

const noSink: AuditSink = { append() {}, flush() {} }
const PRIVATE = random(1).bytes(500)
const MANIFEST = (atomic: 'strict' | 'linux') =>
  manifest({
    atomic,
    calls: {
      f: {
        number: NUMBER,
        args: 4,
        class: 'D',
        reads: [{ pointer: 0, length: { bytes: 2 * PAGE } }],
        writes: [{ pointer: 1, length: { bytes: 2 * PAGE } }],
        registers: [5],
        pc: true,
        charge: 50,
      },
    },
  })

const f = (call: HostCall): number => {
  const [from, to, length, charge] = call.args
  const bytes = new Uint8Array(length % PAGE)
  if (!readInto(call.reader(from, bytes.length), bytesWriter(bytes)).ok) return -14
  call.setReg(5, call.reg(6) + 1)
  call.charge(charge % 64)
  call.setPc(call.pc + 8)
  return readInto(bytesReader(bytes), call.writer(to, bytes.length)).ok ? bytes.length : -14
}

/** The parts of a machine that an ABORT leaves alone, kept up to date where a call may write. */
const digest = (guest: FakeGuest): string => {
  const hash = createHash('sha256')
  for (const [index, bytes] of [...guest.pages].sort(([a], [b]) => a - b))
    hash.update(String(index)).update(bytes)
  return hash.digest('hex')
}

const addresses = (r: Random): number =>
  r.of([
    BASE + r.below(PAGES * PAGE),
    BASE + PAGE * (1 + r.below(PAGES)) - r.below(32),
    BASE + r.below(PAGES * PAGE),
    0,
    r.word(),
  ])
const lengths = (r: Random): number => r.of([0, 1, r.below(16), r.below(600), r.below(3 * PAGE), 8, 16])
const value = (r: Random): number => r.of([addresses(r), lengths(r), r.below(8), r.word(), 8])

/** A call that often gets far enough to do something. */
function anyCall(r: Random): number[] {
  const fd = r.of([0, 1, 2, 3, 4, 5, 6, r.below(70)])
  const page = BASE + PAGE * r.below(PAGES)
  switch (r.below(12)) {
    case 0:
      return [NR.read, fd, addresses(r), lengths(r)]
    case 1:
      return [NR.write, fd, addresses(r), lengths(r)]
    case 2:
      return [r.of([NR.readv, NR.writev]), fd, BASE + r.below(40) * 8, r.below(5)]
    case 3:
      return [NR.mmap2, page, r.below(3 * PAGE), r.below(8), r.of([0x22, 0x32]), 0, 0]
    case 4:
      return [NR.mprotect, page, r.below(3 * PAGE), r.below(8)]
    case 5:
      return [NR.getrandom, addresses(r), lengths(r), r.below(6)]
    case 6:
      return [NR.brk, 0x10000000 + r.below(6 * PAGE)]
    case 7:
      return [NR.rt_sigaction, 1 + r.below(64), addresses(r), addresses(r), 8]
    case 8:
      return [r.of([NR.pipe2, NR.sigaltstack, NR.clock_gettime64]), addresses(r), addresses(r)]
    case 9:
      return [NUMBER, addresses(r), addresses(r), lengths(r), r.below(60)]
    default:
      return [
        r.of(SERVICES.filter(({ transfer }) => transfer !== 'noreturn')).number,
        value(r),
        value(r),
        value(r),
        value(r),
        value(r),
        value(r),
      ]
  }
}

/**
 * Machines live through many calls, so that pages, descriptors and signals are in every state; each call is first made
 * with a fault at each of its steps, and then for good.
 */
function campaign(cases: number, seed: number): { aborts: number; injected: number } {
  const r = random(seed)
  const plan: FaultPlan = { at: 0, taken: 0 }
  let last: AuditRecord | undefined
  let aborts = 0
  let injected = 0
  for (let made = 0; made < cases;) {
    const host: Bridge = bridge({
      manifest: MANIFEST(r.of(['strict', 'linux'])),
      salt: SALT,
      privateInput: PRIVATE,
      publicInput: PRIVATE,
      handlers: { f },
      faults: plan,
      sha256: native,
      sink: noSink,
    })
    const prepare = host.log.prepare.bind(host.log)
    host.log.prepare = (record) => {
      last = record
      prepare(record)
    }
    const guest = new FakeGuest()
    for (let i = 0; i < PAGES; i++) if (r.below(4) > 0) guest.set(BASE + PAGE * i, r.bytes(64))
    for (let i = 0; i < 40; i++) guest.setWords(BASE + 8 * i, addresses(r), lengths(r))
    const ecall = (call: readonly number[]) => {
      const count = host.log.count
      const outcome = host.ecall(guest.call(call[0], call.slice(1)))
      // Exactly one record.
      if (host.log.count !== count + 1) throw new Error(`${host.log.count - count} records`)
      return outcome
    }
    plan.at = 0
    for (let i = 0; i < PAGES; i++) {
      const kind = r.below(4)
      if (kind === 0) guest.apply(ecall([NR.munmap, BASE + PAGE * i, PAGE]))
      if (kind === 1) guest.apply(ecall([NR.mprotect, BASE + PAGE * i, PAGE, r.below(4)]))
    }
    let memory = digest(guest)
    for (let i = 0; i < 50 && made < cases; i++, made++) {
      const call = anyCall(r)
      const root = host.log.count === 0 ? '' : hex(last!.kernelRoot)
      const streams = (): number[] => [host.privateConsumed, host.publicConsumed, host.journal().length]
      const before = { root, streams: streams(), registers: '' }
      const unchanged = (outcome: ReturnType<typeof ecall>, registers: Uint32Array, pc: number): void => {
        if (outcome.kind !== 'audited' || outcome.pages.length > 0) throw new Error(`${call}: a memory row`)
        const after = guest.registers.slice()
        after[10] = registers[10]
        if (Buffer.compare(Buffer.from(after.buffer), Buffer.from(registers.buffer)) !== 0)
          throw new Error(`${call}: a register`)
        if (guest.pc !== pc + 4 || guest.registers[10] >>> 0 !== last!.result >>> 0)
          throw new Error(`${call}: pc or a0`)
        if (digest(guest) !== memory) throw new Error(`${call}: memory`)
        if (before.root !== '' && hex(last!.kernelRoot) !== before.root)
          throw new Error(`${call}: the kernel`)
        if (String(streams()) !== String(before.streams)) throw new Error(`${call}: a stream`)
      }
      const once = (at: number): ReturnType<typeof ecall> => {
        plan.at = at
        const { pc } = guest
        guest.call(call[0], call.slice(1))
        const registers = guest.registers.slice()
        const outcome = ecall(call)
        guest.apply(outcome)
        if (last!.outcome === 'abort') {
          aborts++
          unchanged(outcome, registers, pc)
        }
        return outcome
      }
      // How many steps it makes is known once a plan is too late for it.
      for (let at = 1; ; at++) {
        // A call that gets to its end here has happened.
        once(at)
        if (last!.errno !== 5) break
        injected++
        // Where Linux keeps something, so does an injected fault: a new state to go on from.
        if (last!.outcome === 'partial') break
      }
      memory = digest(guest)
    }
  }
  return { aborts, injected }
}

it(`T-TX-01: ${CASES} random calls with random page rights, and a fault at every step: an ABORT changes nothing`, () => {
  const { aborts, injected } = campaign(CASES, 20)
  expect(aborts).toBeGreaterThan(CASES)
  expect(injected).toBeGreaterThan(CASES)
}, 900_000)

it('T-TX-01 notices a transaction that does not roll back', () => {
  const { rollback } = Transaction.prototype
  const broken: readonly (readonly [string, (this: Transaction) => boolean])[] = [
    ['a memory row', () => false],
    [
      'the kernel',
      function () {
        const { kernel } = this
        rollback.call(this)
        this.kernel = { ...kernel, epoch: kernel.epoch + 1 }
        return false
      },
    ],
    [
      'a stream',
      function () {
        rollback.call(this)
        this.privateCursor++
        return false
      },
    ],
  ]
  try {
    for (const [what, change] of broken) {
      Transaction.prototype.rollback = change
      expect(() => campaign(500, 20)).toThrow(what)
    }
  } finally {
    Transaction.prototype.rollback = rollback
  }
})

it('random calls replay, in both modes', () => {
  const r = random(21)
  for (let i = 0; i < (CASES >= 100_000 ? 1000 : 40); i++) {
    const host = bridge({
      manifest: MANIFEST(r.of(['strict', 'linux'])),
      privateInput: PRIVATE,
      publicInput: PRIVATE,
      handlers: { f },
      sha256: native,
    })
    const guest = new FakeGuest()
    for (let k = 0; k < 40; k++) guest.setWords(BASE + 8 * k, addresses(r), lengths(r))
    for (let k = 0; k < 100; k++) {
      const call = anyCall(r)
      guest.apply(host.ecall(guest.call(call[0], call.slice(1))))
    }
    const log = openLog(host.auditBytes()!, native)
    if (!log.ok) throw new Error(log.failure.message)
    const result = replay(log, { publicInput: PRIVATE, handlers: { f }, sha256: native })
    if (!result.ok) throw new Error(result.failure.message)
    expect(result.journal.length).toBe(host.journal().length)
  }
})
