import { assembleElf } from '@vouch/engine/assembler'
import { parseElf, run } from '@vouch/engine'
import { describe, expect, it } from 'vitest'
import { DEFAULT_MANIFEST, GROUPS, bridge, manifestDigest, openLog, replay } from '@vouch/bridge'
import type { Manifest } from '@vouch/bridge'
import { EBADF, EINVAL, ENOSPC, ENOSYS, EPERM } from '../src/errno.ts'
import { Desk, GOOD, NR, hex, manifest, opened, text } from './support.ts'

describe('T-CA-01: a call that is denied: EPERM, nothing else happens, and a DENY record', () => {
  it('errno', () => {
    const d = new Desk({
      manifest: manifest({ syscalls: { allow: ['*'], deny: ['read'] } }),
      privateInput: text('abc'),
    })
    expect(d.call(NR.read, 0, GOOD, 3)).toBe(-EPERM)
    expect(d.record).toMatchObject({ outcome: 'deny', errno: EPERM, result: -EPERM, sections: [] })
    expect(d.last).toMatchObject({
      kind: 'audited',
      memoryRead: [],
      pages: [],
      registersWritten: [[10, -EPERM >>> 0]],
    })
    expect(d.bridge.privateConsumed).toBe(0)
    expect(d.replayed().denied).toBe(1)
  })

  it('only what is allowed; what is unknown is ENOSYS even then', () => {
    const d = new Desk({ manifest: manifest({ syscalls: { allow: ['getpid', 'exit'], deny: [] } }) })
    expect(d.call(NR.getpid)).toBe(1)
    expect(d.call(NR.gettid)).toBe(-EPERM)
    expect(d.call(1)).toBe(-ENOSYS)
    d.call(NR.exit, 0)
    d.replayed()
  })

  it('kill: the run ends, with a record', () => {
    const d = new Desk({
      manifest: manifest({ onDeny: 'kill', syscalls: { allow: ['*'], deny: ['getpid'] } }),
    })
    d.call(NR.gettid)
    d.call(NR.getpid)
    expect(d.last).toEqual({ kind: 'trap', cause: 'denied-syscall' })
    expect(d.record).toMatchObject({ outcome: 'deny', errno: EPERM, nextPc: 0 })
    expect(d.replayed()).toMatchObject({ ok: true, denied: 1, calls: { length: 1 } })
  })
})

describe('T-CA-02: what was dropped stays dropped (fork and exec are left out: there is one process)', () => {
  const bit = (name: (typeof GROUPS)[number]): number => 1 << GROUPS.indexOf(name)
  it('monotone', () => {
    const d = new Desk()
    expect(d.call(NR.getpid)).toBe(1)
    expect(d.call(NR.cap_drop, bit('identity'))).toBe(0)
    expect(d.call(NR.getpid)).toBe(-EPERM)
    expect(d.record.outcome).toBe('deny')
    expect(d.call(NR.cap_drop, 0)).toBe(0)
    expect(d.call(NR.cap_drop, bit('clock'))).toBe(0)
    expect(d.call(NR.getpid)).toBe(-EPERM)
    expect(d.call(NR.clock_gettime64, 0, GOOD)).toBe(-EPERM)
    expect(d.call(NR.prctl, 38, 1, 0, 0, 0)).toBe(0)
    expect(d.call(NR.prctl, 39, 0, 0, 0, 0)).toBe(1)
    d.call(NR.exit, 0)
    expect(d.replayed().denied).toBe(3)
  })

  it('the base stays, and there are no other groups', () => {
    const d = new Desk()
    for (const groups of [1, bit('calls') << 1, 0xffffffff]) expect(d.call(NR.cap_drop, groups)).toBe(-EINVAL)
    expect(d.call(NR.cap_drop, (bit('calls') << 1) - 2)).toBe(0)
    expect(d.call(NR.exit, 5)).toBe(5)
    expect(d.last).toEqual({ kind: 'exit', code: 5 })
    d.replayed()
  })
})

it('T-CA-03: a descriptor has its rights: write 9, a shared writable map 13; dup keeps them', () => {
  const d = new Desk({ publicInput: text('public') })
  expect(d.call(NR.write, 4, GOOD, 1)).toBe(-EBADF)
  expect(d.call(NR.mmap2, 0, 4096, 3, 1, 4, 0)).toBe(-13)
  const copy = d.call(NR.dup, 4)
  expect(copy).toBe(5)
  expect(d.call(NR.write, copy, GOOD, 1)).toBe(-EBADF)
  expect(d.call(NR.read, copy, GOOD, 3)).toBe(3)
  expect(d.record.direct).toBe(false)
  expect(d.call(NR.read, 4, GOOD, 3)).toBe(3)
  expect(d.record).toMatchObject({ direct: true, publicCursor: 6 })
  d.replayed()
})

it.skip('T-CA-04: left out: there are no paths, a file is a descriptor of the manifest', () => {})

describe('T-CA-05: the manifest is part of the statement', () => {
  const changes: readonly Partial<Manifest>[] = [
    { atomic: 'linux' },
    { onDeny: 'kill' },
    { syscalls: { allow: ['*'], deny: ['dup'] } },
    { syscalls: { allow: ['dup'], deny: [] } },
    { fds: DEFAULT_MANIFEST.fds.slice(1) },
    { fds: DEFAULT_MANIFEST.fds.map((grant) => ({ ...grant, rights: [] })) },
    { clock: { mode: 'none' } },
    { clock: { mode: 'counter', nsPerCycle: 11, epochSeconds: 0 } },
    { clock: { mode: 'counter', nsPerCycle: 10, epochSeconds: 1 } },
    { random: { mode: 'none' } },
    { random: { mode: 'seed', seed: '01'.repeat(32) } },
    { limits: { ...DEFAULT_MANIFEST.limits, cycles: 1000 } },
    { limits: { ...DEFAULT_MANIFEST.limits, audit: 1000 } },
    { limits: { ...DEFAULT_MANIFEST.limits, nofile: 32 } },
    {
      calls: {
        f: {
          number: 0x7b00,
          args: 0,
          class: 'D',
          reads: [],
          writes: [],
          registers: [],
          pc: false,
          charge: 0,
        },
      },
    },
  ]
  it('any field changes its digest', () => {
    const digests = [DEFAULT_MANIFEST, ...changes.map(manifest)].map((m) => hex(manifestDigest(m)))
    expect(new Set(digests).size).toBe(digests.length)
  })

  it('a log says which it was made for', () => {
    for (const change of changes) {
      const log = openLog(bridge({ manifest: manifest(change) }).auditBytes()!)
      expect(log).toMatchObject({ ok: true, manifestDigest: hex(manifestDigest(manifest(change))) })
    }
  })
})

describe('T-CA-06: limits (nproc is left out: there is one process)', () => {
  const audit = (bytes: number): Manifest =>
    manifest({ limits: { ...DEFAULT_MANIFEST.limits, audit: bytes } })

  it('cycles: the run ends at the limit', () => {
    const m = manifest({ limits: { ...DEFAULT_MANIFEST.limits, cycles: 100 } })
    const program = parseElf(assembleElf('li a7, 172\nagain:\necall\nj again'))
    const { halt } = run(program, bridge({ manifest: m }), { maxCycles: m.limits.cycles })
    expect(halt).toMatchObject({ kind: 'limit', cycle: 100 })
  })

  it('audit: a call whose record has no room is ENOSPC, and did nothing', () => {
    // getpid 220, the two reads 264 without and more with their bytes.
    const d = new Desk({ manifest: audit(1500), publicInput: new Uint8Array(5000).fill(1) })
    expect(d.call(NR.getpid)).toBe(1)
    expect(d.call(NR.read, 4, GOOD, 4000)).toBe(-ENOSPC)
    expect(d.record).toMatchObject({
      outcome: 'abort',
      errno: ENOSPC,
      sections: [],
      publicCursor: 0,
      direct: false,
    })
    expect(d.call(NR.read, 4, GOOD, 100)).toBe(100)
    expect(d.record).toMatchObject({ outcome: 'commit', publicCursor: 100 })
    d.replayed()
  })

  it('audit: a call that read memory and whose record has no room ends the run, as does one without any room', () => {
    for (const call of [[NR.mark, GOOD, 64], [NR.write, 3, GOOD, 64], [NR.getpid]] as const) {
      const d = new Desk({ manifest: audit(700) })
      for (let i = 0; i < 3; i++) d.call(NR.getpid)
      const [number, ...args] = call
      d.call(number, ...args)
      expect(d.last).toEqual({ kind: 'trap', cause: 'audit-full' })
      expect(d.records.length).toBe(3)
      expect(d.bridge.journal().length).toBe(0)
      d.replayed()
    }
  })

  it('audit: a log that says so too early is refused', () => {
    const d = new Desk({ manifest: audit(1500), publicInput: new Uint8Array(5000) })
    d.call(NR.getpid)
    d.call(NR.read, 4, GOOD, 4000)
    const log = openLog(d.bridge.auditBytes()!)
    if (!log.ok) throw new Error()
    const larger = { ...log, manifest: audit(100_000) }
    expect(replay(larger, { publicInput: new Uint8Array(5000) })).toMatchObject({
      failure: { code: 'replay/result', seq: 1, expected: 4000, got: -ENOSPC },
    })
  })

  it('audit: a log that goes on where it is full is refused', () => {
    const d = new Desk({ manifest: audit(100_000) })
    for (let i = 0; i < 6; i++) d.call(NR.getpid)
    const log = opened(d.bridge.auditBytes()!)
    const smaller = { ...log, manifest: audit(1000) }
    expect(replay(smaller, { publicInput: new Uint8Array(0) })).toMatchObject({
      failure: { code: 'replay/audit-full', seq: 4 },
    })
  })

  it('nofile', () => {
    const d = new Desk({ manifest: manifest({ limits: { ...DEFAULT_MANIFEST.limits, nofile: 6 } }) })
    expect(d.call(NR.dup, 1)).toBe(5)
    expect(d.call(NR.dup, 1)).toBe(-24)
    expect(d.call(NR.close, 2)).toBe(0)
    expect(d.call(NR.dup, 1)).toBe(2)
    d.replayed()
  })
})

it('T-AU-07: a call that fails, is denied, is unknown, throws, or ends the run leaves exactly one record', () => {
  const d = new Desk({
    manifest: manifest({
      syscalls: { allow: ['*'], deny: ['gettid'] },
      calls: {
        broken: {
          number: 0x7b00,
          args: 0,
          class: 'A',
          reads: [],
          writes: [],
          registers: [],
          pc: false,
          charge: 0,
        },
      },
    }),
    handlers: {
      broken: () => {
        throw new Error('no')
      },
    },
  })
  const calls = [
    [NR.getpid, [], 'commit'],
    [NR.read, [77, GOOD, 1], 'abort'],
    [NR.gettid, [], 'deny'],
    [9999, [1, 2, 3, 4, 5, 6], 'abort'],
    [0x7b00, [], 'abort'],
    [NR.read, [0, GOOD, 0], 'commit'],
    [NR.exit, [3], 'noreturn'],
  ] as const
  calls.forEach(([number, args, outcome], i) => {
    d.call(number, ...args)
    expect(d.records).toHaveLength(i + 1)
    expect(d.record).toMatchObject({ seq: i, number, outcome })
  })
  d.replayed()
})
