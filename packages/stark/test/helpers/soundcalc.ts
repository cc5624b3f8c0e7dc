import {
  batchingFactor,
  fieldBits,
  johnsonLineCount,
  outOfDomainZeros,
  queryBits,
  uniqueDecoding,
} from '../../src/security-bounds.ts'
import type { Batching, Regime } from '../../src/security-bounds.ts'

/** One lookup in soundcalc's words: `K` lookups a row of width `S`, charged at K·(rowsL + rowsT)·S. */
export interface SoundcalcLookup {
  readonly name: string
  readonly rowsL: number
  readonly rowsT: number
  readonly S: number
  readonly K: number
  /** Grinding bits. */
  readonly g: number
}

/** A FRI-based proof system in the words of the Ethereum Foundation's `soundcalc`. */
export interface SoundcalcInput {
  /** Trace rows. */
  readonly N: number
  /** log2 of the blowup. */
  readonly b: number
  readonly batch: number
  readonly batching: 'powers' | 'multilinear' | 'affine'
  readonly folds: readonly number[]
  readonly q: number
  /** Grinding bits at the queries, the batching, each commit round and the out-of-domain point. */
  readonly gq: number
  readonly gb: number
  readonly gc: number
  readonly gd: number
  /** Number of constraints. */
  readonly C: number
  readonly d: number
  readonly mc: number
  readonly lookups: readonly SoundcalcLookup[]
}

const BATCHING: Record<SoundcalcInput['batching'], Batching> = {
  powers: 'powers',
  multilinear: 'eq',
  affine: 'independent',
}

/**
 * The bits of every round, and their minimum as `total`, by the conventions of ethereum/soundcalc (809896f):
 * ρ exactly 2^-b, k = N, post-fold domains, powers in the composition, the first form of the DEEP term, a
 * fixed Johnson gap. Values are not floored; soundcalc prints their floors.
 *
 * It serves comparison with other systems only. Our own proofs are judged by `security`.
 */
export function soundcalcBits(
  degree: number,
  regimeName: 'UDR' | 'JBR',
  input: SoundcalcInput,
): Record<string, number> {
  const field = fieldBits(degree)
  const rho = 2 ** -input.b
  const domain = input.N * 2 ** input.b
  const regime = regimeName === 'UDR' ? uniqueDecoding(rho) : soundcalcJohnson(rho, field)
  const line = (length: number): number => field - Math.log2(regime.lineCount(length, length * rho))

  const bits: Record<string, number> = {}
  bits['batching'] =
    line(domain) - Math.log2(batchingFactor(BATCHING[input.batching], input.batch)) + input.gb
  let folded = domain
  input.folds.forEach((arity, i) => {
    folded /= arity
    bits[`commit round ${i + 1}`] = line(folded) - Math.log2(arity - 1) + input.gc
  })
  bits['query phase'] = queryBits(input.q, 1 - regime.theta) + input.gq
  bits['ALI'] = field - Math.log2(regime.listSize * input.C)
  bits['DEEP'] =
    field - Math.log2(regime.listSize * outOfDomainZeros(input.N, input.mc, input.d, 0)) + input.gd
  for (const lookup of input.lookups) {
    const { K, rowsL, rowsT, S, g } = lookup
    bits[lookup.name] = field - Math.log2(K * (rowsL + rowsT) * S) + g
  }
  bits['total'] = Math.min(...Object.values(bits))
  return bits
}

/**
 * soundcalc's Johnson regime under BCHKS25 (ePrint 2025/2055). The gap is fixed, not optimised over m.
 *
 * η is taken back from θ as soundcalc does: the rounding of 1 - √ρ - (1 - √ρ - gap) turns m = 50 into 51 at
 * ρ = 1/2, 1/16 and 1/32 in large fields, worth 0.12 bit, and its published numbers contain that.
 */
function soundcalcJohnson(rho: number, field: number): Regime {
  const root = Math.sqrt(rho)
  const gap = field > 150 ? root / 100 : Math.max(rho / 20, root / 100)
  const theta = 1 - root - gap
  const eta = 1 - root - theta
  const m = Math.max(Math.ceil(root / (2 * eta)), 3)
  return {
    theta,
    listSize: 1 / (2 * gap * root),
    lineCount: (length, dimension) => johnsonLineCount('BCHKS25', { rho, theta, m, length, dimension }),
  }
}
