import { CHARGED, JOURNAL_CURSOR, effectRows, parseElf, trace } from '@vouch/engine'
import { assembleElf } from '@vouch/engine/assembler'
import { describe, expect, it } from 'vitest'
import { DEFAULT_MANIFEST, bridge, bytesReader, memorySink, readInto, recover } from '@vouch/bridge'
import type { AuditSink, FaultPlan, HostCall } from '@vouch/bridge'
import { kernelRoot } from '../src/kernel-root.ts'
import { EFAULT, EIO } from '../src/errno.ts'
import { Desk, EDGE, GOOD, NR, SALT, asText, hex, manifest, text } from './support.ts'

it('T-TX-02: a read of 1 MiB that fails has no effect on memory, and no row of it', () => {
  const d = new Desk({ privateInput: new Uint8Array(2 ** 20).fill(1), manifest: readStruct })
  d.breakPage()
  expect(d.call(NR.read, 0, EDGE, 2 ** 20)).toBe(-EFAULT)
  expect(d.last).toMatchObject({ kind: 'audited', pages: [], memoryRead: [] })
  if (d.last.kind === 'audited') expect(effectRows(d.last).length / 5).toBe(4 + 1)
  expect(d.bridge.privateConsumed).toBe(0)
  d.replayed()
})

const CALL = 0x7b00
const readStruct = manifest({
  calls: {
    fail: {
      number: CALL,
      args: 1,
      class: 'D',
      reads: [{ pointer: 0, length: { bytes: 8192 } }],
      writes: [{ pointer: 0, length: { bytes: 8192 } }],
      registers: [5],
      pc: true,
      charge: 100,
    },
  },
})

describe('T-TX-03: a fault at every step', () => {
  const plan: FaultPlan = { at: 0, taken: 0 }
  const start = (): Desk => {
    plan.at = 0
    const d = new Desk({
      faults: plan,
      privateInput: text('private input'),
      publicInput: text('public input'),
      manifest: readStruct,
      handlers: {
        fail: (call: HostCall): number => {
          call.reg(8)
          call.setReg(5, 77)
          call.charge(9)
          readInto(bytesReader(new Uint8Array(5000).fill(3)), call.writer(call.args[0], 5000))
          call.setPc(0x20000)
          return 1
        },
      },
    })
    d.guest.set(GOOD, text('some bytes'))
    d.guest.setWords(GOOD + 64, GOOD, 4, GOOD + 5000, 5)
    return d.breakPage()
  }
  const calls: readonly (readonly [string, readonly number[]])[] = [
    ['read of private', [NR.read, 0, GOOD + 4090, 13]],
    ['read of private, in part', [NR.read, 0, EDGE - 3, 13]],
    ['readv of public', [NR.readv, 4, GOOD + 64, 2]],
    ['write to the journal', [NR.write, 3, GOOD, 10]],
    ['writev to the console', [NR.writev, 1, GOOD + 64, 2]],
    ['brk', [NR.brk, 0x10001000]],
    ['mmap2 at a fixed place', [NR.mmap2, GOOD, 8192, 3, 0x32, 0, 0]],
    ['mprotect', [NR.mprotect, GOOD, 4096, 1]],
    ['rt_sigaction', [NR.rt_sigaction, 2, GOOD, GOOD + 100, 8]],
    ['prlimit64', [NR.prlimit64, 0, 7, 0, GOOD + 100]],
    ['pipe2', [NR.pipe2, GOOD, 0]],
    ['dup', [NR.dup, 1]],
    ['close', [NR.close, 1]],
    ['getrandom', [NR.getrandom, GOOD + 4000, 200, 0]],
    ['statx', [NR.statx, 1, 0, 0x1000, 0, GOOD]],
    ['a call of the host program', [CALL, GOOD + 4000]],
  ]
  for (const [name, [number, ...args]] of calls)
    it(name, () => {
      const whole = start()
      whole.call(number, ...args)
      expect(whole.record.errno).toBe(0)
      const steps = plan.taken
      expect(steps).toBeGreaterThan(2)
      for (let at = 1; at <= steps; at++) {
        const d = start()
        const { kernelRoot: root } = d.record
        const pages = new Map([...d.guest.pages].map(([index, bytes]) => [index, hex(bytes)]))
        plan.at = at
        d.guest.call(number, args)
        const registers = [...d.guest.registers]
        registers[10] = -EIO >>> 0
        const { pc } = d.guest
        const outcome = d.bridge.ecall(d.guest)
        d.guest.apply(outcome)
        expect(d.record).toMatchObject({ outcome: 'abort', errno: EIO, result: -EIO, done: 0, charged: 0 })
        expect(hex(d.record.kernelRoot)).toBe(hex(root))
        expect(outcome).toMatchObject({ kind: 'audited', pages: [], registersWritten: [[10, -EIO >>> 0]] })
        expect(new Map([...d.guest.pages].map(([index, bytes]) => [index, hex(bytes)]))).toEqual(pages)
        expect([...d.guest.registers]).toEqual(registers)
        expect(d.guest.pc).toBe(pc + 4)
        expect([
          d.bridge.privateConsumed,
          d.bridge.publicConsumed,
          d.bridge.journal().length,
          d.shown.length,
        ]).toEqual([0, 0, 0, 0])
        expect(d.records.length).toBe(2)
        // The next call works, and does what it does where nothing failed.
        plan.at = 0
        expect(d.call(number, ...args)).toBe(whole.guest.registers[10] | 0)
        expect(hex(d.record.kernelRoot)).toBe(hex(whole.record.kernelRoot))
      }
    })

  it('and the plan is seen to catch something: with none, nothing fails', () => {
    const d = start()
    expect(d.call(NR.getpid)).toBe(1)
    expect(plan.taken).toBeGreaterThan(0)
  })
})

describe('T-TX-04: a host that ends between PREPARE and COMMIT', () => {
  const options = { salt: SALT, privateInput: text('private'), publicInput: text('public') }
  const script: readonly (readonly number[])[] = [
    [NR.read, 0, GOOD, 3],
    [NR.getpid],
    [NR.brk, 0x10004000],
    [NR.write, 1, GOOD, 3],
    [NR.write, 3, GOOD, 3],
    [NR.read, 4, GOOD + 50, 9],
    [NR.getrandom, GOOD, 99, 0],
    [NR.exit, 0],
  ]
  /** Runs the script into a sink; returns the root of the log. */
  function run(sink: AuditSink, resume: Parameters<typeof bridge>[0] = {}): string {
    const d = new Desk({ ...options, ...resume, sink })
    for (const [number, ...args] of script) d.call(number, ...args)
    return hex(d.bridge.log.root)
  }
  const whole = memorySink()
  const root = run(whole)

  it('is resumed from its log, to the same root, wherever it was cut', () => {
    const bytes = whole.bytes()
    let cuts = 0
    for (let n = bytes.length; n > 600; n -= 37) {
      const { log, validBytes } = recover(bytes.slice(0, n))
      if (!log.ok) continue
      cuts++
      expect(validBytes).toBeLessThanOrEqual(n)
      const sink = memorySink()
      expect(run(sink, { resume: log.records.map(({ record }) => record) })).toBe(root)
      expect(hex(sink.bytes())).toBe(hex(bytes))
    }
    expect(cuts).toBeGreaterThan(30)
  })

  it('a sink that throws at PREPARE: the call did not happen', () => {
    const inner = memorySink()
    let left = 5
    const sink: AuditSink = {
      append(bytes) {
        if (left-- === 0) throw new Error('disk full')
        inner.append(bytes)
      },
      flush() {},
    }
    const d = new Desk({ ...options, sink })
    d.call(NR.getpid)
    d.call(NR.getpid)
    expect(() => d.call(NR.read, 0, GOOD, 3)).toThrow('disk full')
    expect(d.bridge.privateConsumed).toBe(0)
    expect(recover(inner.bytes()).log).toMatchObject({ ok: true, records: { length: 2 } })
  })

  it('a run that does not come out the same cannot be resumed', () => {
    const { log } = recover(whole.bytes())
    if (!log.ok) throw new Error()
    const resume = log.records.map(({ record }) => record)
    expect(() => run(memorySink(), { resume, privateInput: text('another') })).toThrow(
      'record 0 is not as it was',
    )
    expect(() =>
      run(memorySink(), {
        resume,
        manifest: manifest({ random: { mode: 'advice' } }),
        random: (n) => new Uint8Array(n),
      }),
    ).toThrow('random bytes')
  })
})

it('T-TX-05: "A", then a writev that faults at its first buffer, then "B": the console shows "AB"', () => {
  const d = new Desk()
  d.guest.set(GOOD, text('AB'))
  d.breakPage()
  d.guest.setWords(GOOD + 64, EDGE, 1, GOOD, 1)
  expect(d.call(NR.write, 1, GOOD, 1)).toBe(1)
  expect(d.call(NR.writev, 1, GOOD + 64, 2)).toBe(-EFAULT)
  expect(d.call(NR.write, 1, GOOD + 1, 1)).toBe(1)
  expect(d.console()).toBe('AB')
  d.replayed()
})

it('T-TX-06: clock_gettime64 into the page of the code that runs', () => {
  const source = `li a7, 403\nli a0, 1\nla a1, end\naddi a1, a1, 64\necall\nli a7, 93\nli a0, 0\necall\nend:\nnop`
  const host = bridge()
  const { halt, trace: made } = trace(parseElf(assembleElf(source)), host)
  expect(halt).toMatchObject({ kind: 'exit', code: 0 })
  expect(made.audited.length).toBe(1)
  const { effects } = made.audited[0]
  const rows = Array.from({ length: effects.length / 5 }, (_, i) => effects.slice(5 * i, 5 * i + 5))
  const memory = rows.filter(([flags]) => (flags & 1) === 0)
  expect(memory.length).toBe(4)
  const addresses = memory.map(([, address]) => address)
  expect(addresses).toEqual(addresses.toSorted((a, b) => a - b))
})

it('T-TX-07: 65,536 words written in one call: rows ascend, each once', () => {
  const d = new Desk()
  expect(d.call(NR.mmap2, 0x100000, 4 * 65536, 3, 0x32, 0, 0)).toBe(0x100000)
  if (d.last.kind !== 'audited') throw new Error('not audited')
  const rows = effectRows(d.last)
  const addresses: number[] = []
  for (let i = 0; i < rows.length; i += 5) if ((rows[i] & 1) === 0) addresses.push(rows[i + 1])
  expect(addresses.length).toBe(65536)
  expect(addresses.every((address, i) => i === 0 || address > addresses[i - 1])).toBe(true)
  d.replayed()
})

it('T-TX-08 (D8): prlimit64 with a bad old pointer: EFAULT, and the limit is as before', () => {
  const d = new Desk().breakPage()
  d.guest.setWords(GOOD, 32, 0, 32, 0)
  expect(d.call(NR.prlimit64, 0, 7, GOOD, EDGE)).toBe(-EFAULT)
  expect(d.call(NR.prlimit64, 0, 7, 0, GOOD + 100)).toBe(0)
  expect(d.guest.words(GOOD + 100, 4)).toEqual([64, 0, 64, 0])
  d.replayed()
})

describe('one record a call, whatever becomes of it', () => {
  it('good, failed, denied, unknown and ending calls', () => {
    const d = new Desk({ manifest: manifest({ syscalls: { allow: ['*'], deny: ['uname'] } }) })
    for (const call of [
      [NR.getpid],
      [NR.close, 60],
      [NR.uname, GOOD],
      [1234, 1, 2, 3, 4, 5, 6],
      [NR.exit, 3],
    ])
      d.call(call[0], ...call.slice(1))
    expect(d.records.map(({ outcome, errno, args }) => [outcome, errno, args])).toEqual([
      ['commit', 0, [0, 0, 0, 0, 0, 0]],
      ['abort', 9, [60, 0, 0, 0, 0, 0]],
      ['deny', 1, [GOOD, 0, 0, 0, 0, 0]],
      ['abort', 38, [1, 2, 3, 4, 5, 6]],
      ['noreturn', 0, [3, 0, 0, 0, 0, 0]],
    ])
    d.replayed()
  })

  it('an audited cursor moves as a register', () => {
    const d = new Desk()
    d.guest.set(GOOD, text('xyz'))
    d.guest.setWords(GOOD + 64, GOOD, 3)
    d.call(NR.writev, 3, GOOD + 64, 1)
    expect(d.last).toMatchObject({ kind: 'audited' })
    if (d.last.kind !== 'audited') return
    expect(d.last.registersRead).toContainEqual([JOURNAL_CURSOR, 0])
    expect(d.last.registersWritten).toContainEqual([JOURNAL_CURSOR, 3])
    expect(d.guest.registers[JOURNAL_CURSOR]).toBe(3)
    expect(d.guest.registers[CHARGED]).toBe(0)
    expect(asText(d.bridge.journal())).toBe('xyz')
  })

  it('equal states have equal roots', () => {
    const roots = [1, 2].map(() => {
      const d = new Desk()
      d.call(NR.dup, 1)
      d.call(NR.munmap, 0x20000000, 4096)
      d.call(NR.close, 5)
      return hex(d.record.kernelRoot)
    })
    expect(roots[0]).toBe(roots[1])
    expect(kernelRoot).toBeTypeOf('function')
    expect(DEFAULT_MANIFEST.version).toBe(1)
  })
})
