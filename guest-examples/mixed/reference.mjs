// The same computation as main.c, written from its description with Node's own sort, JSON parser and SHA-256.
//
//   node guest-examples/mixed/reference.mjs <rounds>      prints the journal in hex
import { createHash } from 'node:crypto'
import { argv } from 'node:process'
import { fileURLToPath } from 'node:url'

const PUNCTUATION = /[{}[\]:,]/g

/** xorshift32 (Marsaglia 2003) as a function that gives the next state. */
function xorshift(seed) {
  let x = seed
  return () => {
    x ^= x << 13
    x ^= x >>> 17
    x ^= x << 5
    return x >>> 0
  }
}

function letters(random, count) {
  const bits = random()
  return Array.from({ length: count }, (_, i) => String.fromCharCode(97 + ((bits >>> (4 * i)) & 15))).join('')
}

/** The journal, 44 bytes, that the guest writes for `rounds` (1 to 4096). */
export function mixedJournal(rounds) {
  let digest = Buffer.alloc(32)
  let tokens = 0
  let sum = 0
  for (let round = 0; round < rounds; round++) {
    const random = xorshift(digest.readUInt32LE(0) | 1)
    const id = random() >>> 1
    const name = letters(random, 8)
    const score = (random() << 16) >> 16
    const tags = [letters(random, 3), letters(random, 5)]
    const text = JSON.stringify({ id, name, score, tags, ok: (random() & 1) === 1 })
    tokens += text.match(PUNCTUATION).length + 11
    sum = (sum + id + score) | 0

    const keys = Uint32Array.from({ length: 48 }, random).sort()
    const words = Uint32Array.from({ length: 8 }, (_, i) => digest.readUInt32LE(4 * i))
    keys.forEach((key, i) => (words[i & 7] = Math.imul(words[i & 7], 31) + key))
    const head = Buffer.alloc(32)
    words.forEach((word, i) => head.writeUInt32LE(word, 4 * i))
    digest = createHash('sha256').update(head).update(text).digest()
  }
  const counts = Buffer.alloc(12)
  counts.writeUInt32LE(rounds, 0)
  counts.writeUInt32LE(tokens, 4)
  counts.writeInt32LE(sum, 8)
  return Buffer.concat([counts, digest])
}

if (argv[1] === fileURLToPath(import.meta.url)) console.log(mixedJournal(Number(argv[2])).toString('hex'))
