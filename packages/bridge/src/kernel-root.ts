import { keyOf, keyedBlake3 } from '@vouch/hash'
import { DEFAULT_CHUNK } from './mm.ts'
import type { Kernel } from './kernel.ts'

const KEY = keyOf('vouch kernel state v1')
/** Longest message that the hash takes in one chunk. */
const BLOCK = 1024

/** Words are little-endian. What has no fixed length is written after its length. */
class Writer {
  private bytes = new Uint8Array(512)
  private length = 0

  u32(...words: readonly number[]): this {
    for (const word of words) {
      if (this.length + 4 > this.bytes.length) this.grow(4)
      for (let i = 0; i < 4; i++) this.bytes[this.length++] = word >>> (8 * i)
    }
    return this
  }

  put(bytes: Uint8Array): this {
    if (this.length + bytes.length > this.bytes.length) this.grow(bytes.length)
    this.bytes.set(bytes, this.length)
    this.length += bytes.length
    return this
  }

  /** A number below 2^53. */
  u64(value: number): this {
    return this.u32(value % 2 ** 32, Math.floor(value / 2 ** 32))
  }

  digest(): Uint8Array {
    return chain(this.bytes.subarray(0, this.length))
  }

  private grow(more: number): void {
    const bytes = new Uint8Array(2 * (this.bytes.length + more))
    bytes.set(this.bytes)
    this.bytes = bytes
  }
}

/** H(length ‖ first bytes), then H(digest ‖ next bytes) and so on: one chunk each. */
function chain(bytes: Uint8Array): Uint8Array {
  const message = new Uint8Array(Math.min(BLOCK, bytes.length + 4))
  new DataView(message.buffer).setUint32(0, bytes.length, true)
  message.set(bytes.subarray(0, BLOCK - 4), 4)
  let digest = keyedBlake3(KEY, message)
  for (let at = BLOCK - 4; at < bytes.length; at += BLOCK - 32) {
    const part = bytes.subarray(at, at + BLOCK - 32)
    const next = new Uint8Array(32 + part.length)
    next.set(digest)
    next.set(part, 32)
    digest = keyedBlake3(KEY, next)
  }
  return digest
}

const known = new WeakMap<object, Uint8Array>()

/** The digest of a part that is never changed, computed once. */
function cached<T extends object>(part: T, write: (writer: Writer, part: T) => void): Uint8Array {
  let digest = known.get(part)
  if (digest === undefined) {
    const writer = new Writer()
    write(writer, part)
    known.set(part, (digest = writer.digest()))
  }
  return digest
}

const SOURCES = ['private', 'public', 'console', 'journal', 'file', 'pipe-in', 'pipe-out']
const utf8 = new TextEncoder()

/** Digest of all that the kernel remembers: equal exactly when that is equal. */
export function kernelRoot(kernel: Kernel): Uint8Array {
  const { stack } = kernel.signals
  const writer = new Writer()
    .u32(kernel.epoch, kernel.brk, kernel.mmapNext, kernel.dropped, kernel.noNewPrivs ? 1 : 0)
    .u32(kernel.tidAddress, kernel.charged, kernel.nanoseconds)
    .u64(kernel.randomAt)
    .u64(kernel.seconds)
    .u32(kernel.signals.maskLow, kernel.signals.maskHigh, stack.sp, stack.flags, stack.size)
    .put(cached(kernel.fds, (w, fds) => w.u32(fds.length, ...fds)))
    .put(
      cached(kernel.files, (w, files) => {
        w.u32(files.length)
        for (const file of files)
          if (file === undefined) w.u32(0)
          else
            w.u32(1, SOURCES.indexOf(file.source), file.rights, file.origin, file.pipe)
              .u64(file.size)
              .u64(file.offset)
              .u32(file.digest.length)
              .put(utf8.encode(file.digest))
      }),
    )
    .put(
      cached(kernel.pipes, (w, pipes) => {
        w.u32(pipes.length)
        for (const pipe of pipes) {
          w.u32(pipe === undefined ? 0 : 1)
          // Slot by slot, so that a call pays for those it changed.
          if (pipe !== undefined)
            w.put(
              cached(pipe, (p) => {
                p.u32(pipe.slots.length)
                for (const slot of pipe.slots) p.u32(slot.length).put(cached(slot, (c) => c.put(slot)))
              }),
            )
        }
      }),
    )
    .put(
      cached(kernel.map, (w, map) => {
        map.forEach((chunk, index) => {
          if (chunk !== DEFAULT_CHUNK) w.u32(index).put(cached(chunk, (c) => c.put(chunk)))
        })
      }),
    )
    .put(
      cached(kernel.signals.actions, (w, actions) => {
        for (let i = 0; i < 65; i++) {
          const action = actions[i]
          w.u32(action?.handler ?? 0, action?.flags ?? 0, action?.maskLow ?? 0, action?.maskHigh ?? 0)
        }
      }),
    )
    .put(cached(kernel.limits, (w, limits) => limits.forEach((limit) => w.u32(...limit))))
  return writer.digest()
}
