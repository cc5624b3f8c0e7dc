import { P } from '../field/m31.ts'
import { MAX_DEGREE, messageFault } from './chip.ts'
import type { Air, Bus, Chip } from './chip.ts'
import { degree, walk } from './expr.ts'
import type { Expr } from './expr.ts'
import { readsAcrossSeam } from './seam.ts'

/** One thing wrong with a chip or an AIR. */
export interface Finding {
  readonly rule:
    | 'degree'
    | 'range'
    | 'unused-column'
    | 'duplicate-name'
    | 'no-message'
    | 'message'
    | 'bus'
    | 'multiplicity'
    | 'seam'
  readonly chip: string
  readonly detail: string
}

/** What is wrong with a chip; empty for a good one. Says nothing of soundness: that is what reviews and kill runs are for. */
export function lintChip(chip: Chip<never>): Finding[] {
  const findings: Finding[] = []
  const report = (rule: Finding['rule'], detail: string): void => {
    findings.push({ rule, chip: chip.name, detail })
  }
  for (const { name, expr } of chip.constraints)
    if (degree(expr) > MAX_DEGREE) report('degree', `constraint '${name}' has degree ${degree(expr)}`)
  const inConstraint = chip.constraints.map((k) => columnsOf([k.expr]))
  const inTuple = chip.messages.map((m) => columnsOf(m.tuple))
  const inMultiplicity = chip.messages.map((m) => columnsOf([m.multiplicity]))
  chip.columns.forEach((name, i) => {
    const range = chip.ranges[i]
    if (range === 'bool') {
      if (!chip.constraints.some((k) => k.name === `${name} is a bit`))
        report('range', `${name} is 'bool' without its constraint`)
      return
    }
    if (/^free: \S/.test(range)) return
    const k = chip.constraints.findIndex((c) => c.name === range)
    const m = chip.messages.findIndex((c) => c.name === range)
    if (k < 0 && m < 0) report('range', `${name}: nothing is named '${range}'`)
    else if (!(k >= 0 ? inConstraint[k] : inTuple[m]).has(`main ${name}`))
      report('range', `${name}: '${range}' does not mention it`)
  })

  const mentioned = new Set([...inConstraint, ...inTuple, ...inMultiplicity].flatMap((s) => [...s]))
  for (const name of chip.columns)
    if (!mentioned.has(`main ${name}`)) report('unused-column', `nothing mentions ${name}`)
  for (const name of chip.preprocessed?.columns ?? [])
    if (!mentioned.has(`${chip.preprocessed!.tree} ${name}`))
      report('unused-column', `nothing mentions ${name}`)

  const names = [...chip.constraints, ...chip.messages].map((x) => x.name)
  for (const name of new Set(names.filter((n, i) => names.indexOf(n) !== i)))
    report('duplicate-name', `two things named '${name}'`)
  if (chip.messages.length === 0)
    report('no-message', 'the protocol has no place for a chip without messages')
  for (const m of chip.messages) {
    const fault = messageFault(m)
    if (fault !== undefined) report('message', `'${m.name}' ${fault}`)
  }
  for (const { bus } of chip.messages)
    if (bus.table !== undefined && bus.table.key.length !== bus.fields.length)
      report(
        'bus',
        `the key of ${bus.name} has ${bus.table.key.length} entries for ${bus.fields.length} fields`,
      )
  for (const name of readsAcrossSeam(chip)) report('seam', `'${name}' reads the previous row in row 0`)
  return findings
}

/** What is wrong with an AIR and its chips. `publicTerms`: how many bus terms the verifier adds at most. */
export function lintAir(air: Air<never>, publicTerms = 0): Finding[] {
  const findings = air.chips.flatMap(lintChip)
  const report = (rule: Finding['rule'], detail: string): void => {
    findings.push({ rule, chip: air.name, detail })
  }
  const names = air.chips.map((c) => c.name)
  for (const name of new Set(names.filter((n, i) => names.indexOf(n) !== i)))
    report('duplicate-name', `two chips named '${name}'`)
  const buses = new Map<string, Bus>()
  const ids = new Map<number, string>()
  for (const { bus } of air.chips.flatMap((c) => c.messages)) {
    const known = buses.get(bus.name)
    if (known !== undefined && (known.id !== bus.id || known.fields.length !== bus.fields.length))
      report('bus', `two buses named ${bus.name}`)
    if ((ids.get(bus.id) ?? bus.name) !== bus.name)
      report('bus', `${bus.name} and ${ids.get(bus.id)} share the id ${bus.id}`)
    if (!(Number.isInteger(bus.id) && bus.id >= 1 && bus.id < P))
      report('bus', `${bus.name} has the id ${bus.id}`)
    buses.set(bus.name, bus)
    ids.set(bus.id, bus.name)
  }
  for (const chip of air.chips) {
    const tree = chip.preprocessed?.tree
    if (tree !== undefined && !air.preprocessedTrees.includes(tree))
      report('bus', `${chip.name} names the tree '${tree}', which the AIR lacks`)
    const height = 2 ** (chip.fixedLogHeight ?? air.minLogHeight)
    if (chip.messages.length * height + publicTerms >= P)
      report('multiplicity', `${chip.name} alone can wrap a multiplicity`)
  }
  return findings
}

/** The columns that expressions mention, as 'tree name', at whatever row. */
function columnsOf(roots: readonly Expr[]): Set<string> {
  const found = new Set<string>()
  walk(roots, (n) => {
    if (n.kind === 'column') found.add(`${n.tree} ${n.name}`)
  })
  return found
}
