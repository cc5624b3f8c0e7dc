import { expect, it } from 'vitest'
import { INITIAL_MAP, firstWithout, mayWrite, rightsOf, withRights } from '../src/mm.ts'
import { addSpan, covers, eachGap, removeSpan } from '../src/spans.ts'
import { random } from './audit-support.ts'

it('spans are the sets of numbers that they stand for (2,000 random ones)', () => {
  const r = random(5)
  for (let round = 0; round < 2000; round++) {
    const spans: number[] = []
    const set = new Set<number>()
    for (let i = 0; i < 12; i++) {
      const [start, length] = [r.below(60), r.below(9)]
      const add = r.below(3) > 0
      if (add) addSpan(spans, start, start + length)
      else removeSpan(spans, start, start + length)
      for (let n = start; n < start + length; n++)
        if (add) set.add(n)
        else set.delete(n)
    }
    const [start, end] = [r.below(70), r.below(70)]
    const range = Array.from({ length: Math.max(0, end - start) }, (_, i) => start + i)
    expect(covers(spans, start, end)).toBe(range.every((n) => set.has(n)))
    const gaps: number[] = []
    eachGap(spans, start, end, (from, to) => {
      for (let n = from; n < to; n++) gaps.push(n)
    })
    expect(gaps).toEqual(range.filter((n) => !set.has(n)))
  }
})

it('the first page without a right is found, and chunks of one value are looked at once', () => {
  const r = random(6)
  for (let round = 0; round < 50; round++) {
    let map = INITIAL_MAP
    for (let i = 0; i < 4; i++) map = withRights(map, r.below(6000), 1 + r.below(2000), r.below(16))
    const [first, count] = [r.below(6000), 1 + r.below(4000)]
    let expected = -1
    for (let page = first; page < first + count && expected < 0; page++)
      if (!mayWrite(rightsOf(map, page))) expected = page
    expect(firstWithout(map, first, count, mayWrite)).toBe(expected)
  }
  let looked = 0
  const holed = Array.from({ length: 256 }, (_, i) => 1024 * i + 7).reduce(
    (map, page) => withRights(map, page, 1, 15),
    INITIAL_MAP,
  )
  const seen = (rights: number): boolean => {
    looked++
    return mayWrite(rights)
  }
  for (let i = 0; i < 100; i++) expect(firstWithout(holed, 0, 2 ** 18, seen)).toBe(-1)
  expect(looked).toBe(2 ** 18)
})
