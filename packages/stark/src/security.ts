import { parameters } from './profiles.ts'
import type { Profile } from './profiles.ts'
import { InsecureParameters, securityOf } from './security-report.ts'
import type { RegimeReport, SecurityReport, Shape } from './security-report.ts'

/**
 * The bits of a proof of this shape under this profile: proven with unique decoding, proven up to the Johnson
 * radius, and conjectured up to the barrier of random words, each apart with its terms.
 *
 * Prover and verifier call it with the same inputs, the verifying key's and the heights, and hand the result
 * to `assertSecure` before anything else. The bits are those of the interactive rounds; Fiat-Shamir multiplies
 * the error by the number of hash calls an attacker makes (Block et al., ePrint 2023/1071).
 *
 * Throws `InsecureParameters` when no allowed parameters reach the profile's target.
 */
export function security(profile: Profile, shape: Shape): SecurityReport {
  return securityOf(parameters(profile, shape), shape)
}

/** Throws `InsecureParameters` ('security/below-target') unless the proven bits of `regime` reach `minBits`. */
export function assertSecure(
  report: SecurityReport,
  minBits: number,
  regime: 'provenUDR' | 'provenJohnson' = 'provenUDR',
): void {
  const { bits, binding, law } = report[regime]
  // Negated, so that NaN on either side is refused.
  if (!(bits >= minBits))
    throw new InsecureParameters(
      'security/below-target',
      `${floor(bits)} proven bits (${law}, bound by ${binding.name}), ${minBits} asked for`,
    )
}

/** The report for a reader, one line a regime, rounded down: '100.0 = 80.0 statistical + 20 grinding (query)'. */
export function describeSecurity(report: SecurityReport): string {
  const rows: [string, RegimeReport][] = [
    ['proven', report.provenUDR],
    ['proven', report.provenJohnson],
    ['proven', report.johnsonDKT26],
    ['proven', report.johnsonBCIKS20],
    ['conjectured', report.conjecturedRandomWords],
  ]
  return rows
    .map(([label, { law, bits, binding, union, withoutGrinding }]) => {
      const split = `${floor(binding.statistical)} statistical + ${binding.grinding} grinding`
      const rest = `union bound ${floor(union)}, without grinding ${floor(withoutGrinding)}`
      return `${label} (${law}): ${floor(bits)} = ${split} (${binding.name}); ${rest}`
    })
    .join('\n')
}

/** Bits are never rounded up. */
function floor(bits: number): string {
  return (Math.floor(bits * 10) / 10).toFixed(1)
}
