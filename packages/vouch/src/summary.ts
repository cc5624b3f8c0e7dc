import type { SecurityReport } from '@vouch/stark'
import { bits } from './format.ts'

export const NOT_ZERO_KNOWLEDGE = 'no — do not rely on this proof to hide the private input'

/** Bits to one decimal, rounded down. */
function floored(value: number): number {
  return Math.floor(value * 10) / 10
}

/** The figures of a report that go beside a proof; proven and conjectured apart. */
export function securityDocument(report: SecurityReport): Record<string, unknown> {
  const { provenUDR, provenJohnson, conjecturedRandomWords } = report
  return {
    provenBits: floored(provenUDR.bits),
    law: provenUDR.law,
    boundBy: provenUDR.binding.name,
    withoutGrindingBits: floored(provenUDR.withoutGrinding),
    unionBits: floored(provenUDR.union),
    provenJohnsonBits: floored(provenJohnson.bits),
    conjecturedBits: floored(conjecturedRandomWords.bits),
  }
}

export function securityLine({ provenUDR, conjecturedRandomWords }: SecurityReport): string {
  return (
    `${bits(provenUDR.bits)} proven bits (${provenUDR.law}; bound by ${provenUDR.binding.name}), ` +
    `${bits(conjecturedRandomWords.bits)} conjectured`
  )
}

/** Label and value in two columns. */
export function table(rows: readonly (readonly [label: string, value: string])[]): string {
  const width = Math.max(...rows.map(([label]) => label.length))
  return rows.map(([label, value]) => `${label.padEnd(width)}  ${value}\n`).join('')
}
