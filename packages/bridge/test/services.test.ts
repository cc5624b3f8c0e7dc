import { sha256 } from '@vouch/hash'
import { describe, expect, it } from 'vitest'
import { DEFAULT_MANIFEST, SERVICES, bridge } from '@vouch/bridge'
import {
  EACCES,
  EBADF,
  EEXIST,
  EFAULT,
  EINVAL,
  EMFILE,
  ENODEV,
  ENOENT,
  ENOMEM,
  ENOSYS,
  ENOTDIR,
  ENOTTY,
  ENXIO,
  EPERM,
  EPIPE,
  EAGAIN,
  ESPIPE,
  ESRCH,
} from '../src/errno.ts'
import { Desk, EDGE, GOOD, NR, asText, hex, manifest, text } from './support.ts'

const FILE = text('the bytes of a file')
const DIGEST = hex(sha256(FILE))
const withFile = manifest({
  fds: [...DEFAULT_MANIFEST.fds, { fd: 7, source: 'file', rights: ['read', 'seek'], sha256: DIGEST }],
})
const files = new Map([[DIGEST, FILE]])

/** Calls, with what each gives, in one run that is then replayed. */
function table(
  name: string,
  rows: (d: Desk) => readonly (readonly [expected: number, nr: number, ...args: number[]])[],
): void {
  it(name, () => {
    const d = new Desk({ manifest: withFile, files, publicInput: text('public') }).breakPage()
    for (const [expected, nr, ...args] of rows(d))
      expect([nr, ...args, d.call(nr, ...args)]).toEqual([nr, ...args, expected])
    d.replayed()
  })
}

describe('the table', () => {
  it('ascends by number, with names that are used once', () => {
    const numbers = SERVICES.map(({ number }) => number)
    expect(numbers).toEqual(numbers.toSorted((a, b) => a - b))
    expect(new Set(SERVICES.map(({ name }) => name)).size).toBe(SERVICES.length)
    expect(new Set(numbers).size).toBe(SERVICES.length)
    for (const { args } of SERVICES) expect(args.length).toBeLessThanOrEqual(6)
  })

  it('has a defined result for every number and any arguments', () => {
    const d = new Desk({ manifest: withFile, files })
    const known = new Set<number>(SERVICES.map(({ number }) => number))
    for (let nr = 0; nr < 600; nr++) {
      if (known.has(nr)) continue
      expect(d.call(nr, 0xffffffff, 0, 1, 2, 3, 4)).toBe(-ENOSYS)
    }
    for (const { number, transfer } of SERVICES)
      if (transfer !== 'noreturn')
        for (const value of [0, 1, 0x7fffffff, 0x80000000, 0xfffffff0, 0xffffffff])
          expect(d.call(number, value, value, value, value, value, value)).toBeGreaterThanOrEqual(-4095)
    d.replayed()
  })
})

table('identity', () => [
  [1, NR.getpid],
  [1, NR.gettid],
  [0, NR.getppid],
  [0, NR.getuid],
  [0, NR.geteuid],
  [0, NR.getgid],
  [0, NR.getegid],
  [0, NR.sched_yield],
  [1, NR.set_tid_address, 0xffffffff],
  [-EINVAL, NR.prctl, 38, 0, 0, 0, 0],
  [-EINVAL, NR.prctl, 38, 1, 1, 0, 0],
  [-EINVAL, NR.prctl, 15, 0, 0, 0, 0],
  [0, NR.prctl, 39, 0, 0, 0, 0],
  [-EFAULT, NR.uname, EDGE - 100],
  [0, NR.uname, GOOD],
])

it('uname names Linux, a release and riscv32', () => {
  const d = new Desk()
  d.call(NR.uname, GOOD)
  const fields = Array.from({ length: 6 }, (_, i) =>
    asText(d.guest.get(GOOD + 65 * i, 65)).replace(/\0+$/, ''),
  )
  expect(fields).toEqual(['Linux', 'vouch', '6.18.0-vouch', '#1', 'riscv32', '(none)'])
})

table('descriptors', () => [
  [-EBADF, NR.close, 60],
  [-EBADF, NR.close, 0xffffffff],
  [-EBADF, NR.dup, 99],
  [5, NR.dup, 7],
  [-ENOTTY, NR.ioctl, 1, 0x5413, EDGE],
  [-EBADF, NR.ioctl, 9, 0x5413, EDGE],
  [0, NR.close, 7],
  [-EBADF, NR.close, 7],
  [3, NR.read, 5, GOOD, 3],
  [-EBADF, NR.read, 7, GOOD, 3],
])

table('llseek', () => [
  [-EBADF, NR.llseek, 60, 0, 0, GOOD, 9],
  [-EINVAL, NR.llseek, 0, 0, 0, GOOD, 9],
  [-ESPIPE, NR.llseek, 0, 0, 0, GOOD, 0],
  [-EINVAL, NR.llseek, 7, 0xffffffff, 0xffffffff, GOOD, 0],
  [-EFAULT, NR.llseek, 7, 0, 4, EDGE, 0],
  [0, NR.llseek, 7, 0, 4, GOOD, 0],
  [5, NR.read, 7, GOOD, 5],
  [0, NR.llseek, 7, 0xffffffff, 0xfffffffc, GOOD, 2],
  [4, NR.read, 7, GOOD, 100],
  [0, NR.llseek, 7, 1, 0, GOOD, 0],
  [0, NR.read, 7, GOOD, 100],
  [0, NR.llseek, 7, 0, 3, GOOD, 3],
  [-ENXIO, NR.llseek, 7, 0, 19, GOOD, 3],
  [0, NR.llseek, 7, 0, 3, GOOD, 4],
])

table('statx', (d) => {
  d.guest.set(GOOD + 1000, text('\0name\0/abs\0'))
  const [empty, name, abs] = [GOOD + 1000, GOOD + 1001, GOOD + 1006]
  return [
    [-EBADF, NR.statx, 60, empty, 0x1000, 0, EDGE],
    [-EFAULT, NR.statx, 0, empty, 0x1000, 0, EDGE],
    [-EFAULT, NR.statx, 0, EDGE, 0x1000, 0, GOOD],
    [-ENOENT, NR.statx, 0, empty, 0, 0, GOOD],
    [-EINVAL, NR.statx, 0, empty, 0x8000, 0, GOOD],
    [-EINVAL, NR.statx, 0, empty, 0x6000, 0, GOOD],
    [-EINVAL, NR.statx, 0, empty, 0x1000, 0x80000000, GOOD],
    [-ENOENT, NR.statx, 0xffffff9c, name, 0, 0, GOOD],
    [-ENOTDIR, NR.statx, 0, name, 0, 0, GOOD],
    [-EBADF, NR.statx, 60, name, 0, 0, GOOD],
    [-ENOENT, NR.statx, 60, abs, 0, 0, GOOD],
    [0, NR.statx, 0, empty, 0x1000, 0x7ff, GOOD],
    [0, NR.statx, 0, 0, 0x1000, 0x7ff, GOOD],
  ]
})

it('statx: streams are character devices, files have their size', () => {
  const d = new Desk({ manifest: withFile, files })
  const mode = (): number => d.guest.get(GOOD + 28, 2)[0] + 256 * d.guest.get(GOOD + 29, 1)[0]
  d.call(NR.statx, 1, 0, 0x1000, 0, GOOD)
  expect([mode() & 0o170000, d.guest.words(GOOD + 40, 2)]).toEqual([0o020000, [0, 0]])
  d.call(NR.statx, 7, 0, 0x1000, 0, GOOD)
  expect([mode(), d.guest.words(GOOD + 40, 2)]).toEqual([0o100444, [19, 0]])
})

const [PRIVATE, SHARED, FIXED, ANONYMOUS] = [2, 1, 0x10, 0x20]
table('mmap2, munmap, mprotect: what is wrong, in the order of Linux', () => [
  [-EBADF, NR.mmap2, 0, 0, 3, PRIVATE, 60, 0],
  [-EBADF, NR.mmap2, 0, 4096, 3, 0, 60, 0],
  [-EINVAL, NR.mmap2, 0, 0, 3, PRIVATE | ANONYMOUS, 60, 0],
  [-EINVAL, NR.mmap2, 0, 4096, 3, ANONYMOUS, 0, 0],
  [-ENOMEM, NR.mmap2, 0, 0xffffffff, 3, PRIVATE | ANONYMOUS, 0, 0],
  [-ENOMEM, NR.mmap2, 0, 0x20000000, 3, PRIVATE | ANONYMOUS, 0, 0],
  [-ENOMEM, NR.mmap2, 0x40000000, 4096, 3, PRIVATE | ANONYMOUS | FIXED, 0, 0],
  [-EINVAL, NR.mmap2, GOOD + 1, 4096, 3, PRIVATE | ANONYMOUS | FIXED, 0, 0],
  [-EEXIST, NR.mmap2, GOOD, 4096, 3, PRIVATE | ANONYMOUS | 0x100000, 0, 0],
  [-ENODEV, NR.mmap2, 0, 4096, 3, SHARED | ANONYMOUS, 0, 0],
  [-ENODEV, NR.mmap2, 0, 4096, 1, PRIVATE, 7, 0],
  [-EACCES, NR.mmap2, 0, 4096, 3, SHARED, 7, 0],
  [-EACCES, NR.mmap2, 0, 4096, 1, PRIVATE, 1, 0],
  [-EINVAL, NR.munmap, 1, 0],
  [-EINVAL, NR.munmap, GOOD, 0],
  [-EINVAL, NR.munmap, 0x40000000, 4096],
  [-EINVAL, NR.mprotect, 1, 0, 3],
  [0, NR.mprotect, EDGE, 0, 3],
  [-EINVAL, NR.mprotect, GOOD, 4096, 0x100],
  [-ENOMEM, NR.mprotect, GOOD, 0xffffffff, 3],
  [-ENOMEM, NR.mprotect, EDGE, 4096, 3],
  [-ENOMEM, NR.mprotect, 0x3ffff000, 8192, 3],
])

describe('memory', () => {
  it('mmap2 never gives the same page twice', () => {
    const d = new Desk()
    expect(d.call(NR.mmap2, 0, 1, 3, 0x22, -1 >>> 0, 0)).toBe(0x20000000)
    expect(d.call(NR.mmap2, 0x5000, 8192, 3, 0x22, -1 >>> 0, 0)).toBe(0x20001000)
    expect(d.call(NR.munmap, 0x20001000, 8192)).toBe(0)
    expect(d.call(NR.mmap2, 0, 4096, 0, 0x22, -1 >>> 0, 0)).toBe(0x20003000)
    // Without rights, and unmapped.
    expect(d.call(NR.uname, 0x20003000)).toBe(-EFAULT)
    expect(d.record.fault).toBe('no-write')
    expect(d.call(NR.uname, 0x20001000)).toBe(-EFAULT)
    expect(d.record.fault).toBe('absent')
    expect(d.call(NR.mprotect, 0x20003000, 4096, 2)).toBe(0)
    expect(d.call(NR.uname, 0x20003000)).toBe(0)
    d.replayed()
  })

  it('mmap2 at a fixed place clears it, and gives it rights', () => {
    const d = new Desk().breakPage()
    d.guest.set(EDGE, text('old bytes'))
    expect(d.call(NR.mmap2, EDGE, 4096, 3, 0x32, 0, 0)).toBe(EDGE)
    expect(hex(d.guest.get(EDGE, 9))).toBe('00'.repeat(9))
    expect(d.call(NR.uname, EDGE)).toBe(0)
    expect(d.call(NR.mmap2, 0, 2 ** 25, 3, 0x32, 0, 0)).toBe(-ENOMEM)
    d.replayed()
  })

  it('brk gives the new break or the old one, and memory that fell comes back zero', () => {
    const d = new Desk()
    const start = 0x10000000
    expect(d.call(NR.brk, 0)).toBe(start)
    expect(d.call(NR.brk, 1)).toBe(start)
    expect(d.call(NR.brk, 0x20000001)).toBe(start)
    expect(d.call(NR.brk, start + 10000)).toBe(start + 10000)
    d.guest.set(start, new Uint8Array(12288).fill(7))
    expect(d.call(NR.brk, start + 5000)).toBe(start + 5000)
    expect(d.call(NR.uname, start + 8192)).toBe(-EFAULT)
    expect(d.call(NR.brk, start + 20000)).toBe(start + 20000)
    expect([...d.guest.get(start + 8190, 4)]).toEqual([7, 7, 0, 0])
    expect(d.call(NR.uname, start + 8192)).toBe(0)
    d.replayed()
  })
})

table('signals: what is wrong, in the order of Linux', (d) => {
  d.guest.setWords(GOOD, 1, 0xffffffff, 0xffffffff, 0xffffffff)
  d.guest.setWords(GOOD + 32, 0x5000, 0, 100)
  d.guest.setWords(GOOD + 64, 0x5000, 9, 65536)
  d.guest.setWords(GOOD + 96, 0, 2, 0)
  return [
    [-EINVAL, NR.rt_sigaction, 0, EDGE, 0, 4],
    [-EFAULT, NR.rt_sigaction, 0, EDGE, 0, 8],
    [-EINVAL, NR.rt_sigaction, 0, 0, 0, 8],
    [-EINVAL, NR.rt_sigaction, 65, 0, 0, 8],
    [-EINVAL, NR.rt_sigaction, 9, GOOD, 0, 8],
    [0, NR.rt_sigaction, 9, 0, 0, 8],
    [0, NR.rt_sigaction, 64, GOOD, 0, 8],
    [0, NR.rt_sigaction, 64, 0, GOOD + 128, 8],
    [-EINVAL, NR.rt_sigprocmask, 9, EDGE, 0, 4],
    [-EFAULT, NR.rt_sigprocmask, 9, EDGE, 0, 8],
    [-EINVAL, NR.rt_sigprocmask, 9, GOOD, 0, 8],
    [0, NR.rt_sigprocmask, 9, 0, 0, 8],
    [0, NR.rt_sigprocmask, 2, GOOD + 4, 0, 8],
    [0, NR.rt_sigprocmask, 1, 0, GOOD + 160, 8],
    [-EFAULT, NR.sigaltstack, EDGE, 0],
    [-ENOMEM, NR.sigaltstack, GOOD + 32, 0],
    [-EINVAL, NR.sigaltstack, GOOD + 64, 0],
    [0, NR.sigaltstack, GOOD + 96, 0],
    [-EFAULT, NR.prlimit64, 99, 99, EDGE, 0],
    [-ESRCH, NR.prlimit64, 99, 99, 0, 0],
    [-EINVAL, NR.prlimit64, 1, 16, 0, 0],
    [-EPERM, NR.prlimit64, 0, 7, GOOD + 200, 0],
  ].map((row, i) => {
    if (i === 0) d.guest.setWords(GOOD + 200, 10, 0, 1000, 0)
    return row as [number, number, ...number[]]
  })
})

it('signal state that is read back: SIGKILL and SIGSTOP cannot be blocked, unknown flags are dropped', () => {
  const d = new Desk()
  d.guest.setWords(GOOD, 0x1000, 0xffffffff, 0xffffffff, 0xffffffff)
  d.call(NR.rt_sigaction, 5, GOOD, 0, 8)
  d.call(NR.rt_sigaction, 5, 0, GOOD + 64, 8)
  expect(d.guest.words(GOOD + 64, 4)).toEqual([0x1000, 0xd8000807, 0xfffbfeff, 0xffffffff])
  d.call(NR.rt_sigprocmask, 0, GOOD + 8, 0, 8)
  d.call(NR.rt_sigprocmask, 0, 0, GOOD + 64, 8)
  expect(d.guest.words(GOOD + 64, 2)).toEqual([0xfffbfeff, 0xffffffff])
})

it('a lower limit of descriptors holds', () => {
  const d = new Desk()
  d.guest.setWords(GOOD, 6, 0, 10, 0)
  expect(d.call(NR.prlimit64, 0, 7, GOOD, 0)).toBe(0)
  expect([d.call(NR.dup, 1), d.call(NR.dup, 1)]).toEqual([5, -EMFILE])
  d.replayed()
})

describe('pipes, as measured on Linux 6.18', () => {
  const start = (): Desk => {
    const d = new Desk().breakPage()
    d.call(NR.pipe2, GOOD, 0x80000)
    d.guest.set(
      0x100000,
      Uint8Array.from({ length: 70000 }, (_, i) => i % 251),
    )
    return d
  }
  const write = (d: Desk, n: number): number => d.call(NR.write, 6, 0x100000, n)

  it('flags, both bad, ends', () => {
    const d = start()
    expect(d.call(NR.pipe2, EDGE, 0xffff)).toBe(-EINVAL)
    expect(d.call(NR.pipe2, EDGE, 0)).toBe(-EFAULT)
    expect(d.call(NR.read, 6, GOOD, 1)).toBe(-EBADF)
    expect(d.call(NR.write, 5, GOOD, 1)).toBe(-EBADF)
    expect(d.call(NR.llseek, 5, 0, 0, GOOD, 0)).toBe(-ESPIPE)
    expect(d.call(NR.read, 5, GOOD, 1)).toBe(-EAGAIN)
    expect(d.call(NR.close, 5)).toBe(0)
    expect(d.call(NR.write, 6, EDGE, 1)).toBe(-EPIPE)
    expect(d.call(NR.write, 6, EDGE, 0)).toBe(0)
    d.replayed()
  })

  for (const [used, asked, expected] of [
    [61441, 4096, -EAGAIN],
    [61441, 4095, 4095],
    [61441, 8192, -EAGAIN],
    [57345, 8192, 4096],
    [57345, 4097, 4097],
    [0, 70000, 65536],
  ] as const)
    it(`${used} bytes in it, and a write of ${asked}`, () => {
      const d = start()
      if (used > 0) expect(write(d, used)).toBe(used)
      expect(write(d, asked)).toBe(expected)
      d.replayed()
    })

  it('gives back what went in, then the end', () => {
    const d = start()
    expect([write(d, 5000), write(d, 3), write(d, 9000)]).toEqual([5000, 3, 9000])
    d.call(NR.close, 6)
    let all = ''
    for (let n = 1; n > 0;) {
      n = d.call(NR.read, 5, 0x200000, 1234)
      all += hex(d.guest.get(0x200000, n))
    }
    const data = (n: number): string => hex(d.guest.get(0x100000, n))
    expect(all).toBe(data(5000) + data(3) + data(9000))
    expect(d.record.result).toBe(0)
    d.call(NR.close, 5)
    d.replayed()
  })

  it('12288 bytes of which the last page is bad: 8192', () => {
    const d = start()
    expect(d.call(NR.munmap, 0x102000, 4096)).toBe(0)
    expect(write(d, 12288)).toBe(8192)
    expect(d.call(NR.read, 5, EDGE - 4096, 12288)).toBe(4096)
    expect(d.call(NR.write, 6, EDGE - 3, 6)).toBe(-EFAULT)
    d.replayed()
  })
})

describe('profile', () => {
  it('cycles and mark', () => {
    const d = new Desk().breakPage()
    expect(d.call(NR.cycles, GOOD)).toBe(0)
    expect(d.guest.words(GOOD, 2)).toEqual([2, 0])
    expect(d.call(NR.cycles, EDGE - 4)).toBe(-EFAULT)
    d.guest.set(GOOD, text('sorting'))
    expect(d.call(NR.mark, GOOD, 7)).toBe(0)
    expect(asText(d.record.sections[0].payload!)).toBe('sorting')
    expect(d.call(NR.mark, GOOD, 65)).toBe(-EINVAL)
    expect(d.call(NR.mark, EDGE, 1)).toBe(-EFAULT)
    d.replayed()
  })
})

it('a file that is not there, or is another, is refused at once', () => {
  expect(() => bridge({ manifest: withFile })).toThrow(`no file ${DIGEST}`)
  expect(() => bridge({ manifest: withFile, files: new Map([[DIGEST, text('another')]]) })).toThrow('is not')
})
