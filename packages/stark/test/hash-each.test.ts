import { eachKeyedBlake3, keyOf } from '@vouch/hash'
import { describe, expect, it, vi } from 'vitest'
import { hashEachModule } from '../src/kernels/emit-hash-each.ts'
import { HASH_EACH_MODULE } from '../src/kernels/hash-each-module.ts'
import { blake3Each, wasmHashEach } from '../src/kernels/hash-each.ts'

const key = keyOf('a key of some words')
const messages = (count: number, length: number): Uint8Array =>
  Uint8Array.from({ length: count * length }, (_, i) => Math.imul(i + 1, 2654435761) >>> 24)

describe('hashEach in WebAssembly', () => {
  const each = wasmHashEach()

  it('agrees with the plain hash on every length, and on counts that fill no quadruple', () => {
    for (let length = 4; length <= 1024; length += 4) {
      const some = messages(1 + (length % 7), length)
      expect(each(key, some, length), `${length} bytes`).toEqual(eachKeyedBlake3(key, some, length))
    }
    for (let count = 0; count <= 9; count++)
      for (const length of [36, 64, 160])
        expect(each(key, messages(count, length), length)).toEqual(
          eachKeyedBlake3(key, messages(count, length), length),
        )
  })

  it('agrees over more messages than its memory holds at once', () => {
    for (const length of [4, 64, 1020, 1024]) {
      const some = messages(Math.ceil(300_000 / length), length)
      expect(each(key, some, length)).toEqual(eachKeyedBlake3(key, some, length))
    }
  })

  it('forgets the key and the messages of the call before', () => {
    const long = each(key, messages(4, 1024), 1024)
    const other = each(keyOf('another'), messages(1, 4), 4)
    expect(other).toEqual(eachKeyedBlake3(keyOf('another'), messages(1, 4), 4))
    expect(each(key, messages(4, 1024), 1024)).toEqual(long)
  })

  it('refuses lengths that it does not hash', () => {
    for (const length of [0, 3, 1028, 1024.5, NaN])
      expect(() => each(key, new Uint8Array(4), length)).toThrow(RangeError)
  })

  it('is the module that emit-hash-each.ts gives, and small enough to be compiled at once anywhere', () => {
    const bytes = hashEachModule()
    expect(Buffer.from(bytes).toString('base64')).toBe(HASH_EACH_MODULE)
    expect(bytes.length).toBeLessThan(4096)
  })
})

describe('blake3Each', () => {
  it('hashes the same where there is no WebAssembly', async () => {
    const expected = blake3Each(key, messages(5, 64), 64)
    vi.stubGlobal('WebAssembly', undefined)
    vi.resetModules()
    const fresh = await import('../src/kernels/hash-each.ts')
    expect(() => fresh.wasmHashEach()).toThrow()
    expect(fresh.blake3Each(key, messages(5, 64), 64)).toEqual(expected)
    vi.unstubAllGlobals()
  })
})
