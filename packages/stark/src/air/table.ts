import { P } from '../field/m31.ts'
import type { Chip } from './chip.ts'
import { degree, walk } from './expr.ts'
import type { Expr } from './expr.ts'

/** An expression in infix notation; `x'` is x at the previous row, constants are those nearest to 0. */
export function exprText(e: Expr): string {
  return infix(e, 0)
}

/** Binding: 0 anything, 1 the right side of a minus, 2 a factor. */
function infix(e: Expr, binding: 0 | 1 | 2): string {
  const n = e.node
  switch (n.kind) {
    case 'const': {
      const value = n.value > P / 2 ? n.value - P : n.value
      return value < 0 && binding > 0 ? `(${value})` : `${value}`
    }
    case 'column':
      return n.prev ? `${n.name}'` : n.name
    case 'public':
      return n.name
    case 'first':
      return 'first'
    case 'row':
      return n.name
    case 'add':
      return wrap(binding > 0, `${infix(n.a, 0)} + ${infix(n.b, 1)}`)
    case 'sub':
      return wrap(binding > 0, isZero(n.a) ? `−${infix(n.b, 2)}` : `${infix(n.a, 0)} − ${infix(n.b, 1)}`)
    case 'mul':
      return `${infix(n.a, 2)}·${infix(n.b, 2)}`
  }
}

/** The row polynomials of a chip's messages, each once. */
function rowPolynomials(chip: Chip<never>): Extract<Expr['node'], { kind: 'row' }>[] {
  const found = new Map<string, Extract<Expr['node'], { kind: 'row' }>>()
  walk(
    chip.messages.flatMap((m) => [m.multiplicity, ...m.tuple]),
    (n) => {
      if (n.kind === 'row') found.set(n.name, n)
    },
  )
  return [...found.values()]
}

const wrap = (needed: boolean, text: string): string => (needed ? `(${text})` : text)
const isZero = (e: Expr): boolean => e.node.kind === 'const' && e.node.value === 0

/** A chip's section of the chip reference, in Markdown. */
export function chipTable(chip: Chip<never>): string {
  const height = chip.fixedLogHeight === undefined ? '' : `, always 2^${chip.fixedLogHeight} rows`
  const lines = [
    `## ${chip.name}`,
    '',
    chip.doc,
    '',
    `${chip.columns.length} columns, ${chip.constraints.length} constraints, ${chip.messages.length} messages${height}.`,
    '',
    '| column | range |',
    '|---|---|',
    ...chip.columns.map((name, i) => row([name, chip.ranges[i]])),
    ...(chip.preprocessed?.columns ?? []).map((name) =>
      row([name, `preprocessed in '${chip.preprocessed!.tree}'`]),
    ),
    ...rowPolynomials(chip).map(({ name, doc }) => row([name, `no column: ${doc}`])),
    '',
  ]
  if (chip.constraints.length > 0)
    lines.push(
      '| constraint | zero on every row | degree |',
      '|---|---|---|',
      ...chip.constraints.map((k) => row([k.name, code(k.expr), `${degree(k.expr)}`])),
      '',
    )
  lines.push(
    '| message | times | tuple |',
    '|---|---|---|',
    ...chip.messages.map((m) =>
      row([
        m.name,
        `${m.sign === 1 ? '+' : '−'} ${code(m.multiplicity)}`,
        `${m.bus.name}(${m.tuple.map(code).join(', ')})`,
      ]),
    ),
    '',
  )
  return lines.join('\n')
}

const code = (e: Expr): string => `\`${exprText(e)}\``
const row = (cells: readonly string[]): string =>
  `| ${cells.map((c) => c.replaceAll('|', '\\|')).join(' | ')} |`
