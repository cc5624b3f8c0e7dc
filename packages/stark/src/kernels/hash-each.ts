import { eachKeyedBlake3 } from '@vouch/hash'
import type { HashEach } from '@vouch/hash'
import { HASH_EACH_MODULE } from './hash-each-module.ts'
import { PAGE_BYTES, createMemory, instantiate } from '@vouch/wasm'

declare const atob: (base64: string) => string

const MAX_LENGTH = 1024
const DIGEST_BYTES = 32

/** Byte addresses: the key's 8 splatted words, digests, messages. What is read past the messages lies in the last page. */
const KEY = 0
const TO = 1024
const FROM = 2 ** 18
const BATCH_BYTES = 2 ** 17
const PAGES = (FROM + BATCH_BYTES) / PAGE_BYTES + 1

/**
 * `HashEach` of BLAKE3 in WebAssembly with 128-bit SIMD, in a memory of its own. Throws where the platform lacks it or
 * does not let it be compiled at once.
 */
export function wasmHashEach(): HashEach {
  const memory = createMemory(PAGES)
  const text = atob(HASH_EACH_MODULE)
  const module = new Uint8Array(text.length)
  for (let i = 0; i < text.length; i++) module[i] = text.charCodeAt(i)
  const { hashes } = instantiate(module, { memory })
  const bytes = new Uint8Array(memory.buffer)
  return (key, messages, length) => {
    if (!(length >= 4 && length <= MAX_LENGTH && length % 4 === 0))
      throw new RangeError(`messages of ${length} bytes`)
    for (let i = 0; i < DIGEST_BYTES; i++)
      for (let lane = 0; lane < 4; lane++) bytes[KEY + 16 * (i >> 2) + 4 * lane + (i & 3)] = key[i]
    const count = messages.length / length
    const digests = new Uint8Array(DIGEST_BYTES * count)
    const most = Math.floor(BATCH_BYTES / Math.max(length, DIGEST_BYTES))
    for (let first = 0; first < count; first += most) {
      const some = Math.min(most, count - first)
      bytes.set(messages.subarray(first * length, (first + some) * length), FROM)
      hashes(KEY, FROM, TO, some, length / 4)
      digests.set(bytes.subarray(TO, TO + DIGEST_BYTES * some), DIGEST_BYTES * first)
    }
    return digests
  }
}

let chosen: HashEach | undefined

/** The fastest `HashEach` of BLAKE3 that the platform has, chosen on first use. */
export const blake3Each: HashEach = (key, messages, length) => {
  chosen ??= fastest()
  return chosen(key, messages, length)
}

function fastest(): HashEach {
  try {
    return wasmHashEach()
  } catch {
    return eachKeyedBlake3
  }
}
