import { deepQuotient, weightedSums } from '../deep.ts'
import type { DeepLine } from '../deep.ts'
import * as Q from '../field/qm31.ts'
import type { QM31 } from '../field/qm31.ts'
import type { Layout } from '../layout.ts'
import { domainPoint } from './domain.ts'
import type { OpenedClass } from './open.ts'
import type { Queries } from './queries.ts'

/** The DEEP quotient at each query position in ascending order, from the opened classes of each tree. */
export function deepValues(
  layout: Layout,
  gammas: readonly QM31[],
  lines: readonly [DeepLine, DeepLine],
  opened: readonly (readonly OpenedClass[])[],
  queries: Queries,
): QM31[] {
  const sums = lines.map((_, point) => batchedSums(layout, gammas, point, opened, queries))
  return queries.at(layout.logDomain).map((q, i) => {
    const p = domainPoint(layout.logDomain, q)
    return lines.reduce((total, line, point) => Q.add(total, deepQuotient(line, sums[point][i], p)), Q.ZERO)
  })
}

/** Σ γ_f·f over the samples of one point, at each query position: class by class, the smaller heights lifted. */
function batchedSums(
  layout: Layout,
  gammas: readonly QM31[],
  point: number,
  opened: readonly (readonly OpenedClass[])[],
  queries: Queries,
): QM31[] {
  const weights = layout.trees.map(({ width }) => Array.from({ length: width }, () => Q.ZERO))
  layout.samples.forEach((sample, i) => {
    if (sample.point === point) weights[sample.tree][sample.column] = gammas[i]
  })
  const classes = opened.flatMap((tree, t) => {
    let start = 0
    return tree.map(({ log, count, words }) => {
      const sumOf = weightedSums(weights[t].slice(start, start + count))
      start += count
      return { log, count, words, sumOf }
    })
  })
  const logs = [...new Set([...classes.map((c) => c.log), layout.logDomain])].sort((a, b) => a - b)
  let sums: QM31[] = []
  logs.forEach((log, l) => {
    const own = classes.filter((c) => c.log === log)
    const below = sums
    const from = l === 0 ? undefined : queries.lifted(log, logs[l - 1])
    sums = queries.at(log).map((_, i) => (from === undefined ? Q.ZERO : below[from[i]]))
    for (const { count, words, sumOf } of own)
      for (let i = 0; i < sums.length; i++) sums[i] = Q.add(sums[i], sumOf(words, i * count))
  })
  return sums
}
