import { sha256 } from '@vouch/hash'
import { describe, expect, it } from 'vitest'
import type { Manifest } from '@vouch/bridge'
import { EBADF, EFAULT, EINVAL } from '../src/errno.ts'
import { Desk, EDGE, GOOD, NR, asText, hex, manifest, text } from './support.ts'

const FILE = text('ABCDEF')
const DIGEST = hex(sha256(FILE))
const FILES = new Map([[DIGEST, FILE]])
const FD = 5
const withFile = (): Manifest =>
  manifest({
    fds: [
      { fd: 0, source: 'private', rights: ['read'] },
      { fd: 1, source: 'console', rights: ['write'] },
      { fd: 3, source: 'journal', rights: ['write'] },
      { fd: 4, source: 'public', rights: ['read'] },
      { fd: FD, source: 'file', rights: ['read', 'seek'], sha256: DIGEST },
    ],
  })
const desk = (): Desk =>
  new Desk({
    manifest: withFile(),
    files: FILES,
    privateInput: text('secret'),
    publicInput: text('public'),
  }).breakPage()

/** Where a descriptor stands. */
const offset = (d: Desk): number => {
  expect(d.call(NR.llseek, FD, 0, 0, GOOD + 2048, 1)).toBe(0)
  return d.guest.words(GOOD + 2048, 1)[0]
}

it('T-VM-10: read 6 of a file into 3 good bytes and 3 bad: 3, "ABC", offset 3', () => {
  const d = desk()
  expect(d.call(NR.read, FD, EDGE - 3, 6)).toBe(3)
  expect(asText(d.guest.get(EDGE - 3, 6))).toBe('ABC\0\0\0')
  expect(d.record).toMatchObject({
    outcome: 'partial',
    done: 3,
    fault: 'absent',
    faultAddress: EDGE,
    direct: false,
  })
  expect(offset(d)).toBe(3)
  d.replayed()
})

it('T-VM-11: write 3 good bytes and 3 bad to the journal (a file cannot be written): 3', () => {
  const d = desk()
  d.guest.set(EDGE - 3, text('DEF'))
  expect(d.call(NR.write, 3, EDGE - 3, 6)).toBe(3)
  expect(asText(d.bridge.journal())).toBe('DEF')
  expect(d.record).toMatchObject({ outcome: 'partial', done: 3, journalCursor: 3, direct: false })
  expect(d.call(NR.write, 1, EDGE - 3, 6)).toBe(3)
  expect(d.console()).toBe('DEF')
  d.replayed()
})

it('T-VM-12: all bad: EFAULT, and the offset stays', () => {
  const d = desk()
  expect(d.call(NR.read, FD, EDGE, 6)).toBe(-EFAULT)
  expect(d.record).toMatchObject({ outcome: 'abort', done: 0, fault: 'absent', faultAddress: EDGE })
  expect(offset(d)).toBe(0)
  d.replayed()
})

describe('T-VM-13: what is looked at first', () => {
  for (const fd of [0, 4, FD])
    it(`descriptor ${fd}: at the end of its bytes, and for 0 bytes, a bad pointer is no error`, () => {
      const d = desk()
      expect(d.call(NR.read, fd, GOOD, 100)).toBe(6)
      expect(d.call(NR.read, fd, EDGE, 10)).toBe(0)
      expect(d.call(NR.read, fd, EDGE, 0)).toBe(0)
      expect(d.call(NR.read, fd, 0xffffffff, 0)).toBe(0)
      d.replayed()
    })

  it('a bad descriptor comes before a bad pointer', () => {
    const d = desk()
    for (const fd of [1, 3, 6, 63, 64, 0xffffffff]) expect(d.call(NR.read, fd, EDGE, 1)).toBe(-EBADF)
    for (const fd of [0, 4, FD, 6, 64]) expect(d.call(NR.write, fd, EDGE, 1)).toBe(-EBADF)
    d.replayed()
  })
})

describe('T-VM-14: readv', () => {
  const LIST = GOOD
  const readv = (d: Desk, pairs: readonly number[], count = pairs.length / 2): number => {
    d.guest.setWords(LIST, ...pairs)
    return d.call(NR.readv, FD, LIST, count)
  }
  for (const [name, pairs, count, expected] of [
    ['2 good and 4 bad', [GOOD + 256, 2, EDGE, 4], undefined, 2],
    ['4 bad and 2 good', [EDGE, 4, GOOD + 256, 2], undefined, -EFAULT],
    ['1025 buffers', [], 1025, -EINVAL],
    ['-1 buffers', [], 0xffffffff, -EINVAL],
    ['no buffers', [], 0, 0],
    ['a negative length after a good one', [GOOD + 256, 2, GOOD + 300, 0x80000000], undefined, -EINVAL],
    ['a buffer that leaves RAM', [GOOD + 256, 2, 0x3fffffff, 2], undefined, -EFAULT],
    ['a null base with no length', [0, 0, GOOD + 256, 6], undefined, 6],
  ] as const)
    it(name, () => {
      const d = desk()
      expect(readv(d, pairs, count)).toBe(expected)
      expect(offset(d)).toBe(Math.max(0, expected))
      d.replayed()
    })

  it('a null base with a length, where page 0 is unmapped (else it is RAM like any other)', () => {
    const d = desk()
    expect(d.call(NR.munmap, 0, 4096)).toBe(0)
    expect(readv(d, [0, 3, GOOD + 256, 3])).toBe(-EFAULT)
    d.replayed()
  })

  it('a list that cannot be read', () => {
    const d = desk()
    expect(d.call(NR.readv, FD, EDGE, 1)).toBe(-EFAULT)
    expect(d.call(NR.readv, FD, EDGE - 8, 2)).toBe(-EFAULT)
    expect(d.call(NR.readv, 9, EDGE, 1)).toBe(-EBADF)
    expect(d.call(NR.readv, 9, EDGE, 0xffffffff)).toBe(-EBADF)
    expect(d.call(NR.readv, FD, EDGE, 2000)).toBe(-EINVAL)
    d.replayed()
  })

  it('over the private input: hidden, and the count is advice', () => {
    const d = desk()
    d.guest.setWords(LIST, GOOD + 256, 2, GOOD + 1000, 100)
    expect(d.call(NR.readv, 0, LIST, 2)).toBe(6)
    expect(asText(d.guest.get(GOOD + 256, 2)) + asText(d.guest.get(GOOD + 1000, 4))).toBe('secret')
    expect(d.record).toMatchObject({ class: 'A', direct: false, requested: 102, done: 6, privateCursor: 6 })
    expect(d.record.sections.map(({ kind, hidden, length }) => [kind, hidden, length])).toEqual([
      ['copyin', false, 16],
      ['copyout', true, 2],
      ['copyout', true, 4],
    ])
    const replayed = d.replayed()
    expect(replayed.services.get('readv')).toEqual({ count: 1, assurance: 'replayed' })
  })

  it('over the public input, and writev of the journal: cursors and parts of the streams', () => {
    const d = desk()
    d.guest.setWords(LIST, GOOD + 256, 2, GOOD + 1000, 3)
    expect(d.call(NR.readv, 4, LIST, 2)).toBe(5)
    expect(d.call(NR.writev, 3, LIST, 2)).toBe(5)
    expect(asText(d.bridge.journal())).toBe('publi')
    const [, read, write] = d.replayed().calls
    expect(read).toMatchObject({ kind: 'audited', publicInput: { start: 0, length: 5 } })
    expect(write).toMatchObject({ kind: 'audited', journal: { start: 0, length: 5 } })
  })
})

it('T-VM-15: getrandom of 600 bytes into 10 good ones: 10; all bad: EFAULT; none: 0', () => {
  const d = desk()
  expect(d.call(NR.getrandom, EDGE - 10, 600, 0)).toBe(10)
  expect(d.call(NR.getrandom, EDGE, 600, 0)).toBe(-EFAULT)
  expect(d.call(NR.getrandom, EDGE, 0, 0)).toBe(0)
  expect(d.call(NR.getrandom, EDGE, 0, 8)).toBe(-EINVAL)
  d.replayed()
})

describe('T-VM-16: lengths as large as they get', () => {
  for (const [name, address, count] of [
    ['2^32 - 1 bytes', GOOD, 0xffffffff],
    ['2^31 bytes at a low address leave RAM', GOOD, 0x80000000],
    ['one byte at the end of RAM', 0x40000000, 1],
  ] as const)
    for (const call of ['read', 'write'] as const)
      it(`${call}: ${name}`, () => {
        const d = desk()
        for (const fd of call === 'read' ? [0, 4, FD] : [1, 3]) {
          expect(d.call(NR[call], fd, address, count)).toBe(-EFAULT)
          expect(d.record).toMatchObject({
            fault: 'range',
            faultAddress: Math.max(address, 0x40000000),
            requested: count,
          })
        }
        d.replayed()
      })
})
