import { describe, expect, it } from 'vitest'
import { bytesOfInteger, bytesOfWords } from '../src/codec.ts'
import { P } from '../src/field/m31.ts'
import type { QM31 } from '../src/field/qm31.ts'
import { hex } from '../src/merkle.ts'
import { QM31_BLAKE3 } from '../src/suite.ts'
import type { Suite } from '../src/suite.ts'
import { ProverTranscript, Transcript, VerifierTranscript, isGround } from '../src/transcript.ts'

const elements: QM31[] = [
  [1, 2, 3, 4],
  [0, P - 1, 7, 0],
]

const search =
  (suite: Suite) =>
  async (seed: Uint32Array, bits: number): Promise<number> => {
    let nonce = 0
    while (!isGround(suite, seed, bits, nonce)) nonce++
    return nonce
  }

async function sent(): Promise<ProverTranscript> {
  const t = new ProverTranscript(QM31_BLAKE3)
  t.absorbStatement('hello', Uint8Array.of(1, 2, 3))
  t.sendBytes('root', new Uint8Array(32).fill(9))
  await t.grind('site', 6, search(QM31_BLAKE3))
  t.sendExtensions('values', elements)
  return t
}

const digest = (t: Transcript): string => hex(bytesOfWords(t.seed()))

describe('transcript', () => {
  it('keeps its golden vector', async () => {
    const t = await sent()
    expect(digest(t)).toBe('5afd0847692c0399f3a8f34bc76e91649af379107a71d98f5bf44bb0b1986d63')
    expect(t.drawExtensions('x', 2)).toEqual([
      [1153368958, 1841851988, 1089611434, 673468265],
      [1131852423, 833267988, 1973396638, 2095597770],
    ])
    expect(Array.from(t.drawPositions('q', 4, 20))).toEqual([225225, 442923, 911204, 159459])
  })

  it('gives both sides the same challenges', async () => {
    const p = await sent()
    const v = new VerifierTranscript(QM31_BLAKE3, p.proof())
    v.absorbStatement('hello', Uint8Array.of(1, 2, 3))
    expect(v.receiveBytes('root', 32)).toEqual(new Uint8Array(32).fill(9))
    v.grind('site', 6)
    expect(v.receiveExtensions('values', 2)).toEqual(elements)
    v.end()
    expect(v.drawExtension('x')).toEqual(p.drawExtension('x'))
  })

  it('lets every received bit change what is drawn next', () => {
    const receive = {
      bytes: (t: VerifierTranscript) => void t.receiveBytes('x', 8),
      elements: (t: VerifierTranscript) => void t.receiveElements('x', 2),
      extensions: (t: VerifierTranscript) => void t.receiveExtensions('x', 1),
      nonce: (t: VerifierTranscript) => t.grind('x', 1),
    }
    const drawn = (proof: Uint8Array, read: (t: VerifierTranscript) => void): string => {
      const t = new VerifierTranscript(QM31_BLAKE3, proof)
      read(t)
      return t.drawExtension('y').join()
    }
    for (const read of [receive.bytes, receive.elements, receive.extensions]) {
      const seen = new Set([drawn(new Uint8Array(16), read)])
      const bits = read === receive.extensions ? 128 : 64
      for (let bit = 0; bit < bits; bit++) {
        // The top bit of an element is never set.
        if (bit % 32 === 31) continue
        const proof = new Uint8Array(16)
        proof[bit >> 3] = 1 << (bit % 8)
        seen.add(drawn(proof, read))
      }
      expect(seen.size).toBe(1 + bits - bits / 32)
    }
    const nonces = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9].flatMap((nonce) => {
      try {
        return [drawn(bytesOfInteger(nonce), receive.nonce)]
      } catch {
        return []
      }
    })
    expect(nonces.length).toBeGreaterThan(1)
    expect(new Set(nonces).size).toBe(nonces.length)
  })

  it('never hashes two histories alike: every split of the same bytes, labels and kinds differ', () => {
    const data = Uint8Array.of(1, 2, 3, 4)
    const states = new Set<string>()
    const record = (act: (t: ProverTranscript) => void): void => {
      const t = new ProverTranscript(QM31_BLAKE3)
      act(t)
      states.add(digest(t))
    }
    let count = 0
    for (let i = 0; i <= 4; i++) {
      for (const label of ['a', 'ab']) {
        record((t) => {
          t.sendBytes(label, data.subarray(0, i))
          t.sendBytes(label, data.subarray(i))
        })
        record((t) => {
          t.absorbStatement(label, data.subarray(0, i))
          t.absorbStatement(label, data.subarray(i))
        })
        count += 2
      }
    }
    // A label must not run into its data.
    record((t) => t.sendBytes('ab', Uint8Array.of(99)))
    record((t) => t.sendBytes('abc', new Uint8Array(0)))
    record((t) => t.sendBytes('a', data))
    record((t) => t.drawExtension('a'))
    expect(states.size).toBe(count + 4)
  })

  it('binds the number of challenges and gives fresh ones to a second draw', () => {
    const t = new Transcript(QM31_BLAKE3)
    const u = new Transcript(QM31_BLAKE3)
    const [a] = t.drawExtensions('x', 1)
    expect(t.drawExtension('x')).not.toEqual(a)
    u.drawExtensions('x', 2)
    expect(digest(t)).not.toBe(digest(u))
  })

  it('drops P when sampling, so that every limb is canonical and uniform', () => {
    const stub: Suite = {
      ...QM31_BLAKE3,
      hashEach: () => bytesOfWords([P, 2 ** 31, 2 ** 32 - 1, P - 1, 5, 2 ** 31 + 6, P, 8]),
    }
    expect(new Transcript(stub).drawExtension('x')).toEqual([0, P - 1, 5, 6])
  })

  it('draws positions from the top bits, within range and without visible bias', () => {
    const t = new Transcript(QM31_BLAKE3)
    const counts = Array.from({ length: 16 }, () => 0)
    for (const p of t.drawPositions('q', 16_000, 4)) counts[p]++
    const chi = counts.reduce((s, c) => s + (c - 1000) ** 2 / 1000, 0)
    // 15 degrees of freedom; the seed is fixed, so this passes always or never.
    expect(chi).toBeLessThan(37)
    expect(Math.max(...t.drawPositions('q', 1000, 26))).toBeGreaterThan(2 ** 25)
  })
})

describe('grinding', () => {
  const withWord = (word: number): Suite => ({
    ...QM31_BLAKE3,
    hash: () => bytesOfWords([word, 0, 0, 0, 0, 0, 0, 0]),
  })
  const seed = new Uint32Array(8)

  it('compares all of 0..32 bits exactly', () => {
    for (let bits = 0; bits <= 32; bits++)
      for (let zeros = 0; zeros <= 32; zeros++) {
        const word = zeros === 32 ? 0 : 2 ** zeros
        expect(isGround(withWord(word), seed, bits, 0), `${bits} of ${zeros}`).toBe(zeros >= bits)
      }
    expect(isGround(withWord(2 ** 32 - 1), seed, 1, 0)).toBe(false)
  })

  it('hashes the seed and all 53 bits of the nonce under a key of its own', () => {
    const seen: string[] = []
    const spy: Suite = {
      ...QM31_BLAKE3,
      hash: (key, message) => {
        seen.push(hex(key) + hex(message))
        return new Uint8Array(32)
      },
    }
    isGround(spy, seed, 1, 1)
    isGround(spy, seed, 1, 2 ** 32 + 1)
    expect(seen[0]).not.toBe(seen[1])
    expect(seen[0].startsWith(hex(new TextEncoder().encode('vouch grind v1')))).toBe(true)
  })

  it('sends nothing for 0 bits', async () => {
    const t = new ProverTranscript(QM31_BLAKE3)
    const before = digest(t)
    await t.grind('site', 0, () => Promise.reject(new Error('no search')))
    expect(t.proof().length).toBe(0)
    expect(digest(t)).toBe(before)
  })

  it('refuses a nonce that shows no work, and one of 2^53', () => {
    const receive = (nonce: Uint8Array): void => new VerifierTranscript(QM31_BLAKE3, nonce).grind('site', 20)
    expect(() => receive(bytesOfInteger(0))).toThrow(/grind\/nonce/)
    expect(() => receive(Uint8Array.of(0, 0, 0, 0, 0, 0, 32, 0))).toThrow(/proof\/not-canonical/)
  })

  it('depends on the site and on the bits', async () => {
    const seeds = new Set<string>()
    for (const [site, bits] of [
      ['a', 1],
      ['a', 2],
      ['b', 1],
    ] as const) {
      const t = new ProverTranscript(QM31_BLAKE3)
      await t.grind(site, bits, async (s) => {
        seeds.add(s.join())
        return 0
      })
    }
    expect(seeds.size).toBe(3)
  })
})
