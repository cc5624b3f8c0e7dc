// Rebuilds the guest ELFs in guest-examples/ and packages/bridge/test/guests/ and, where qemu-riscv32 is present, runs
// those of the examples.
//
//   node scripts/regen-guests.mjs [--check] [name...]
//
// Without --check it rewrites each guest.elf. With it, it builds into a temporary folder, compares bytes with the
// committed file and exits 1 on a difference. What the machine lacks a tool for is skipped and said so.
import { spawnSync } from 'node:child_process'
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildGuest, missingToolchain } from './guest-build.mjs'

const FOLDERS = ['../guest-examples/', '../packages/bridge/test/guests/'].map((folder) =>
  fileURLToPath(new URL(folder, import.meta.url)),
)
const QEMU = 'qemu-riscv32'

/** Bytes of an input given as `hex:...` or `file:...`, relative to the guest's folder. */
function inputBytes(guest, spec) {
  if (spec.startsWith('hex:')) return Buffer.from(spec.slice(4), 'hex')
  if (spec.startsWith('file:')) return readFileSync(join(guest, spec.slice(5)))
  throw new Error(`${guest}: an input is hex:... or file:..., got ${spec}`)
}

/** What the example's declared outcome and qemu's differ in, or undefined; `null` where qemu is missing. */
function difference(guest, example, elf, folder) {
  const path = (file) => join(folder, file)
  writeFileSync(path('run.elf'), elf, { mode: 0o755 })
  writeFileSync(path('private'), inputBytes(guest, example.privateInput))
  writeFileSync(path('public'), inputBytes(guest, example.publicInput))
  const fds = [openSync(path('private'), 'r'), openSync(path('journal'), 'w'), openSync(path('public'), 'r')]
  const [input, journal, publicInput] = fds
  const result = spawnSync(QEMU, [path('run.elf')], {
    stdio: [input, 'pipe', 'inherit', journal, publicInput],
  })
  fds.forEach((fd) => closeSync(fd))
  if (result.error?.code === 'ENOENT') return null
  const got = {
    expectedExitCode: result.status,
    expectedJournal: readFileSync(path('journal')).toString('hex'),
    expectedConsole: result.stdout.toString('hex'),
  }
  const wrong = Object.keys(got).find((key) => got[key] !== example[key])
  return wrong && `${wrong} is ${example[wrong]}, qemu gives ${got[wrong]}`
}

const args = process.argv.slice(2)
const check = args.includes('--check')
const wanted = args.filter((arg) => arg !== '--check')
const guests = new Map(
  FOLDERS.flatMap((folder) => readdirSync(folder).map((name) => [name, join(folder, name)]))
    .filter(([, folder]) => existsSync(join(folder, 'main.c')))
    .toSorted(([a], [b]) => (a < b ? -1 : 1)),
)
const unknown = wanted.find((name) => !guests.has(name))
if (unknown !== undefined) {
  console.error(`no such guest: ${unknown} (there are ${[...guests.keys()].join(', ')})`)
  process.exit(2)
}

for (const name of wanted.length > 0 ? wanted : guests.keys()) {
  const guest = guests.get(name)
  const folder = mkdtempSync(join(tmpdir(), 'vouch-guest-'))
  try {
    const committed = join(guest, 'guest.elf')
    const declared = join(guest, 'example.json')
    const example = existsSync(declared) ? JSON.parse(readFileSync(declared, 'utf8')) : undefined
    const library = example?.library ?? 'none'
    const missing = missingToolchain(library)
    const said = []
    if (missing !== undefined) {
      said.push(`build skipped: ${missing}`)
    } else {
      const elf = buildGuest(library, join(guest, 'main.c'), folder)
      const same = existsSync(committed) && elf.equals(readFileSync(committed))
      if (!check && !same) writeFileSync(committed, elf, { mode: 0o755 })
      said.push(same ? 'same bytes' : check ? 'DIFFERS from the committed file' : 'rewritten')
      if (check && !same) process.exitCode = 1
    }
    if (example !== undefined) {
      const wrong = difference(guest, example, readFileSync(committed), folder)
      said.push(
        wrong === null
          ? `run skipped: ${QEMU} is not installed`
          : wrong
            ? `RUN: ${wrong}`
            : 'run as declared',
      )
      if (wrong) process.exitCode = 1
    }
    console.log(`${name}: ${said.join('; ')}`)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
