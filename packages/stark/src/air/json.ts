import type { Air, Chip } from './chip.ts'
import type { Expr } from './expr.ts'

/** JSON values, as `JSON.stringify` writes them: the key order of an object is the order below. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

/**
 * An expression as a tree: a number, ['column', tree, name], ['prev', name], ['public', name], ['first'],
 * ['row', [coefficient, ...bits], ...], or
 * ['add' | 'sub' | 'mul', a, b].
 */
export function exprJson(e: Expr): Json {
  const n = e.node
  switch (n.kind) {
    case 'const':
      return n.value
    case 'column':
      return n.prev ? ['prev', n.name] : ['column', n.tree, n.name]
    case 'public':
      return ['public', n.name]
    case 'first':
      return ['first']
    case 'row':
      return ['row', ...n.terms.map((t) => [t.coefficient, ...t.bits])]
    case 'add':
    case 'sub':
    case 'mul':
      return [n.kind, exprJson(n.a), exprJson(n.b)]
  }
}

/** All of a chip that a proof depends on, and its documentation; not the code that fills it. */
export const chipJson = (chip: Chip<never>): Json => ({
  name: chip.name,
  doc: chip.doc,
  columns: chip.columns.map((name, i) => [name, chip.ranges[i]]),
  preprocessed:
    chip.preprocessed === undefined ? null : [chip.preprocessed.tree, [...chip.preprocessed.columns]],
  publics: [...chip.publics],
  constraints: chip.constraints.map((k) => [k.name, exprJson(k.expr)]),
  messages: chip.messages.map((m) => [
    m.name,
    m.bus.name,
    m.bus.id,
    m.sign,
    exprJson(m.multiplicity),
    m.tuple.map(exprJson),
  ]),
  fixedLogHeight: chip.fixedLogHeight ?? null,
})

/** Whether two chips say the same, in the very same objects, but for their names. */
const isLike = (a: Chip<never>, b: Chip<never>): boolean =>
  a.doc === b.doc &&
  a.columns === b.columns &&
  a.ranges === b.ranges &&
  a.preprocessed === b.preprocessed &&
  a.publics === b.publics &&
  a.constraints === b.constraints &&
  a.messages === b.messages &&
  a.fixedLogHeight === b.fixedLogHeight

/**
 * The same AIR always gives the same text under `JSON.stringify`, and a different AIR a different one. A chip that says
 * what an earlier one says, in the very same objects, is written as that one's like.
 */
export const airJson = (air: Air<never>): Json => ({
  name: air.name,
  chips: air.chips.map((chip, i) => {
    const like = air.chips.slice(0, i).find((other) => isLike(other, chip))
    return like === undefined ? chipJson(chip) : { name: chip.name, like: like.name }
  }),
  publics: [...air.publics],
  preprocessedTrees: [...air.preprocessedTrees],
  minLogHeight: air.minLogHeight,
  maxLogHeight: air.maxLogHeight,
})
