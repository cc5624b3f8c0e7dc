// Verifies what host.mjs wrote, under two policies: node verify.mjs [FOLDER] [--class A|D] [--prices FILE]
// Exit status 0 if the first accepts it and the second does not.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { manifestDigest, verify } from 'vouch'
import * as lookup from './price.mjs'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    class: { type: 'string', default: 'A' },
    prices: { type: 'string' },
  },
})
const [folder = '.'] = positionals
const read = (path) => new Uint8Array(readFileSync(path))
const elf = read(lookup.file('guest.elf'))
const proof = read(join(folder, lookup.PROOF))
const audit = read(join(folder, lookup.LOG))
const manifest = lookup.hex(manifestDigest(lookup.manifestOf(values.class)))

const check = (policy) => verify(proof, { elf, audit, policy })

function print(name, verdict) {
  if (!verdict.ok) {
    const { code, message, record } = verdict.failure
    process.stdout.write(
      lookup.table([
        [name, 'REJECTED'],
        ['  check', code],
        ...(record === undefined ? [] : [['  record', record]]),
        ['  because', message],
      ]),
    )
    return
  }
  const services = Object.entries(verdict.audit.services)
  const by = (wanted) =>
    services
      .filter(([, { assurance }]) => assurance === wanted)
      .map(([service, { count }]) => `${service} (${count})`)
      .join(', ') || 'none'
  process.stdout.write(
    lookup.table([
      [name, 'accepted'],
      ['  verdict', lookup.describeRun(verdict)],
      ['  proved', by('proved')],
      ['  replayed', by('replayed')],
      ['  advice', by('advice')],
      ['  proven bits', lookup.provenBits(verdict)],
      ['  zero-knowledge', 'no: do not rely on this proof to hide the quantity'],
    ]),
  )
}

const [name, policy, strict, wanted] =
  values.class === 'D'
    ? [
        'own table',
        {
          manifest,
          handlers: {
            price: lookup.priceHandler(lookup.readPrices(values.prices ?? lookup.file('prices.json'))),
          },
        },
        'no table',
        'replay/no-handler',
      ]
    : ['price as advice', { manifest, advice: ['price'] }, 'no advice', 'policy/advice']
const accepted = await check(policy)
print(name, accepted)
const rejected = await check({ manifest })
print(strict, rejected)
process.exitCode = accepted.ok && !rejected.ok && rejected.failure.code === wanted ? 0 : 1
