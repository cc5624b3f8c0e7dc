import { describe, expect, it } from 'vitest'
import { sha256 } from '@vouch/hash'
import { assembleElf } from '@vouch/engine/assembler'
import { parseElf, run, trace } from '@vouch/engine'
import { DEFAULT_MANIFEST, bridge, openLog, replay } from '@vouch/bridge'
import { EFAULT, EINVAL, ENOSYS, EPERM } from '../src/errno.ts'
import { seededBytes } from '../src/random.ts'
import { blake3 } from '@noble/hashes/blake3.js'
import { Desk, EDGE, GOOD, NR, SALT, asText, hex, manifest, opened, text } from './support.ts'
import { relog } from './relog.ts'

/** Calls of a small program. */
const calls = (d: Desk): string => {
  d.call(NR.read, 0, GOOD, 4)
  d.call(NR.getrandom, GOOD + 8, 40, 0)
  d.call(NR.clock_gettime64, 0, GOOD + 100)
  d.call(NR.write, 1, GOOD, 4)
  d.call(NR.write, 3, GOOD + 8, 8)
  d.call(NR.exit, 0)
  return hex(d.bridge.log.root)
}

it('T-IO-01: the same program and inputs, three times: one root, one journal; a run and a trace agree', () => {
  const runs = [0, 1, 2].map(() => {
    const d = new Desk({ privateInput: text('abcd') })
    return [calls(d), hex(d.bridge.journal())]
  })
  expect(runs[1]).toEqual(runs[0])
  expect(runs[2]).toEqual(runs[0])

  const call = (...values: number[]): string =>
    ['a7', 'a0', 'a1', 'a2'].map((r, i) => `li ${r}, ${values[i] ?? 0}\n`).join('') + 'ecall\n'
  const source =
    call(63, 0, GOOD, 4) +
    call(278, GOOD, 40) +
    call(403, 1, GOOD) +
    call(64, 3, GOOD, 4) +
    call(214, 0x10001000) +
    call(93)
  const program = parseElf(assembleElf(source))
  const roots = [run, trace].map((start) => {
    const host = bridge({ privateInput: text('abcd'), salt: SALT })
    expect(start(program, host).halt.kind).toBe('exit')
    return hex(host.log.root)
  })
  expect(roots[0]).toBe(roots[1])
})

it('T-IO-02: another private byte changes the root, and nothing that the statement says', () => {
  const [a, b] = ['abcd', 'abce'].map((input) => {
    const d = new Desk({ privateInput: text(input) })
    return { root: calls(d), journal: hex(d.bridge.journal()), replayed: d.replayed() }
  })
  expect(a.root).not.toBe(b.root)
  expect(a.journal).toBe(b.journal)
  expect(a.replayed.exit).toEqual(b.replayed.exit)
})

it('T-IO-03: more asked than is left: what is left, then 0', () => {
  const d = new Desk({ privateInput: text('12345'), publicInput: text('1234567') })
  expect([8, 8].map((n) => d.call(NR.read, 0, GOOD, n))).toEqual([5, 0])
  expect([8, 8].map((n) => d.call(NR.read, 4, GOOD, n))).toEqual([7, 0])
  expect(d.records.every(({ direct, outcome }) => direct && outcome === 'commit')).toBe(true)
  d.replayed()
})

it('T-IO-04: a read that faults takes nothing of the input', () => {
  const d = new Desk({ privateInput: text('12345'), publicInput: text('12345') }).breakPage()
  for (const fd of [0, 4]) {
    expect(d.call(NR.read, fd, EDGE, 3)).toBe(-EFAULT)
    expect(d.call(NR.read, fd, GOOD, 3)).toBe(3)
    expect(asText(d.guest.get(GOOD, 3))).toBe('123')
  }
  d.replayed()
})

describe('T-IO-05: clocks (there are no threads, and no sleeping)', () => {
  const time = (d: Desk): number => {
    const [low, high, nano, zero] = d.guest.words(GOOD, 4)
    expect(zero).toBe(0)
    return (high * 2 ** 32 + low) * 1e9 + nano
  }
  it('never fall, over 1000 calls and whatever the host says', () => {
    let now = 1_700_000_000_123_456_789n
    for (const clock of [DEFAULT_MANIFEST.clock, { mode: 'advice' }] as const) {
      const d = new Desk({ manifest: manifest({ clock }), now: () => (now += now % 7n === 0n ? -50n : 17n) })
      let last = 0
      for (let i = 0; i < 1000; i++) {
        expect(d.call(NR.clock_gettime64, 1, GOOD)).toBe(0)
        const at = time(d)
        expect(at).toBeGreaterThanOrEqual(last)
        last = at
      }
      d.replayed()
    }
  })

  it('are a function of the cycle, exactly', () => {
    for (const [nsPerCycle, epochSeconds] of [
      [10, 0],
      [999_999_937, 1_700_000_000],
      [123_456_789, 253402300799],
    ] as const) {
      const d = new Desk({ manifest: manifest({ clock: { mode: 'counter', nsPerCycle, epochSeconds } }) })
      d.guest.clk = 268_000_000
      for (const clock of [0, 1, 2, 3, 4, 5, 6, 7]) {
        expect(d.call(NR.clock_gettime64, clock, GOOD)).toBe(0)
        const [low, high, nano] = d.guest.words(GOOD, 3)
        const expected =
          BigInt(d.guest.clk) * BigInt(nsPerCycle) +
          (clock === 0 || clock === 5 ? BigInt(epochSeconds) * 10n ** 9n : 0n)
        expect((BigInt(high) * 2n ** 32n + BigInt(low)) * 10n ** 9n + BigInt(nano)).toBe(expected)
      }
    }
  })

  it('a bad clock comes before a bad pointer; a struct that straddles is not stored at all', () => {
    const d = new Desk().breakPage()
    d.guest.set(EDGE - 8, text('unharmed'))
    expect(d.call(NR.clock_gettime64, 99, EDGE)).toBe(-EINVAL)
    expect(d.call(NR.clock_gettime64, 0, EDGE)).toBe(-EFAULT)
    expect(d.call(NR.clock_gettime64, 0, EDGE - 8)).toBe(-EFAULT)
    expect(asText(d.guest.get(EDGE - 8, 8))).toBe('unharmed')
    expect(d.call(NR.clock_getres_time64, 1, 0)).toBe(0)
    expect(d.call(NR.clock_getres_time64, 1, GOOD)).toBe(0)
    expect(d.guest.words(GOOD, 4)).toEqual([0, 0, 10, 0])
    d.replayed()
  })

  it("'none' is EPERM; advice is named as such", () => {
    const none = new Desk({ manifest: manifest({ clock: { mode: 'none' } }) })
    expect(none.call(NR.clock_gettime64, 0, GOOD)).toBe(-EPERM)
    none.replayed()
    const advice = new Desk({ manifest: manifest({ clock: { mode: 'advice' } }), now: () => 5e9 })
    expect(advice.call(NR.clock_gettime64, 0, GOOD)).toBe(0)
    expect(advice.record).toMatchObject({ class: 'A' })
    expect(advice.replayed().services.get('clock_gettime64')).toEqual({ count: 1, assurance: 'advice' })
    expect(() => bridge({ manifest: manifest({ clock: { mode: 'advice' } }) })).toThrow('no `now`')
  })

  it('advice that goes back is refused, though its hashes are right', () => {
    const times = [7n, 5n]
    const d = new Desk({
      manifest: manifest({ clock: { mode: 'advice' } }),
      now: () => 10n ** 9n * times.shift()!,
    })
    d.call(NR.clock_gettime64, 0, GOOD)
    d.call(NR.clock_gettime64, 0, GOOD)
    expect(time(d)).toBe(7e9)
    const words = (...values: number[]): Uint8Array => new Uint8Array(Uint32Array.from(values).buffer)
    const bytes = relog(d.bridge.auditBytes()!, (record, hash) =>
      record.seq === 0
        ? record
        : {
            ...record,
            sections: record.sections.map((section) => {
              const payload = section.kind === 'advice' ? words(5, 0, 0) : words(5, 0, 0, 0)
              return { ...section, payload, digest: hash(payload) }
            }),
          },
    )
    expect(replay(opened(bytes), { publicInput: new Uint8Array(0) })).toMatchObject({
      failure: { code: 'replay/sections', seq: 1 },
    })
  })
})

describe('T-IO-06: random bytes', () => {
  it('are keyed BLAKE3 of the block’s number', () => {
    const seed = Uint8Array.from({ length: 32 }, (_, i) => i)
    const block = (n: bigint): Uint8Array =>
      blake3(new Uint8Array(new BigUint64Array([n]).buffer), { key: seed })
    expect(hex(seededBytes(seed, 32, 32))).toBe(hex(block(1n)))
    expect(hex(seededBytes(seed, 2 ** 37 + 5, 40)).slice(0, 54)).toBe(hex(block(2n ** 32n)).slice(10))
  })

  it('go on where they stopped', () => {
    const [whole, parts] = [[100], [1, 63, 64 - 37, 9]].map((lengths) => {
      const d = new Desk()
      let at = GOOD
      for (const length of lengths) at += d.call(NR.getrandom, at, length, 0)
      d.replayed()
      return hex(d.guest.get(GOOD, 100))
    })
    expect(parts).toBe(whole)
    expect(whole).toBe(hex(seededBytes(new Uint8Array(32), 0, 100)))
  })

  it('that are others, in mode seed: refused, though the hashes are right', () => {
    const d = new Desk()
    d.call(NR.getrandom, GOOD, 16, 0)
    const lie = relog(d.bridge.auditBytes()!, (record, hash) => {
      const payload = new Uint8Array(16)
      return { ...record, sections: [{ ...record.sections[0], payload, digest: hash(payload) }] }
    })
    expect(replay(opened(lie), { publicInput: new Uint8Array(0) })).toMatchObject({
      failure: { code: 'replay/sections', seq: 0 },
    })
  })

  it('flags and modes', () => {
    const d = new Desk()
    for (const flags of [8, 6, 7, 0xffffffff]) expect(d.call(NR.getrandom, GOOD, 1, flags)).toBe(-EINVAL)
    for (const flags of [0, 1, 2, 3, 4, 5]) expect(d.call(NR.getrandom, GOOD, 1, flags)).toBe(1)
    d.replayed()
    const none = new Desk({ manifest: manifest({ random: { mode: 'none' } }) })
    expect(none.call(NR.getrandom, GOOD, 1, 0)).toBe(-ENOSYS)
    none.replayed()
    const advice = new Desk({
      manifest: manifest({ random: { mode: 'advice' } }),
      random: (n) => new Uint8Array(n).fill(0x5a),
    })
    expect(advice.call(NR.getrandom, GOOD, 8, 0)).toBe(8)
    expect(hex(advice.guest.get(GOOD, 8))).toBe('5a'.repeat(8))
    expect(hex(advice.bridge.auditBytes()!)).not.toContain('5a5a5a5a')
    expect(advice.replayed().services.get('getrandom')).toEqual({ count: 1, assurance: 'advice' })
  })
})

it('T-IO-07: 1 MiB to the console in one writev of 1024 buffers: one record, whose digest is of the stream', () => {
  const d = new Desk()
  const data = Uint8Array.from({ length: 2 ** 20 }, (_, i) => (i * 7) >>> 3)
  d.guest.set(0x100000, data)
  // Backwards, so that the stream is none of the memory's order.
  const list = Array.from({ length: 1024 }, (_, i) => [0x100000 + 1024 * (1023 - i), 1024])
  d.guest.setWords(GOOD, ...list.flat())
  const stream = Buffer.concat(list.map(([at]) => d.guest.get(at, 1024)))
  expect(d.call(NR.writev, 1, GOOD, 1024)).toBe(2 ** 20)
  expect(d.records.length).toBe(1)
  const { sections } = d.record
  const outbox = sections.find(({ kind }) => kind === 'outbox')
  // Of the salt, seq 0, the index of the section, and the bytes: what the console shows may be private.
  expect(outbox).toMatchObject({ address: 1, length: 2 ** 20, hidden: true })
  const digest = sha256(SALT, new Uint8Array(Uint32Array.of(0, sections.indexOf(outbox!)).buffer), stream)
  expect(hex(outbox!.digest)).toBe(hex(digest))
  expect(hex(Buffer.concat(d.shown.map(({ bytes }) => bytes)))).toBe(hex(stream))
  d.replayed()
})

it('a canary in the private input is nowhere in the log', () => {
  const canary = text('CANARY-7Xq3aZ9vK0w-Hj5Tm2Ls8Yb1')
  const d = new Desk({ privateInput: canary, publicInput: text('public') }).breakPage()
  d.call(NR.read, 0, GOOD, 8)
  d.guest.setWords(GOOD + 512, GOOD + 100, 8, EDGE - 2, 8)
  d.call(NR.readv, 0, GOOD + 512, 2)
  d.call(NR.write, 1, GOOD, 8)
  d.guest.setWords(GOOD + 512, GOOD + 100, 8, EDGE - 2, 2)
  d.call(NR.writev, 2, GOOD + 512, 2)
  d.call(NR.read, 0, EDGE, 8)
  d.call(NR.exit, 0)
  const log = Buffer.from(d.bridge.auditBytes()!)
  for (let i = 0; i + 4 <= canary.length; i++) expect(log.includes(canary.subarray(i, i + 4))).toBe(false)
  expect(d.console()).toContain('CANARY-7')
  d.replayed()
  expect(openLog(log).ok).toBe(true)
})
