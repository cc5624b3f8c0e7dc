import * as M from '../field/m31.ts'
import * as Q from '../field/qm31.ts'
import { createArena } from './arena.ts'
import type { Chip } from '../air/chip.ts'
import { referenceChip } from './chip-reference.ts'
import type { ChipKernels, Kernels } from './kernels.ts'
import { referenceTree } from './reference-gkr.ts'
import * as H from './reference-hashing.ts'
import * as T from './reference-transforms.ts'
import { prevPosition } from './positions.ts'

const GARBAGE = 0xdeadbeef

/** The kernels in plain TypeScript, for clarity: what the WASM ones are tested against. */
export function referenceKernels(maxWords?: number): Kernels {
  const arena = createArena(0, maxWords, { garbage: GARBAGE })
  const { words } = arena
  const planesOf = (pointer: number, log: number): Uint32Array => words(pointer, 4 * 2 ** log)
  const treeOf = (pointer: number, log: number): Uint32Array => words(pointer, 8 * (2 ** (log + 1) - 1))
  const chips = new Map<Chip<never>, ChipKernels>()
  const kernels: Kernels = {
    name: 'reference',
    usage: arena.usage,
    alloc: arena.alloc,
    allocUninitialized: arena.allocUninitialized,
    mark: arena.mark,
    release: arena.release,
    words,
    threads: 1,
    close() {},

    extendColumn(values, coefficients, extended, log, logBlowup) {
      const column = T.naturalToDomain(words(values, 2 ** log), log)
      T.interpolate(column, log)
      words(coefficients, 2 ** log).set(column)
      words(extended, 2 ** (log + logBlowup)).set(T.evaluate(column, log + logBlowup))
    },
    extendColumns(columns, logBlowup) {
      for (const { values, coefficients, extended, log } of columns)
        kernels.extendColumn(values, coefficients, extended, log, logBlowup)
    },
    interpolate(column, log, logDomain) {
      T.interpolate(words(column, 2 ** log), logDomain)
    },
    interpolateColumns(columns, log, logDomain) {
      for (const column of columns) kernels.interpolate(column, log, logDomain)
    },
    evaluate(coefficients, destination, log, logDomain) {
      words(destination, 2 ** logDomain).set(T.evaluate(words(coefficients, 2 ** log), logDomain))
    },
    evaluateColumns(columns, logDomain) {
      for (const { coefficients, extended, log } of columns)
        kernels.evaluate(coefficients, extended, log, logDomain)
    },
    addLiftedCoefficients(from, logFrom, to, logTo) {
      T.addLifted(words(from, 2 ** logFrom), words(to, 2 ** logTo))
    },

    merkleTree(classes, tree) {
      const log = classes.at(-1)!.log
      const at = treeOf(tree, log)
      H.hashLeaves(
        classes.map((k) => ({ log: k.log, columns: k.columns.map((c) => words(c, 2 ** k.log)) })),
        at,
      )
      H.hashNodes(at, log)
    },
    friTree(planes, log, arityLog, tree) {
      const at = treeOf(tree, log - arityLog)
      H.hashFriLeaves(planesOf(planes, log), arityLog, at)
      H.hashNodes(at, log - arityLog)
    },
    grind: H.grind,

    basisAt(point, log, planes) {
      T.basisPlanes(point, log, planesOf(planes, log))
    },
    dotProducts(columns, log, basis) {
      const n = 2 ** log
      const b = planesOf(basis, log)
      return columns.map((pointer) => {
        const column = words(pointer, n)
        return [0, 1, 2, 3].map((k) =>
          column.reduce((sum, v, i) => M.add(sum, M.mul(v, b[k * n + i])), 0),
        ) as unknown as Q.QM31
      })
    },

    accumulate(columns, weights, log, planes) {
      const n = 2 ** log
      const out = planesOf(planes, log)
      columns.forEach((pointer, j) => {
        words(pointer, n).forEach((v, i) => {
          T.writeLimbs(out, n, i, Q.add(T.readLimbs(out, n, i), Q.mulBase(weights[j], v)))
        })
      })
    },
    addQuotients(sums, point, a, b, log, planes) {
      const arrays = sums.map((s) => ({ log: s.log, planes: planesOf(s.planes, s.log) }))
      T.addQuotients(arrays, point, a, b, log, planesOf(planes, log))
    },
    friFold(from, log, depth, arityLog, beta, to) {
      let values: Uint32Array = planesOf(from, log).slice()
      let power = beta
      for (let i = 0; i < arityLog; i++) {
        values = T.fold(values, depth + i === 0, power)
        power = Q.square(power)
      }
      planesOf(to, log - arityLog).set(values)
    },
    lineInterpolate(planes, log) {
      const n = 2 ** log
      for (let k = 0; k < 4; k++) T.lineInterpolate(words(planes + 4 * k * n, n))
    },

    prevPositions(log, logBlowup, count) {
      const pointer = arena.allocUninitialized(count)
      words(pointer, count).forEach((_, q, out) => {
        out[q] = prevPosition(q, log, logBlowup)
      })
      return pointer
    },
    firstSelector(log, logBlowup, count) {
      const pointer = arena.allocUninitialized(count)
      words(pointer, count).forEach((_, q, out) => {
        out[q] = T.firstSelectorAt(q, log, log + logBlowup)
      })
      return pointer
    },

    ...referenceTree(words),

    chip(chip) {
      const known = chips.get(chip)
      if (known !== undefined) return known
      const made = referenceChip(chip, kernels)
      chips.set(chip, made)
      return made
    },
  }
  return kernels
}
