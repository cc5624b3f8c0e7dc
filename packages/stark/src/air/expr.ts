import { P, fromInteger } from '../field/m31.ts'

/**
 * A polynomial expression over the columns of one chip: the only form in which a constraint or a bus message is
 * written. Everything else (kernels, evaluation at a point, degrees, lint, JSON export) is derived from it.
 */
export type Node =
  | { readonly kind: 'const'; readonly value: number }
  /** A column at this row, or at the previous row (cyclic) when `prev`. `tree` is 'main' or the name of a preprocessed tree. */
  | {
      readonly kind: 'column'
      readonly tree: string
      readonly index: number
      readonly name: string
      readonly prev: boolean
    }
  /** A public value of the statement, known to the verifier, the same in every row. */
  | { readonly kind: 'public'; readonly index: number; readonly name: string }
  /** 1 in row 0 of the chip, 0 elsewhere; of the degree of a column. */
  | { readonly kind: 'first' }
  /** A value that follows from the row's index alone; in messages only. */
  | {
      readonly kind: 'row'
      readonly name: string
      /** What it is, in words. */
      readonly doc: string
      readonly terms: RowPolynomial
    }
  | { readonly kind: 'add'; readonly a: Expr; readonly b: Expr }
  | { readonly kind: 'sub'; readonly a: Expr; readonly b: Expr }
  | { readonly kind: 'mul'; readonly a: Expr; readonly b: Expr }

/**
 * Σ coefficient·Π of bits of the row's index, each bit at most once a term: at a row its value, and at any point of the
 * cube, with coordinates in the place of bits, its multilinear extension. (Setty, Thaler, Wahby, Lasso, ePrint 2023/1216,
 * §3: structured tables.)
 */
export type RowPolynomial = readonly { readonly coefficient: number; readonly bits: readonly number[] }[]

/** The value of a row polynomial in row `row`. */
export const rowValue = (terms: RowPolynomial, row: number): number =>
  fromInteger(
    terms.reduce((v, t) => v + (t.bits.every((bit) => (row >>> bit) % 2 === 1) ? t.coefficient : 0), 0),
  )

/** Fluent arithmetic over nodes: `a0.add(b0).sub(c0).mul(flag)`. Immutable. Constants fold. */
export class Expr {
  readonly node: Node
  constructor(node: Node) {
    this.node = node
  }
  add(other: Expr | number): Expr {
    const b = expr(other)
    if (isConst(this, 0)) return b
    if (isConst(b, 0)) return this
    return fold('add', this, b)
  }
  sub(other: Expr | number): Expr {
    const b = expr(other)
    if (isConst(b, 0)) return this
    return fold('sub', this, b)
  }
  mul(other: Expr | number): Expr {
    const b = expr(other)
    if (isConst(this, 0) || isConst(b, 0)) return constant(0)
    if (isConst(this, 1)) return b
    if (isConst(b, 1)) return this
    return fold('mul', this, b)
  }
  neg(): Expr {
    return constant(0).sub(this)
  }
  /** `1 - this`, the usual complement of a flag. */
  not(): Expr {
    return constant(1).sub(this)
  }
}

export const constant = (n: number): Expr => new Expr({ kind: 'const', value: fromInteger(n) })
export const expr = (e: Expr | number): Expr => (typeof e === 'number' ? constant(e) : e)
export const sum = (terms: readonly (Expr | number)[]): Expr =>
  terms.reduce<Expr>((s, t) => s.add(t), constant(0))

const isConst = (e: Expr, value: number): boolean => e.node.kind === 'const' && e.node.value === value

function fold(kind: 'add' | 'sub' | 'mul', a: Expr, b: Expr): Expr {
  if (a.node.kind === 'const' && b.node.kind === 'const') {
    const x = BigInt(a.node.value)
    const y = BigInt(b.node.value)
    const r = kind === 'add' ? x + y : kind === 'sub' ? x - y : x * y
    return constant(Number(((r % BigInt(P)) + BigInt(P)) % BigInt(P)))
  }
  return new Expr({ kind, a, b })
}

/** Total degree in the columns (and `first` and row polynomials); constants and public values have degree 0. */
export function degree(e: Expr): number {
  const n = e.node
  switch (n.kind) {
    case 'const':
    case 'public':
      return 0
    case 'column':
    case 'first':
    case 'row':
      return 1
    case 'mul':
      return degree(n.a) + degree(n.b)
    case 'add':
    case 'sub':
      return Math.max(degree(n.a), degree(n.b))
  }
}

/** What `evaluate` needs to know of a field. */
export interface Evaluation<T> {
  constant(value: number): T
  column(node: Extract<Node, { kind: 'column' }>): T
  public(node: Extract<Node, { kind: 'public' }>): T
  first(): T
  row(node: Extract<Node, { kind: 'row' }>): T
  add(a: T, b: T): T
  sub(a: T, b: T): T
  mul(a: T, b: T): T
}

/** The value of an expression in any ring: a row over M31, a point over the challenge field, degrees, intervals. */
export function evaluate<T>(e: Expr, env: Evaluation<T>): T {
  const n = e.node
  switch (n.kind) {
    case 'const':
      return env.constant(n.value)
    case 'column':
      return env.column(n)
    case 'public':
      return env.public(n)
    case 'first':
      return env.first()
    case 'row':
      return env.row(n)
    case 'add':
      return env.add(evaluate(n.a, env), evaluate(n.b, env))
    case 'sub':
      return env.sub(evaluate(n.a, env), evaluate(n.b, env))
    case 'mul':
      return env.mul(evaluate(n.a, env), evaluate(n.b, env))
  }
}

/** Calls back for each node of the expressions, once for each object. */
export function walk(roots: readonly Expr[], visit: (node: Node) => void): void {
  const seen = new Set<Expr>()
  const stack = [...roots]
  for (let e = stack.pop(); e !== undefined; e = stack.pop()) {
    if (seen.has(e)) continue
    seen.add(e)
    visit(e.node)
    if (e.node.kind === 'add' || e.node.kind === 'sub' || e.node.kind === 'mul')
      stack.push(e.node.a, e.node.b)
  }
}
