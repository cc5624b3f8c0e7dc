import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { describe, expect, it } from 'vitest'
import { DEFAULT_MANIFEST, bytesReader, bytesWriter, openLog, readInto, replay } from '@vouch/bridge'
import { ENAMETOOLONG } from '../src/errno.ts'
import { initialKernel } from '../src/kernel.ts'
import { Live } from '../src/live.ts'
import { ABSENT, PRESENT, READ, WRITE, withRights } from '../src/mm.ts'
import { Transaction } from '../src/transaction.ts'
import { random } from './audit-support.ts'
import { FakeGuest } from './fake-guest.ts'
import { relog } from './relog.ts'
import { Desk, NR, expectBytes, manifest } from './support.ts'

const PAGE = 4096
const BASE = 0x40000
const PAGES = 6

const RANDOM = random(1).bytes((PAGES + 1) * PAGE)

/** A transaction over a few pages with bytes, and rights as given. */
function memory(rights: readonly number[], seed = 1) {
  const guest = new FakeGuest()
  const bytes = RANDOM.slice(seed % PAGE, (seed % PAGE) + PAGES * PAGE)
  guest.set(BASE, bytes)
  let kernel = initialKernel(DEFAULT_MANIFEST, () => 0)
  rights.forEach((right, i) => {
    kernel = { ...kernel, map: withRights(kernel.map, BASE / PAGE + i, 1, right) }
  })
  const tx = new Transaction(new Live(DEFAULT_MANIFEST, {}), kernel, false)
  tx.begin(guest)
  /** As the call sees it. */
  const seen = (address: number, length: number): Uint8Array =>
    Uint8Array.from({ length }, (_, i) => {
      const page = (address + i) >>> 12
      return (tx.stages.get(page)?.bytes ?? guest.page(page)!)[(address + i) % PAGE]
    })
  return { tx, guest, bytes, seen }
}

const RW = PRESENT | READ | WRITE
const RO = PRESENT | READ
const NONE = PRESENT
const all = (right: number): number[] => Array.from({ length: PAGES }, () => right)
const value = <T>(result: { ok: true; value: T } | { ok: false }): T => {
  if (!result.ok) throw new Error('no value')
  return result.value
}

describe('T-VM-01: what can fail is told apart by type', () => {
  const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url))
  const require = createRequire(import.meta.url)
  const tsc = fileURLToPath(new URL('bin/tsc', pathToFileURL(require.resolve('typescript/package.json'))))
  const source = readFileSync(path('fixtures/vm-types.ts'), 'utf8').replaceAll('../../src/', path('../src/'))

  /** Lines that do not compile. */
  function errors(text: string): number[] {
    const folder = mkdtempSync(join(tmpdir(), 'vm-types-'))
    const compilerOptions = {
      noEmit: true,
      composite: false,
      rewriteRelativeImportExtensions: false,
      customConditions: ['vouch-source'],
      typeRoots: [path('../../../node_modules/@types')],
      types: ['node'],
    }
    const config = { extends: path('../../../tsconfig.base.json'), compilerOptions, files: ['types.ts'] }
    writeFileSync(join(folder, 'types.ts'), text)
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config))
    const { stdout } = spawnSync(process.execPath, [tsc, '-p', folder, '--pretty', 'false'], {
      encoding: 'utf8',
    })
    rmSync(folder, { recursive: true })
    const lines = stdout.split('\n').filter((line) => line.includes('error TS'))
    return lines.map((line) => Number(/types\.ts\((\d+),/.exec(line)?.[1]))
  }

  it('the marked lines of the fixture, and no others, do not compile', () => {
    expect(errors(source)).toEqual([])
    const marked = source.split('\n').flatMap((line, i) => (line.includes('@ts-expect-error') ? [i + 2] : []))
    expect(marked.length).toBe(8)
    expect(errors(source.replaceAll('// @ts-expect-error', '//'))).toEqual(marked)
  })
})

it('T-VM-02: after a fault at any offset, the count and both cursors agree (2,000 random page maps)', () => {
  const r = random(2)
  for (let i = 0; i < 2000; i++) {
    const rights = Array.from({ length: PAGES }, () => r.of([RW, RW, RW, RO, NONE, ABSENT]))
    const { tx, bytes, seen } = memory(rights, i)
    const length = r.below(3 * PAGE)
    const start = r.below(PAGES * PAGE - length)
    const write = r.below(2) === 1
    const allowed = (page: number): boolean => (rights[page] & (write ? WRITE : READ | WRITE)) !== 0
    let good = 0
    while (good < length && allowed(Math.floor((start + good) / PAGE))) good++
    const host = r.bytes(length)
    const result = write
      ? (() => {
          const [from, to] = [bytesReader(host), value(tx.user.writer(BASE + start, length))]
          const copied = readInto(from, to)
          expect([from.at, to.at - BASE - start]).toEqual([good, good])
          expectBytes(seen(BASE + start, good), host.subarray(0, good))
          expectBytes(seen(BASE + start + good, length - good), bytes.subarray(start + good, start + length))
          return copied
        })()
      : (() => {
          const target = new Uint8Array(length)
          const [from, to] = [value(tx.user.reader(BASE + start, length)), bytesWriter(target)]
          const copied = readInto(from, to)
          expect([from.at - BASE - start, to.at]).toEqual([good, good])
          expectBytes(target.subarray(0, good), bytes.subarray(start, start + good))
          expect(target.subarray(good).every((b) => b === 0)).toBe(true)
          return copied
        })()
    if (good === length) expect(result).toEqual({ ok: true, n: length })
    else {
      const right = rights[Math.floor((start + good) / PAGE)]
      const kind = right === ABSENT ? 'absent' : write ? 'no-write' : 'no-read'
      const err = kind === 'absent' ? 'PageFault' : 'AccessDenied'
      expect(result).toEqual({ ok: false, err, n: good, va: BASE + start + good, kind })
    }
  }
})

it('T-VM-03: nothing at all never faults, wherever it is', () => {
  const { tx } = memory(all(ABSENT))
  for (const va of [0, BASE, 2 ** 30, 0xffffffff]) {
    expect(readInto(value(tx.user.reader(va, 0)), bytesWriter(new Uint8Array(0)))).toEqual({ ok: true, n: 0 })
    expect(readInto(bytesReader(new Uint8Array(0)), value(tx.user.writer(va, 0)))).toEqual({ ok: true, n: 0 })
    expect(value(tx.user.writer(va, 0)).fillZeros(5)).toEqual({ ok: true, n: 0 })
  }
  expect(tx.fault).toBe('none')
  expect(tx.user.reader(2 ** 30 - 1, 2)).toMatchObject({ ok: false, errno: 14, va: 2 ** 30, kind: 'range' })
})

it('T-VM-04: a value that does not fit into good pages is not stored, not even in part', () => {
  const { tx, bytes, seen } = memory([RW, RO, RW, RW, ABSENT, RW])
  for (const [offset, kind] of [
    [PAGE - 2, 'no-write'],
    [4 * PAGE - 1, 'absent'],
    [PAGE + 8, 'no-write'],
  ] as const) {
    expect(tx.user.writeVal(BASE + offset, 'u32', 0xffffffff)).toMatchObject({ ok: false, errno: 14, kind })
    expectBytes(seen(BASE, PAGES * PAGE), bytes)
  }
  expect(tx.stages.size).toBe(0)
  expect(tx.user.writeVal(BASE + 3 * PAGE - 2, 'u32', 0x04030201)).toMatchObject({ ok: true })
  expect(tx.user.readVal(BASE + 3 * PAGE - 2, 'u32')).toEqual({ ok: true, value: 0x04030201 })
  expect(tx.user.readVal(BASE + 3 * PAGE, 'u8')).toEqual({ ok: true, value: 3 })
  expect(tx.user.readVal(BASE + 3 * PAGE - 2, 'u16')).toEqual({ ok: true, value: 0x0201 })
})

it('T-VM-05: skip past the end throws RangeError, and moves nothing', () => {
  const reader = bytesReader(new Uint8Array(8)).skip(3).limit(4)
  expect(reader.remain()).toBe(4)
  expect(() => reader.skip(5)).toThrow(RangeError)
  expect(() => reader.skip(-1)).toThrow(RangeError)
  expect(reader.remain()).toBe(4)
  const writer = bytesWriter(new Uint8Array(8)).limit(2)
  expect(() => writer.skip(3)).toThrow(RangeError)
  expect(writer.skip(2).avail()).toBe(0)
})

it('T-VM-06: compare and exchange takes 0xffffffff for the value that it is', () => {
  const { tx } = memory(all(RW))
  tx.user.writeVal(BASE, 'u32', 0xffffffff)
  expect(tx.user.compareExchange(BASE, 0xffffffff, 5)).toEqual({ ok: true, value: 0xffffffff })
  expect(tx.user.compareExchange(BASE, 0xffffffff, 6)).toEqual({ ok: true, value: 5 })
  expect(tx.user.readVal(BASE, 'u32')).toEqual({ ok: true, value: 5 })
  expect(() => tx.user.compareExchange(BASE + 2, 0, 0)).toThrow(RangeError)
  const locked = memory(all(RO)).tx
  expect(locked.user.compareExchange(BASE, 0, 0)).toMatchObject({ ok: false, errno: 14, kind: 'no-write' })
})

it('T-VM-07: a copy onto itself moves the old bytes (500 random overlaps)', () => {
  const r = random(7)
  for (let i = 0; i < 500; i++) {
    const { tx, bytes, seen } = memory(all(RW), i)
    const length = 1 + r.below(2 * PAGE)
    const from = r.below(PAGES * PAGE - length)
    const to = Math.min(PAGES * PAGE - length, Math.max(0, from + r.below(2 * length) - length))
    // Some of it staged before, some not.
    const staged = r.bytes(r.below(PAGE))
    const at = r.below(PAGES * PAGE - staged.length)
    tx.put(BASE + at, staged, false)
    bytes.set(staged, at)
    const result = readInto(
      value(tx.user.reader(BASE + from, length)),
      value(tx.user.writer(BASE + to, length)),
    )
    expect(result).toEqual({ ok: true, n: length })
    bytes.copyWithin(to, from, from + length)
    expectBytes(seen(BASE, PAGES * PAGE), bytes)
    // What was read is what was not staged.
    const read = new Set<number>()
    for (let k = 0; k < tx.reads.length; k += 2)
      for (let a = tx.reads[k]; a < tx.reads[k + 1]; a++) read.add(a)
    for (let a = from; a < from + length; a++) {
      const isStaged = a >= at && a < at + staged.length
      if (read.has(BASE + a) === isStaged) throw new Error(`byte ${a} of case ${i}`)
    }
    expect(read.size).toBeLessThanOrEqual(length)
  }
})

describe('T-VM-08: a call gives the same when it runs and when it is replayed', () => {
  const calls = {
    double: {
      number: 0x7b00,
      args: 2,
      class: 'D',
      reads: [{ pointer: 0, length: { argument: 1 } }],
      writes: [{ pointer: 0, length: { argument: 1 } }],
      registers: [],
      pc: false,
      charge: 0,
    },
  } as const
  const handlers = {
    double: (call: import('@vouch/bridge').HostCall): number => {
      const [address, length] = call.args
      const bytes = new Uint8Array(length)
      if (!readInto(call.reader(address, length), bytesWriter(bytes)).ok) return -14
      if (!readInto(bytesReader(bytes.map((b) => 2 * b)), call.writer(address, length)).ok) return -14
      return bytes.reduce((sum, b) => sum + b, 0)
    },
  }
  const desk = new Desk({ manifest: manifest({ calls }), handlers })
  desk.guest.set(0x20ffe, Uint8Array.of(1, 2, 3, 4, 5))
  expect(desk.call(0x7b00, 0x20ffe, 5)).toBe(15)
  expect([...desk.guest.get(0x20ffe, 5)]).toEqual([2, 4, 6, 8, 10])
  expect(desk.call(NR.mark, 0x20ffe, 2)).toBe(0)
  const bytes = desk.bridge.auditBytes()!
  const result = (change: Parameters<typeof relog>[1]) => {
    const log = openLog(relog(bytes, change))
    return log.ok ? replay(log, { publicInput: new Uint8Array(0), handlers }) : log
  }

  it('unchanged', () => {
    desk.replayed()
    expect(result((record) => record).ok).toBe(true)
  })

  it('a byte of what was read is another', () => {
    expect(
      result((record, sha256) => {
        if (record.seq !== 0) return record
        const [read, ...rest] = record.sections
        const payload = read.payload!.slice()
        payload[1] ^= 1
        return { ...record, sections: [{ ...read, payload, digest: sha256(payload) }, ...rest] }
      }),
    ).toMatchObject({ ok: false, failure: { code: 'replay/result', seq: 0, expected: 16, got: 15 } })
  })

  it('what was read is missing', () => {
    expect(
      result((record) => ({
        ...record,
        sections: record.seq === 0 ? record.sections.slice(1) : record.sections,
      })),
    ).toMatchObject({
      failure: { code: 'replay/missing-read', seq: 0, expected: '2 bytes at 135166' },
    })
  })

  it('something was read that the call does not read', () => {
    expect(
      result((record, sha256) => {
        if (record.seq !== 1) return record
        const payload = Uint8Array.of(7)
        const extra = {
          kind: 'copyin',
          address: 0x90000,
          length: 1,
          hidden: false,
          digest: sha256(payload),
          payload,
        } as const
        return { ...record, sections: [...record.sections, extra] }
      }),
    ).toMatchObject({ failure: { code: 'replay/unread', seq: 1, got: '1 bytes at 589824' } })
  })
})

it('readCString: to the zero, or ENAMETOOLONG, or EFAULT', () => {
  const { tx } = memory([RW, ABSENT, RW, RW, RW, RW])
  tx.put(BASE + PAGE - 3, Uint8Array.of(65, 66, 67), false)
  tx.put(BASE, Uint8Array.of(65, 66, 0), false)
  expect(tx.user.readCString(BASE, 3, ENAMETOOLONG)).toEqual({ ok: true, value: Uint8Array.of(65, 66) })
  expect(tx.user.readCString(BASE, 2, ENAMETOOLONG)).toMatchObject({ ok: false, errno: 36 })
  expect(tx.user.readCString(BASE + PAGE - 3, 9, ENAMETOOLONG)).toMatchObject({ errno: 14, va: BASE + PAGE })
})
