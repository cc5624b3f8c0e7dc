import { describe, expect, it } from 'vitest'
import { chip } from '../src/air/chip.ts'
import type { Air, Bus, Chip } from '../src/air/chip.ts'
import { Expr, rowValue } from '../src/air/expr.ts'
import type { RowPolynomial } from '../src/air/expr.ts'
import { fractionsAtPoint } from '../src/air/point.ts'
import { Misuse } from '../src/failure.ts'
import * as M from '../src/field/m31.ts'
import * as Q from '../src/field/qm31.ts'
import type { QM31 } from '../src/field/qm31.ts'
import { createKernels } from '../src/kernels/create.ts'
import type { Kernels, Pointer } from '../src/kernels/kernels.ts'
import { prove } from '../src/prove.ts'
import { verify } from '../src/verify.ts'
import { verifyingKey } from '../src/verifying-key.ts'
import { randomNumbers } from './air-random.ts'
import { lighter } from './helpers/toy.ts'

const XOR: Bus = { name: 'Xor', id: 1, fields: ['x', 'y', 'xor'] }
const LOG = 6
const BITS = 79

/** Three bits from `from` on. */
const low = (from: number): RowPolynomial => [0, 1, 2].map((j) => ({ coefficient: 2 ** j, bits: [from + j] }))
const and: RowPolynomial = [0, 1, 2].map((j) => ({ coefficient: 2 ** j, bits: [j, 3 + j] }))
const notZero: RowPolynomial = [
  { coefficient: 5, bits: [] },
  { coefficient: -5, bits: [5] },
]

const tableOf = (x: RowPolynomial): Chip<never> =>
  chip({
    name: 'table',
    doc: 'all pairs of three bits',
    columns: { m: 'free: any count that balances is right' },
    constrain: ({ m }, b) => {
      const [left, right] = [b.row('x', 'low bits', x), b.row('y', 'high bits', low(3))]
      const both = b.row('and', 'x & y', and)
      b.send('answer', XOR, m, [left, right, left.add(right).sub(both.mul(2))])
    },
    rows: () => 64,
    fill: () => {},
    fixedLogHeight: LOG,
  })
const user = chip({
  name: 'user',
  doc: 'a question',
  columns: { x: 'answer', y: 'answer', z: 'answer' },
  constrain: ({ x, y, z }, b) => b.receive('answer', XOR, 1, [x, y, z]),
  rows: () => 16,
  fill: () => {},
}) as Chip<never>

const airOf = (x: RowPolynomial): Air<never> => ({
  name: 'xor',
  chips: [user, tableOf(x)],
  publics: [],
  preprocessedTrees: [],
  minLogHeight: 4,
  maxLogHeight: 10,
})
const keyOf = (x: RowPolynomial = low(0)) =>
  lighter(verifyingKey({ air: airOf(x), profile: 'fast-100' }), BITS)

const statement = {
  bytes: Uint8Array.of(1),
  publics: [],
  publicTerms: { count: 0, sum: (): QM31 => Q.ZERO },
  preprocessed: {},
}

/** Sixteen questions, of which the last may be answered falsely, and the counts of the table's rows. */
function witnessOf(kernels: Kernels, lie = 0) {
  const put = (values: readonly number[]): Pointer => {
    const pointer = kernels.alloc(values.length)
    kernels.words(pointer, values.length).set(values)
    return pointer
  }
  const asked = Array.from({ length: 16 }, (_, i) => [(5 * i) % 8, (3 * i + 1) % 8])
  const counts = Array.from(
    { length: 2 ** LOG },
    (_, row) => asked.filter(([x, y]) => x + 8 * y === row).length,
  )
  const answers = asked.map(([x, y], i) => (x ^ y) + (i === 15 ? lie : 0))
  return {
    chips: [
      { logHeight: 4, main: [put(asked.map(([x]) => x)), put(asked.map(([, y]) => y)), put(answers)] },
      { logHeight: LOG, main: [put(counts)] },
    ],
    preprocessed: {},
  }
}

describe('a row polynomial', () => {
  it('is a multilinear polynomial of the bits of the row', () => {
    for (let row = 0; row < 64; row++) {
      expect(rowValue(low(3), row)).toBe(row >> 3)
      expect(rowValue(and, row)).toBe(row & 7 & (row >> 3))
      expect(rowValue(notZero, row)).toBe(row < 32 ? 5 : 0)
    }
    expect(rowValue([{ coefficient: -1, bits: [] }], 9)).toBe(M.P - 1)
  })

  it('has in a message the value of its multilinear extension', () => {
    const { extension } = randomNumbers(5)
    const point = Array.from({ length: LOG }, extension)
    const [z, alpha, m] = [extension(), extension(), extension()]
    const at = { main: [m], preprocessed: [], publics: [], first: Q.ZERO, z, alpha }
    const [{ numerator, denominator }] = fractionsAtPoint(tableOf(low(0)), { ...at, coordinates: point })
    const extended = (of: (row: number) => number): QM31 =>
      point.reduce<QM31[]>(
        (v, r) =>
          Array.from({ length: v.length / 2 }, (_, i) =>
            Q.add(v[2 * i], Q.mul(r, Q.sub(v[2 * i + 1], v[2 * i]))),
          ),
        Array.from({ length: 2 ** LOG }, (_, row) => Q.fromBase(of(row))),
      )[0]
    const tuple = [(r: number) => r & 7, (r: number) => r >> 3, (r: number) => (r & 7) ^ (r >> 3)]
    const expected = tuple.reduce<{ sum: QM31; power: QM31 }>(
      ({ sum, power }, of) => ({ sum: Q.sub(sum, Q.mul(power, extended(of))), power: Q.mul(power, alpha) }),
      { sum: Q.sub(z, Q.fromBase(XOR.id)), power: alpha },
    )
    expect(numerator).toEqual(m)
    expect(denominator).toEqual(expected.sum)
    expect(() => fractionsAtPoint(tableOf(low(0)), at)).toThrow('has no value here')
    const missing = { ...at, coordinates: point.slice(0, LOG - 1) }
    expect(() => fractionsAtPoint(tableOf(low(0)), missing)).toThrow('has no value here')
  })

  it.each([
    ['a bit that the rows have not', [{ coefficient: 1, bits: [LOG] }]],
    ['a bit below the first', [{ coefficient: 1, bits: [-1] }]],
    ['a bit twice', [{ coefficient: 1, bits: [2, 2] }]],
  ] as const)('is refused with %s', (_, terms) => {
    expect(() => tableOf(terms)).toThrow("'x' has the term")
  })

  it('is refused in a chip of any height and in a constraint', () => {
    const source = {
      name: 'bad',
      doc: '',
      columns: { m: 'free: a test' },
      rows: () => 1,
      fill: () => {},
    } as const
    const terms = low(0)
    expect(() =>
      chip({ ...source, constrain: (c, b) => b.send('answer', XOR, c.m, [b.row('x', '', terms), 0, 0]) }),
    ).toThrow("'x' has the term [0] of 2^0 rows")
    expect(() =>
      chip({
        ...source,
        fixedLogHeight: LOG,
        constrain: (c, b) => b.zero('is the row', c.m.sub(b.row('x', '', terms))),
      }),
    ).toThrow("constraint 'is the row' has a row polynomial")
    const { chips, ...air } = airOf(low(0))
    const expr = new Expr({ kind: 'row', name: 'x', doc: '', terms })
    const smuggled = { ...chips[1], constraints: [{ name: 'smuggled', expr }] }
    expect(() => verifyingKey({ air: { ...air, chips: [chips[0], smuggled] }, profile: 'fast-100' })).toThrow(
      Misuse,
    )
  })

  it('belongs to the digest of the verifying key', () => {
    const digests = [low(0), low(1), [...low(0), { coefficient: 1, bits: [5] }]].map((x) =>
      [...keyOf(x).digest].join(),
    )
    expect(new Set(digests).size).toBe(3)
  })
})

describe('a table of row polynomials', () => {
  it('needs no column and is proved alike on both kernels', async () => {
    const proofs: Uint8Array[] = []
    for (const kind of ['reference', 'wasm'] as const) {
      const kernels = await createKernels({ kind })
      const { proof } = await prove(kernels, keyOf(), statement, witnessOf(kernels))
      expect(verify(keyOf(), statement, proof, { minBits: BITS })).toMatchObject({ ok: true })
      proofs.push(proof)
    }
    expect(proofs[1]).toEqual(proofs[0])
  })

  it('does not answer what it has not', async () => {
    const kernels = await createKernels({ kind: 'wasm' })
    const { proof } = await prove(kernels, keyOf(), statement, witnessOf(kernels, 1), { unchecked: true })
    const verdict = verify(keyOf(), statement, proof, { minBits: BITS })
    expect(verdict).toMatchObject({ ok: false, failure: { code: 'bus/unbalanced' } })
  })

  it('is the verifier’s: leaves of another table are refused', async () => {
    const kernels = await createKernels({ kind: 'wasm' })
    const key = keyOf()
    // The key's digest is drawn from, so the prover keeps it and takes the other table's chip alone.
    const other = { ...key, air: airOf([...low(0), { coefficient: 8, bits: [0, 1, 2, 3, 4, 5] }]) }
    const { proof } = await prove(kernels, other, statement, witnessOf(kernels), { unchecked: true })
    const verdict = verify(key, statement, proof, { minBits: BITS })
    expect(verdict).toMatchObject({ ok: false, failure: { code: 'gkr/leaves' } })
  })
})
