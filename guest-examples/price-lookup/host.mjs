// Runs and proves price-lookup with a host call of its own: node host.mjs [FOLDER] [--class A|D] [--prices FILE]
// Writes the proof and the audit log to FOLDER. The guest's failure is exit status 1.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { openLog, prove } from 'vouch'
import * as lookup from './price.mjs'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    class: { type: 'string', default: 'A' },
    prices: { type: 'string' },
  },
})
const [folder = '.'] = positionals
const prices = lookup.readPrices(values.prices ?? lookup.file('prices.json'))
const position = { quantity: 900, limit: 1_000_000_00n, symbol: 'ACME' }

const publicInput = lookup.encodePublic(position)
const { proof, audit, imageId, journal, exitCode, report } = await prove(
  new Uint8Array(readFileSync(lookup.file('guest.elf'))),
  {
    privateInput: lookup.encodePrivate(position),
    publicInput,
    manifest: lookup.manifestOf(values.class),
    handlers: { price: lookup.priceHandler(prices) },
  },
)
mkdirSync(folder, { recursive: true })
writeFileSync(join(folder, lookup.PROOF), proof)
writeFileSync(join(folder, lookup.LOG), audit, { mode: 0o600 })

const log = openLog(audit)
process.stdout.write(
  lookup.table([
    ['journal', lookup.describeRun({ publicInput, journal, exitCode })],
    ['cycles', report.cycles],
    ['records', `${log.records.length} host calls in a log of ${audit.length} bytes`],
    ['image id', imageId],
    ['manifest', log.manifestDigest],
    [
      'proof',
      `${proof.length} bytes, ${lookup.provenBits(report)} proven bits, ${report.seconds.toFixed(1)} s`,
    ],
    ['zero-knowledge', 'no: do not rely on this proof to hide the quantity'],
    ['written', `${join(folder, lookup.PROOF)}, ${join(folder, lookup.LOG)}`],
  ]),
)
process.exitCode = exitCode === 0 ? 0 : 1
