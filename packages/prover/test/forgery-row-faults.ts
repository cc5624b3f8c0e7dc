import type { Trace } from '@vouch/engine'
import { COMPUTE, CUT, cells, compute, cut, exchanged, pcOf, rowAt, timeAt } from './forgery-programs.ts'
import type { Fault } from './forgery-programs.ts'

function swapPc({ chunks: [{ pc }] }: Trace, a: string, b: string): void {
  const [x, y] = [pcOf(COMPUTE, a), pcOf(COMPUTE, b)]
  const [i, j] = [pc.indexOf(x), pc.indexOf(y)]
  pc[i] = y
  pc[j] = x
}

export const orderFaults: Fault[] = [
  cells(
    'an instruction replayed in a padding row',
    ['Mem', 'State'],
    (c) => void c.replay('add', rowAt(c, 'add', 'sub')),
  ),
  cells('an instruction replayed one cycle later', ['Mem', 'State'], (c) => {
    const row = c.replay('add', rowAt(c, 'add', 'sub'))
    c.add('add', row, { clk: 1 })
  }),
  cells('two instructions in the other order', ['Mem', 'Range16', 'State'], (c) => {
    const [a, b] = [rowAt(c, 'add', 'sub'), rowAt(c, 'add', 'same')]
    c.add('add', a, { clk: 1 })
    c.add('add', b, { clk: -1 })
  }),
  cells('an instruction left out', ['Mem', 'State'], (c) => c.set('add', rowAt(c, 'add', 'sub'), { en: 0 })),
  cells('an instruction run −1 times', ['Mem', 'State', 'add: en is a bit'], (c) => {
    const row = c.replay('add', rowAt(c, 'add', 'sub'))
    c.set('add', row, { en: -1 })
  }),
  cells('a padding row enabled', ['Mem', 'Range16', 'Rom', 'State'], (c) =>
    c.set('addi', c.replay('addi', 0), { clk: 0, pc: 0 }),
  ),
  cells('an unaligned load', ['Mem', 'Rom'], (c) =>
    c.add('load-word', rowAt(c, 'load-word', 'reload'), { imm: 2 }),
  ),
  cells('a halt that is not taken', ['Halt', 'Mem', 'State'], (c) => c.set('halt', 0, { exit: 0 })),
  cells('two halts', ['Halt', 'Mem', 'State'], (c) => void c.replay('halt', 0)),
  {
    name: 'a halt one cycle late',
    forgery: {
      ...compute,
      cells: (c) => c.add('halt', 0, { clk: 1 }),
      say: (s) => ({ cycles: s.cycles + 1 }),
    },
    broken: ['Mem', 'State'],
  },
  {
    name: 'a halt one cycle early',
    forgery: {
      ...compute,
      cells: (c) => c.add('halt', 0, { clk: -1 }),
      say: (s) => ({ cycles: s.cycles - 1 }),
    },
    broken: ['Mem', 'Range16', 'State'],
  },
  {
    name: 'a run cut off at an instruction that is no halt',
    forgery: { ...compute, executed: exchanged(COMPUTE, 'sub', 'ebreak') },
    broken: ['Mem', 'Rom', 'State'],
  },
  {
    name: 'a run cut off, with the halt of the end',
    forgery: {
      ...cut,
      executed: exchanged(CUT, 'cut', 'ebreak'),
      decodeExecuted: true,
      cells: (c) => {
        const time = timeAt(CUT, 'cut')
        const [tp17, tp10] = [17, 10].map((r) => c.column('registers', 'ts')[r])
        c.set('halt', 0, { ebreak: 0, exit: 1, number: 93, code0: 1, pc: pcOf(CUT, 'exit'), tp17, tp10 })
        c.set('registers', 17, { ts: time })
        c.set('registers', 10, { ts: time + 3 })
      },
      say: () => ({ halt: 'exit' as const, exitCode: 1 }),
    },
    broken: ['State'],
  },
  {
    name: 'two instructions in the other order, as the memory bus would have it',
    forgery: {
      ...compute,
      executed: exchanged(exchanged(COMPUTE, 'sub', 'add t3, t1, t1'), 'same', 'sub t2, t0, t1'),
      trace: (t) => swapPc(t, 'sub', 'same'),
    },
    broken: ['State'],
  },
  {
    name: 'an instruction replayed in the place of the next',
    forgery: {
      ...compute,
      executed: exchanged(COMPUTE, 'same', 'sub t2, t0, t1'),
      trace: (t) => {
        const { pc } = t.chunks[0]
        pc[pc.indexOf(pcOf(COMPUTE, 'same'))] = pcOf(COMPUTE, 'sub')
      },
    },
    broken: ['State'],
  },
  cells('a word of memory that starts at 5', ['Mem', 'memory: i0 is 0 outside the image'], (c) => {
    const row = c.column('memory', 'kind').indexOf(0)
    c.set('memory', row, { i0: 5 })
  }),
  cells('a word of the image with another value', ['Image', 'Mem'], (c) => {
    const row = c.column('memory', 'kind').indexOf(1)
    c.add('memory', row, { i0: 1 })
  }),
  cells('a word of the image that starts at 0', ['Image', 'Mem'], (c) => {
    const row = c.column('memory', 'kind').indexOf(1)
    c.set('memory', row, { kind: 0, i0: 0, i1: 0 })
  }),
  cells('memory words out of order', ['memory: words ascend by the step'], (c) => {
    for (const name of ['e0', 'e1', 'i0', 'i1', 'f0', 'f1', 'ts', 'kind']) {
      const column = c.column('memory', name)
      ;[column[0], column[1]] = [column[1], column[0]]
    }
  }),
  cells('register slots that start elsewhere', ['Mem', 'registers: indices start at 0'], (c) => {
    const index = c.column('registers', 'index')
    index.forEach((v, i) => (index[i] = v + 1))
  }),
  ...(
    [
      ['image', ['Image', 'Present']],
      ['rom', ['Rom']],
      ['memory', ['Image', 'Mem']],
      ['registers', ['Mem']],
      ['halt', ['Halt', 'Mem', 'State']],
      ['tables-sparse', ['Bitwise', 'Range15', 'Range16']],
      ['load-word', ['Mem', 'State']],
      ['copy', ['Copy', 'Io', 'Mem']],
    ] as const
  ).map(([chip, broken]): Fault => ({ name: `no ${chip}`, forgery: { ...compute, absent: [chip] }, broken })),
  {
    name: 'no image and none of its words',
    forgery: {
      ...compute,
      absent: ['image'],
      cells: (c) => {
        const kind = c.column('memory', 'kind')
        kind.forEach((k, r) => k === 1 && c.set('memory', r, { kind: 0, i0: 0, i1: 0 }))
      },
    },
    broken: ['Mem', 'Present'],
  },
]

export const tableFaults: Fault[] = [
  ...(
    [
      ['n16', 1, 'Range16'],
      ['n16', -1, 'Range16'],
      ['nBytes', 1, 'Bitwise'],
      ['nAnd', -1, 'Bitwise'],
    ] as const
  ).map(([name, by, bus]): Fault => ({
    name: `${name} off by ${by}`,
    forgery: { ...compute, tables: (c) => c.add('tables-sparse', 0, { [name]: by }) },
    broken: [bus],
  })),
  {
    name: 'x & y answered wrongly',
    forgery: {
      ...compute,
      cells: (c) => c.add('bitwise', 0, { z0: 1 }),
      tables: (c) => {
        const row = c.column('tables-sparse', 'nAnd').findIndex((n) => n > 0)
        c.add('tables-sparse', row, { and: 1 })
      },
    },
    broken: ['Bitwise', 'Mem', 'tables-sparse: and of the bits'],
  },
  {
    name: '65536 answered as a limb by bits that are none',
    forgery: {
      ...compute,
      cells: (c) => c.set('add', rowAt(c, 'add', 'same'), { a0: 65536 + 12, a1: -1 }),
      tables: (c) => {
        const n16 = c.column('tables-sparse', 'n16')
        const row = n16.indexOf(0)
        c.set('tables-sparse', row, { x2: 3, y7: 2, n16: 1 })
      },
    },
    broken: [
      'Bitwise',
      'Mem',
      'Range16',
      'add: low limb of b + c',
      'tables-sparse: and of the bits',
      'tables-sparse: x2 is a bit',
      'tables-sparse: y7 is a bit',
    ],
  },
  {
    name: 'an instruction of the ROM answered once more',
    forgery: { ...compute, tables: (c) => c.add('rom', 0, { count: 1 }) },
    broken: ['Rom'],
  },
]
