import { describe, expect, it } from 'vitest'
import * as M from '../src/field/m31.ts'
import * as Q from '../src/field/qm31.ts'
import type { QM31 } from '../src/field/qm31.ts'
import { createKernels } from '../src/kernels/create.ts'
import type { Kernels, Pointer } from '../src/kernels/kernels.ts'
import { layoutOf } from '../src/layout.ts'
import { prove } from '../src/prove.ts'
import { VerifierTranscript } from '../src/transcript.ts'
import { verify } from '../src/verify.ts'
import { exchanging, otherDenominators, otherNumerators, whileSending } from './helpers/sending.ts'
import { spoiled } from './helpers/spoiled.ts'
import { lighter, toy, toyAir } from './helpers/toy.ts'

const BITS = 79
/** The toy's log heights: no two chips share one. */
const LOGS = [5, 7, 6, 8, 4]
const [FIBONACCI, , PRODUCT, , IDLE] = LOGS.keys()

type RunningSum = Kernels['runningSum']

/** What a prover does otherwise than `prove`. */
interface Attack {
  /** The claims of one chip's columns, main and then preprocessed. */
  readonly claims?: (own: readonly QM31[], chip: number, alpha: QM31) => readonly QM31[]
  /** Makes S, and may change E first; `honest` makes the sum as a prover would. */
  readonly sums?: (kernels: Kernels, honest: RunningSum, ...args: Parameters<RunningSum>) => void
}

/** What the verifier says of a proof that `prove`, without checks of its own work, makes with these kernels. */
async function verdictOn({ claims, sums }: Attack): Promise<string> {
  const kernels = await createKernels({ kind: 'wasm' })
  let alpha: QM31 = Q.ZERO
  let claimed = 0
  const attacker = spoiled(kernels, {
    chip(chip) {
      const own = kernels.chip(chip)
      return {
        ...own,
        fractions(columns, log, z, drawn, targets) {
          alpha = drawn
          own.fractions(columns, log, z, drawn, targets)
        },
      }
    },
    // The first products are those of the claims, one call a chip.
    dotProducts(columns, log, basis) {
      const values = kernels.dotProducts(columns, log, basis)
      const chip = claimed++
      return chip < LOGS.length ? [...(claims?.(values, chip, alpha) ?? values)] : values
    },
    runningSum(...args) {
      if (sums === undefined) return kernels.runningSum(...args)
      sums(kernels, kernels.runningSum, ...args)
      return Q.ZERO
    },
  })
  const t = toy(attacker)
  const vk = lighter(t.vk, BITS)
  const { proof } = await prove(attacker, vk, t.statement, t.witness, { unchecked: true })
  const verdict = verify(vk, t.statement, proof, { minBits: BITS })
  return verdict.ok ? 'accepted' : verdict.failure.code
}

const lieAbout =
  (chip: number, ...columns: readonly number[]): NonNullable<Attack['claims']> =>
  (own, at) =>
    at === chip ? own.map((v, i) => (columns.includes(i) ? Q.add(v, Q.ONE) : v)) : own

const inFibonacci =
  (attack: NonNullable<Attack['sums']>): NonNullable<Attack['sums']> =>
  (kernels, honest, e, f, log, ...rest) => {
    if (log === LOGS[FIBONACCI]) attack(kernels, honest, e, f, log, ...rest)
    else honest(e, f, log, ...rest)
  }

const element = (kernels: Kernels, planes: Pointer, log: number, i: number): QM31 => {
  const at = (limb: number): number => kernels.words(planes + 4 * (limb * 2 ** log + i), 1)[0]
  return [at(0), at(1), at(2), at(3)]
}
const setElement = (kernels: Kernels, planes: Pointer, log: number, i: number, value: QM31): void =>
  value.forEach((w, limb) => kernels.words(planes + 4 * (limb * 2 ** log + i), 1).set([w]))

/** The column 'a' is in no message: the leaves tell nothing of it. */
const lie = lieAbout(FIBONACCI, 0)

describe('column claims', () => {
  it('honest ones are accepted', async () => {
    expect(await verdictOn({})).toBe('accepted')
  })

  it('every column of every chip, main and preprocessed, is bound to its claim', async () => {
    const codes = new Map<string, string>()
    for (const [chip, { name, columns, preprocessed }] of toyAir.chips.slice(0, LOGS.length).entries())
      for (const [i, column] of [...columns, ...(preprocessed?.columns ?? [])].entries())
        codes.set(`${name} ${column}`, await verdictOn({ claims: lieAbout(chip, i) }))
    const bySums = [...codes].flatMap(([column, code]) => (code === 'ood/mismatch' ? [column] : []))
    expect(bySums).toEqual(['fibonacci a', 'bytes low'])
    expect(codes.size).toBe(15)
    for (const [column, code] of codes) if (!bySums.includes(column)) expect(code, column).toBe('gkr/leaves')
  })

  it('two lies that cancel in the leaves', async () => {
    // A denominator holds alpha·p + alpha²·q.
    const cancelling: Attack['claims'] = (own, chip, alpha) => {
      if (chip !== PRODUCT) return own
      const [p, q, r, m] = own
      return [Q.sub(p, alpha), Q.add(q, Q.ONE), r, m]
    }
    expect(await verdictOn({ claims: cancelling })).toBe('ood/mismatch')
    expect(await verdictOn({ claims: lieAbout(PRODUCT, 0, 1) })).toBe('gkr/leaves')
  })

  it('three lies that cancel in the leaves and in a sum of equal weights', async () => {
    // A denominator holds alpha·p + alpha²·q + alpha³·r.
    const cancelling: Attack['claims'] = (own, chip, alpha) => {
      if (chip !== PRODUCT) return own
      const [p, q, r, m] = own
      return [Q.add(p, alpha), Q.sub(q, Q.add(alpha, Q.ONE)), Q.add(r, Q.ONE), m]
    }
    expect(await verdictOn({ claims: cancelling })).toBe('ood/mismatch')
  })
})

describe('fraction sums', () => {
  const kernels = createKernels({ kind: 'wasm' })
  const sent = async (change: Parameters<typeof whileSending>[0]): Promise<string> => {
    const t = toy(await kernels)
    const vk = lighter(t.vk, BITS)
    const { proof } = await whileSending(change, () =>
      prove(t.kernels, vk, t.statement, t.witness, { unchecked: true }),
    )
    const verdict = verify(vk, t.statement, proof, { minBits: BITS })
    return verdict.ok ? 'accepted' : verdict.failure.code
  }
  const forest = async (): Promise<readonly { readonly log: number }[]> => {
    const t = toy(await kernels)
    return layoutOf(lighter(t.vk, BITS), t.statement, [...LOGS, 0]).forest
  }

  it('the toy has two trees of different depth', async () => {
    expect((await forest()).map((t) => t.log)).toEqual([9, 8])
  })

  it('gkr/layer: sums of two trees that add up to the right total', async () => {
    // n₀/d₀ + 1 and n₁/d₁ − 1
    const code = await sent((label, _, elements) => {
      if (label !== 'fraction sums') return elements
      const [n0, d0, n1, d1] = elements
      return [Q.add(n0, d0), d0, Q.sub(n1, d1), d1]
    })
    expect(code).toBe('gkr/layer')
  })

  it('bus/unbalanced: a sum that is not the right one', async () => {
    const code = await sent((label, _, elements) =>
      label === 'fraction sums' ? elements.with(0, Q.add(elements[0], Q.ONE)) : elements,
    )
    expect(code).toBe('bus/unbalanced')
  })

  it.each([
    ['numerators', 0, otherNumerators],
    ['numerators', 1, otherNumerators],
    ['denominators', 0, otherDenominators],
    ['denominators', 1, otherDenominators],
  ] as const)('gkr/leaves: %s of tree %i that keep the sums', async (_, tree, exchange) => {
    const [{ log }] = await forest()
    expect(await sent(exchanging(log - 1, tree, exchange))).toBe('gkr/leaves')
  })
})

// Each breaks one constraint on E and S and no other; with it every claim on 'a' could be proved.
describe('E and S', () => {
  it('E that does not start at eq(r, 0): all of it scaled', async () => {
    const scaled = inFibonacci((kernels, honest, e, f, log, share, out) => {
      const total = Q.mulBase(share, 2 ** log)
      const factor = Q.mul(total, Q.inv(kernels.innerProduct(e, f, log)))
      for (let i = 0; i < 2 ** log; i++)
        setElement(kernels, e, log, i, Q.mul(element(kernels, e, log, i), factor))
      expect(honest(e, f, log, share, out)).toEqual(Q.ZERO)
    })
    expect(await verdictOn({ claims: lie, sums: scaled })).toBe('ood/mismatch')
  })

  it('E that is eq(r, ·) but in one row', async () => {
    const stepping = inFibonacci((kernels, honest, e, f, log, share, out) => {
      const total = Q.mulBase(share, 2 ** log)
      const lack = Q.sub(total, kernels.innerProduct(e, f, log))
      const row = 9
      const by = Q.mul(lack, Q.inv(element(kernels, f, log, row)))
      setElement(kernels, e, log, row, Q.add(element(kernels, e, log, row), by))
      expect(honest(e, f, log, share, out)).toEqual(Q.ZERO)
    })
    expect(await verdictOn({ claims: lie, sums: stepping })).toBe('ood/mismatch')
  })

  it('S that does not add up: zero everywhere', async () => {
    const zero = inFibonacci((kernels, _, __, ___, log, ____, out) => {
      kernels.words(out, 4 * 2 ** log).fill(0)
    })
    expect(await verdictOn({ claims: lie, sums: zero })).toBe('ood/mismatch')
  })

  it('S that adds up but for its last row', async () => {
    const mended = inFibonacci((kernels, honest, e, f, log, share, out) => {
      expect(honest(e, f, log, share, out)).not.toEqual(Q.ZERO)
      setElement(kernels, out, log, 2 ** log - 1, Q.ZERO)
    })
    expect(await verdictOn({ claims: lie, sums: mended })).toBe('ood/mismatch')
  })

  it('S of the true claims', async () => {
    const share = inFibonacci((kernels, honest, e, f, log, _, out) => {
      const own = Q.mulBase(kernels.innerProduct(e, f, log), M.inv(2 ** log))
      expect(honest(e, f, log, own, out)).toEqual(Q.ZERO)
    })
    expect(await verdictOn({ claims: lie, sums: share })).toBe('ood/mismatch')
  })

  it('S that does not start from zero', async () => {
    // Of a chip that is lifted, an offset could differ from period to period.
    const offset = inFibonacci((kernels, honest, e, f, log, share, out) => {
      honest(e, f, log, share, out)
      for (let i = 0; i < 2 ** log; i++)
        setElement(kernels, out, log, i, Q.add(element(kernels, out, log, i), Q.ONE))
    })
    expect(await verdictOn({ sums: offset })).toBe('ood/mismatch')
  })

  it('the same of a chip without main columns', async () => {
    const offset: Attack['sums'] = (kernels, honest, e, f, log, share, out) => {
      honest(e, f, log, share, out)
      if (log === LOGS[IDLE]) kernels.words(out, 2 ** log).forEach((w, i, all) => (all[i] = M.add(w, 1)))
    }
    expect(await verdictOn({ sums: offset })).toBe('ood/mismatch')
  })
})

describe('the order of messages and challenges', () => {
  it('binds everything before what is drawn on it', async () => {
    const t = toy(await createKernels({ kind: 'wasm' }))
    const vk = lighter(t.vk, BITS)
    const { proof } = await prove(t.kernels, vk, t.statement, t.witness)
    const steps: string[] = []
    const { step } = VerifierTranscript.prototype as unknown as {
      step: (kind: number, label: string, data: Uint8Array) => void
    }
    const listening = function (this: unknown, kind: number, label: string, data: Uint8Array): void {
      const line = `${['', 'known', 'sent', 'drawn', 'ground', 'nonce'][kind]} ${label}`
      if (steps.at(-1) !== line) steps.push(line)
      step.call(this, kind, label, data)
    }
    Object.assign(VerifierTranscript.prototype, { step: listening })
    try {
      expect(verify(vk, t.statement, proof, { minBits: BITS })).toMatchObject({ ok: true })
    } finally {
      Reflect.deleteProperty(VerifierTranscript.prototype, 'step')
    }
    const round = ['sent gkr round', 'drawn gkr challenge']
    const layers = Array.from({ length: 9 }, (_, rounds) => [
      'drawn gkr lambda',
      ...Array.from({ length: rounds }, () => round).flat(),
      'sent gkr values',
      'drawn gkr half',
    ])
    expect(steps).toEqual([
      'known protocol',
      'known verifying key',
      ...['tables', 'image'].flatMap(() => ['known preprocessed root', 'known preprocessed heights']),
      'known public values',
      'known public terms',
      'known statement',
      'sent log heights',
      'sent main root',
      'drawn logup',
      'sent fraction sums',
      ...layers.flat(),
      'sent column claims',
      'drawn column weights',
      'sent sums root',
      'drawn composition',
      'sent composition root',
      'drawn ood point',
      'sent sampled values',
      'drawn batching',
      'sent fri root',
      'drawn fri beta',
      'sent fri final',
      'drawn query',
    ])
  })
})
