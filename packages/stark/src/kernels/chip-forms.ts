import type { Chip } from '../air/chip.ts'
import { challengePowers } from '../air/point.ts'
import type { Program, Step } from '../air/program.ts'
import * as M from '../field/m31.ts'
import * as Q from '../field/qm31.ts'
import type { QM31 } from '../field/qm31.ts'

/** Σ constant + Σ coefficient·public + Σ coefficient·step, steps being columns or products. */
interface Linear {
  readonly constant: number
  readonly publics: ReadonlyMap<number, number>
  readonly atoms: ReadonlyMap<number, number>
}

/** One position of a tuple in an atom's weight: coefficient·alpha^power. */
interface Part {
  readonly power: number
  readonly coefficient: number
}

/**
 * A message's denominator d = constant + Σ weight·atom, or the same added to the denominator of an earlier message
 * (`base`) with which it shares most of its tuple: the two accesses of a memory read differ in the timestamp alone.
 */
export interface DenominatorForm {
  readonly base: number | undefined
  /** Steps over M31, in the order of their weights. */
  readonly atoms: readonly number[]
  /** Constant and weights for a proof's challenges. */
  readonly weigh: (z: QM31, alpha: QM31, publics: readonly number[]) => { constant: QM31; weights: QM31[] }
}

/** The forms of all messages of a chip. */
export function denominatorForms(chip: Chip<never>, program: Program): DenominatorForm[] {
  const linear = linearForms(program.steps)
  const full = program.messages.map(({ tuple }) => {
    const parts = new Map<number, Part[]>()
    const affine: { power: number; form: Pick<Linear, 'constant' | 'publics'> }[] = []
    tuple.forEach((step, j) => {
      const form = linear(step)
      const power = j + 1
      // A sum of several columns is cheaper added up over M31 than weighed column by column over QM31.
      const flat = form.atoms.size <= 1
      const atoms = flat ? form.atoms : new Map([[step, 1]])
      if (flat) affine.push({ power, form })
      for (const [atom, coefficient] of atoms)
        parts.set(atom, [...(parts.get(atom) ?? []), { power, coefficient }])
    })
    const texts = new Map(Array.from(parts, ([atom, list]) => [atom, JSON.stringify(list)]))
    return { parts, texts, affine }
  })

  return full.map(({ parts, texts }, i) => {
    const differing = (j: number): number[] =>
      [...new Set([...parts.keys(), ...full[j].parts.keys()])].filter(
        (atom) => texts.get(atom) !== full[j].texts.get(atom),
      )
    let base: number | undefined
    let atoms = [...parts.keys()]
    for (let j = 0; j < i; j++) {
      const other = differing(j)
      if (other.length < atoms.length) [base, atoms] = [j, other]
    }
    return {
      base,
      atoms,
      weigh(z, alpha, publics) {
        const powers = challengePowers(chip, alpha)
        const weightOf = (message: number, atom: number): QM31 =>
          (full[message].parts.get(atom) ?? []).reduce<QM31>(
            (w, { power, coefficient }) => Q.sub(w, Q.mulBase(powers[power], coefficient)),
            Q.ZERO,
          )
        const constantOf = (message: number): QM31 =>
          full[message].affine.reduce(
            (k, { power, form }) => Q.sub(k, Q.mulBase(powers[power], affineValue(form, publics))),
            Q.sub(z, Q.fromBase(chip.messages[message].bus.id)),
          )
        return base === undefined
          ? { constant: constantOf(i), weights: atoms.map((a) => weightOf(i, a)) }
          : {
              constant: Q.sub(constantOf(i), constantOf(base)),
              weights: atoms.map((a) => Q.sub(weightOf(i, a), weightOf(base!, a))),
            }
      },
    }
  })
}

const affineValue = (form: Pick<Linear, 'constant' | 'publics'>, publics: readonly number[]): number => {
  let sum = form.constant
  for (const [index, coefficient] of form.publics) sum = M.add(sum, M.mul(coefficient, publics[index]))
  return sum
}

function linearForms(steps: readonly Step[]): (step: number) => Linear {
  const known = new Map<number, Linear>()
  const none: ReadonlyMap<number, number> = new Map()
  const combine = (x: Linear, y: Linear, times: number): Linear => ({
    constant: M.add(x.constant, M.mul(times, y.constant)),
    publics: combineMaps(x.publics, y.publics, times),
    atoms: combineMaps(x.atoms, y.atoms, times),
  })
  const zero: Linear = { constant: 0, publics: none, atoms: none }
  const isConstant = (x: Linear): boolean => x.publics.size === 0 && x.atoms.size === 0
  const build = (i: number): Linear => {
    const s = steps[i]
    switch (s.kind) {
      case 'const':
        return { ...zero, constant: s.value }
      case 'public':
        return { ...zero, publics: new Map([[s.index, 1]]) }
      case 'add':
        return combine(form(s.a), form(s.b), 1)
      case 'sub':
        return combine(form(s.a), form(s.b), M.P - 1)
      case 'mul': {
        const [a, b] = [form(s.a), form(s.b)]
        if (isConstant(a)) return combine(zero, b, a.constant)
        if (isConstant(b)) return combine(zero, a, b.constant)
        return { ...zero, atoms: new Map([[i, 1]]) }
      }
      default:
        return { ...zero, atoms: new Map([[i, 1]]) }
    }
  }
  const form = (i: number): Linear => {
    const f = known.get(i) ?? build(i)
    known.set(i, f)
    return f
  }
  return form
}

function combineMaps(
  x: ReadonlyMap<number, number>,
  y: ReadonlyMap<number, number>,
  times: number,
): ReadonlyMap<number, number> {
  const out = new Map(x)
  for (const [key, value] of y) {
    const sum = M.add(out.get(key) ?? 0, M.mul(times, value))
    if (sum === 0) out.delete(key)
    else out.set(key, sum)
  }
  return out
}
