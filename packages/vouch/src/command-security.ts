import { cutRows, logHeightFor, riscvAir, riscvChips } from '@vouch/machine'
import { PROFILES, security, shapeOf } from '@vouch/stark'
import type { ProfileName, RegimeReport, SecurityReport, Shape } from '@vouch/stark'
import { EXIT } from './cli-error.ts'
import type { ExitStatus } from './cli-error.ts'
import { bits, count, toJson } from './format.ts'
import { DEFAULT_PROFILE } from './options.ts'
import { securityDocument, table } from './summary.ts'

export interface SecurityFlags {
  readonly profile?: ProfileName
  readonly cycles?: number
  readonly json?: true
}

export async function securityCommand(flags: SecurityFlags): Promise<ExitStatus> {
  const profile = flags.profile ?? DEFAULT_PROFILE
  const cycles = flags.cycles ?? 1_000_000
  const report = security(PROFILES[profile], typicalShape(cycles))
  if (flags.json) {
    const { parameters, shape, ...regimes } = report
    const document = {
      ok: true,
      profile,
      cycles,
      security: securityDocument(report),
      parameters,
      shape,
      regimes,
    }
    process.stdout.write(toJson(document) + '\n')
    return EXIT.ok
  }
  process.stdout.write(describe(profile, cycles, report))
  return EXIT.ok
}

/** Rows of a chip for each cycle of a run with a common mix of instructions; 1/8 where nothing is said. */
const ROWS_PER_CYCLE: Readonly<Record<string, number>> = { addi: 1 / 3, memory: 1 / 16, gap: 1 / 64 }
const OTHER_ROWS_PER_CYCLE = 1 / 8
/** A program of some 4,000 instructions. */
const PROGRAM_ROWS = 4096

/** The shape that a run of this length has: every declaration present, the dense table, a few public bytes. */
export function typicalShape(cycles: number): Shape {
  const isCut = (name: string): boolean => riscvAir.chips.some((chip) => chip.name === `${name}/2`)
  const rows = (name: string): number =>
    name === 'rom' || name === 'image'
      ? PROGRAM_ROWS
      : cycles * (ROWS_PER_CYCLE[name] ?? OTHER_ROWS_PER_CYCLE)
  const chips = riscvChips
    .filter((chip) => chip.name !== 'tables-sparse')
    .flatMap((chip) => {
      const all = Math.ceil(rows(chip.name))
      const tables = isCut(chip.name) ? cutRows(all, chip.columns.length) : [all]
      return tables.map((own) => ({ ...chip, logHeight: chip.fixedLogHeight ?? logHeightFor(own) }))
    })
  return shapeOf(
    chips.map((chip) => ({
      logHeight: chip.logHeight,
      // As if each chip had a height of its own: four constraints on its sums, eight columns at two points.
      constraints: chip.constraints.length + 4,
      batchTerms:
        chip.columns.length + (chip.preprocessed?.columns.length ?? 0) + chip.prevColumns.length + 16,
      messages: chip.messages.length,
    })),
    {
      publicTerms: 64,
      tupleWidth: Math.max(...chips.flatMap((chip) => chip.messages.map((m) => m.bus.fields.length + 1))),
      extraBatchTerms: 8,
    },
  )
}

function describe(profile: ProfileName, cycles: number, report: SecurityReport): string {
  const { parameters, shape, provenUDR } = report
  const regimes = [
    report.provenJohnson,
    report.johnsonDKT26,
    report.johnsonBCIKS20,
    report.conjecturedRandomWords,
  ]
  return [
    `${profile}, a run of ${count(cycles)} cycles with a common mix of instructions; a real proof computes its own.\n\n`,
    table([
      ['blowup', String(2 ** parameters.logBlowup)],
      ['queries', String(parameters.queries)],
      ['height', `2^${shape.logHeight} rows`],
      ['constraints', count(shape.constraints)],
      ['DEEP terms', count(shape.batchTerms)],
      ['bus fractions', count(shape.logupTerms)],
    ]),
    `\nProven, ${provenUDR.law}: ${bits(provenUDR.bits)} bits, by ${provenUDR.binding.name}\n`,
    table(
      provenUDR.terms.map((term) => [
        `  ${term.name}`,
        `${bits(term.bits).padStart(6)} = ${bits(term.statistical)} statistical + ${term.grinding} grinding`,
      ]),
    ),
    `  union of all rounds ${bits(provenUDR.union)}; with every grinding bit written off ${bits(provenUDR.withoutGrinding)}\n`,
    '\nOther regimes, for comparison; none of them carries the figure above:\n',
    table(regimes.map((regime) => [`  ${regime.law}`, other(regime)])),
  ].join('')
}

function other(regime: RegimeReport): string {
  const kind = regime.law.includes('conjecture') ? 'conjectured' : 'proven'
  return `${bits(regime.bits)} bits ${kind}, by ${regime.binding.name}`
}
