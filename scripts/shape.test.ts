import { readFileSync, readdirSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const packages = resolve(dirname(fileURLToPath(import.meta.url)), '../packages')

const importsOf = (file: string): string[] =>
  [
    ...readFileSync(file, 'utf8').matchAll(
      /^(?:import|export)\b[^'"]*?from ['"]([^'"]+)['"]|import\(['"]([^'"]+)['"]\)/gm,
    ),
  ].map((m) => (m[1] ?? m[2])!)

/** Every module that a package's entry reaches. */
function reachable(entry: string): { files: Set<string>; outside: Set<string> } {
  const files = new Set<string>()
  const outside = new Set<string>()
  const visit = (file: string): void => {
    if (files.has(file)) return
    files.add(file)
    for (const name of importsOf(file)) {
      if (name.startsWith('.')) visit(resolve(dirname(file), name))
      else if (name.startsWith('@vouch/')) visit(join(packages, name.slice(7), 'src/index.ts'))
      else outside.add(name)
    }
  }
  visit(entry)
  return { files, outside }
}

/** What each package may import, beside its own files. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  hash: [],
  wasm: [],
  engine: ['hash', 'wasm'],
  bridge: ['hash', 'engine'],
  stark: ['hash', 'wasm'],
  machine: ['hash', 'engine', 'stark'],
  verifier: ['hash', 'engine', 'bridge', 'stark', 'machine'],
  prover: ['hash', 'engine', 'bridge', 'stark', 'machine', 'verifier'],
  vouch: ['hash', 'engine', 'bridge', 'stark', 'machine', 'verifier', 'prover'],
}

describe('the shape of the house', () => {
  it('the verifier reaches no Node built-in and one hash library', () => {
    const { files, outside } = reachable(join(packages, 'verifier/src/index.ts'))
    expect([...outside].filter((n) => !n.startsWith('@noble/hashes/'))).toEqual([])
    for (const file of files)
      expect(readFileSync(file, 'utf8'), file).not.toMatch(/\bprocess\.|\bBuffer\.|\brequire\(/)
  })

  it.each(Object.entries(MAY_IMPORT))('%s imports only what stands left of it', (name, allowed) => {
    const folder = join(packages, name, 'src')
    for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
      if (!file.endsWith('.ts')) continue
      for (const from of importsOf(join(folder, file))) {
        const other = /^@vouch\/([a-z]+)/.exec(from)?.[1]
        if (other !== undefined) expect(allowed, `${name}/src/${file} imports ${from}`).toContain(other)
        if (from.startsWith('.'))
          expect(resolve(dirname(join(folder, file)), from)).toContain(`/packages/${name}/src/`)
      }
    }
  })
})
