// The guests that the benchmarks run, out of guest-examples/.
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const folder = join(dirname(dirname(fileURLToPath(import.meta.url))), 'guest-examples')

const u32 = (n) => new Uint8Array(new Uint32Array([n]).buffer)

/** An example with the inputs of its `example.json`. */
export function exampleGuest(name) {
  const own = join(folder, name)
  const spec = JSON.parse(readFileSync(join(own, 'example.json'), 'utf8'))
  const bytes = (v) =>
    v === undefined || v === null
      ? new Uint8Array(0)
      : v.startsWith('file:')
        ? new Uint8Array(readFileSync(join(own, v.slice(5))))
        : Uint8Array.from(Buffer.from(v.replace(/^hex:/, ''), 'hex'))
  return {
    elf: new Uint8Array(readFileSync(join(own, 'guest.elf'))),
    privateInput: bytes(spec.privateInput),
    publicInput: bytes(spec.publicInput),
  }
}

/** 'mixed' writes, tokenises, sorts and hashes; a round is about 2^14 cycles. */
export const mixedGuest = (rounds) => ({ ...exampleGuest('mixed'), publicInput: u32(rounds) })

/** About a thousand cycles. */
export const smallGuest = () => ({ ...exampleGuest('fibonacci'), publicInput: u32(187) })
