// Rebuilds the guest ELFs in guest-examples/ and, where qemu-riscv32 is present, runs them.
//
//   node scripts/regen-guests.mjs [--check] [name...]
//
// Without --check it rewrites each guest.elf. With it, it builds into a temporary folder, compares bytes with the
// committed file and exits 1 on a difference. What the machine lacks a tool for is skipped and said so.
import { spawnSync } from 'node:child_process'
import {
  closeSync,
  copyFileSync,
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

const EXAMPLES = fileURLToPath(new URL('../guest-examples/', import.meta.url))
const RUNTIME = join(EXAMPLES, 'runtime')
const GCC = 'riscv64-unknown-elf-gcc'
const LD = 'riscv64-unknown-elf-ld'
const QEMU = 'qemu-riscv32'

/** Another version gives other bytes, so it can neither confirm nor replace the committed files. */
const GCC_VERSION = '12.2.0'
const LD_VERSION = '2.40'

const COMPILE =
  '-march=rv32im -mabi=ilp32 -std=c11 -O2 -ffreestanding -fno-tree-loop-distribute-patterns -fno-pic -fno-ident -ffunction-sections -fdata-sections -Wall -Wextra -Werror'.split(
    ' ',
  )
const LINK =
  '-march=rv32im -mabi=ilp32 -nostdlib -static -Wl,--gc-sections -Wl,--build-id=none -Wl,-z,max-page-size=4096'.split(
    ' ',
  )

/** Runs a tool; its standard output, or undefined if it is not installed. Throws when it fails. */
function tool(command, args, options = {}) {
  const result = spawnSync(command, args, { encoding: 'utf8', ...options })
  if (result.error?.code === 'ENOENT') return undefined
  if (result.error) throw result.error
  if (result.status !== 0) throw new Error(`${command} exited with ${result.status}\n${result.stderr}`)
  return result.stdout
}

/** Why the committed bytes cannot be reproduced here, or undefined if they can. */
function missingToolchain() {
  const gcc = tool(GCC, ['-dumpfullversion'])?.trim()
  if (gcc === undefined) return `${GCC} is not installed`
  if (gcc !== GCC_VERSION) return `${GCC} is ${gcc}, the ELFs were built with ${GCC_VERSION}`
  const ld = /(\d+\.\d+)/.exec(
    tool(LD, ['--version'])
      ?.split('\n')[0]
      ?.replace(/\(.*\)/, '') ?? '',
  )?.[1]
  if (ld !== LD_VERSION) return `${LD} is ${ld ?? 'not installed'}, the ELFs were built with ${LD_VERSION}`
  return undefined
}

/**
 * The ELF as bytes. Sources are copied beside the objects and named relatively, because the linker writes file names
 * into the symbol table.
 */
function build(name, folder) {
  const sources = readdirSync(RUNTIME).filter((file) => file !== 'guest.ld')
  for (const file of sources) copyFileSync(join(RUNTIME, file), join(folder, file))
  copyFileSync(join(EXAMPLES, name, 'main.c'), join(folder, 'main.c'))
  const options = { cwd: folder, env: { ...process.env, LC_ALL: 'C', SOURCE_DATE_EPOCH: '0' } }
  const units = ['crt0.S', 'main.c', 'memory.c', 'sha256.c']
  const objects = units.map((unit) => unit.replace(/\.\w$/, '.o'))
  units.forEach((unit, i) => tool(GCC, [...COMPILE, '-c', unit, '-o', objects[i]], options))
  tool(GCC, [...LINK, '-T', join(RUNTIME, 'guest.ld'), ...objects, '-o', 'guest.elf'], options)
  return readFileSync(join(folder, 'guest.elf'))
}

/** Bytes of an input given as `hex:...` or `file:...`, relative to the example. */
function inputBytes(name, spec) {
  if (spec.startsWith('hex:')) return Buffer.from(spec.slice(4), 'hex')
  if (spec.startsWith('file:')) return readFileSync(join(EXAMPLES, name, spec.slice(5)))
  throw new Error(`${name}: an input is hex:... or file:..., got ${spec}`)
}

/** What the example's declared outcome and qemu's differ in, or undefined; `null` where qemu is missing. */
function difference(name, example, elf, folder) {
  const path = (file) => join(folder, file)
  writeFileSync(path('run.elf'), elf, { mode: 0o755 })
  writeFileSync(path('private'), inputBytes(name, example.privateInput))
  writeFileSync(path('public'), inputBytes(name, example.publicInput))
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
const names = readdirSync(EXAMPLES)
  .filter((name) => existsSync(join(EXAMPLES, name, 'example.json')))
  .sort()
const unknown = wanted.find((name) => !names.includes(name))
if (unknown !== undefined) {
  console.error(`no such example: ${unknown} (there are ${names.join(', ')})`)
  process.exit(2)
}

const missing = missingToolchain()
for (const name of wanted.length > 0 ? wanted : names) {
  const folder = mkdtempSync(join(tmpdir(), 'vouch-guest-'))
  try {
    const committed = join(EXAMPLES, name, 'guest.elf')
    const said = []
    if (missing !== undefined) {
      said.push(`build skipped: ${missing}`)
    } else {
      const elf = build(name, folder)
      const same = existsSync(committed) && elf.equals(readFileSync(committed))
      if (!check && !same) writeFileSync(committed, elf, { mode: 0o755 })
      said.push(same ? 'same bytes' : check ? 'DIFFERS from the committed file' : 'rewritten')
      if (check && !same) process.exitCode = 1
    }
    const example = JSON.parse(readFileSync(join(EXAMPLES, name, 'example.json'), 'utf8'))
    const wrong = difference(name, example, readFileSync(committed), folder)
    said.push(
      wrong === null ? `run skipped: ${QEMU} is not installed` : wrong ? `RUN: ${wrong}` : 'run as declared',
    )
    if (wrong) process.exitCode = 1
    console.log(`${name}: ${said.join('; ')}`)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
