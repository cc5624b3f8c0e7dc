import { describe, expect, it } from 'vitest'
import { toHex } from '../src/audit-bytes.ts'
import { DEFAULT_MANIFEST, canonicalManifest, manifestDigest, parseManifest } from '../src/manifest.ts'
import type { Manifest } from '../src/manifest.ts'
import { ManifestError } from '../src/manifest-reader.ts'

const parse = (value: object): Manifest => parseManifest(JSON.stringify({ version: 1, ...value }))

function errorOf(run: () => unknown): ManifestError {
  try {
    run()
  } catch (error) {
    if (error instanceof ManifestError) return error
    throw error
  }
  throw new Error('accepted')
}

const CALL = { number: 0x7b00, args: 3, class: 'A' }
const FILE = { fd: 5, source: 'file', rights: ['read', 'seek'], sha256: 'ab'.repeat(32) }

describe('manifests', () => {
  it('what is absent is as in the default', () => {
    expect(parse({})).toEqual(DEFAULT_MANIFEST)
    expect(parse({ syscalls: {}, clock: { mode: 'counter' }, random: { mode: 'seed' }, limits: {} })).toEqual(
      DEFAULT_MANIFEST,
    )
    expect(parse({ limits: { nofile: 5 } }).limits).toEqual({ ...DEFAULT_MANIFEST.limits, nofile: 5 })
  })

  it('the canonical text and digest of the default are fixed', () => {
    expect(canonicalManifest(DEFAULT_MANIFEST)).toBe(
      '{"atomic":"strict","calls":{},"clock":{"epochSeconds":0,"mode":"counter","nsPerCycle":10},' +
        '"fds":[{"fd":0,"rights":["read"],"source":"private"},{"fd":1,"rights":["write"],"source":"console"},' +
        '{"fd":2,"rights":["write"],"source":"console"},{"fd":3,"rights":["write"],"source":"journal"},' +
        '{"fd":4,"rights":["read"],"source":"public"}],' +
        '"limits":{"audit":134217728,"cycles":268435455,"nofile":64},"onDeny":"errno",' +
        `"random":{"mode":"seed","seed":"${'00'.repeat(32)}"},"syscalls":{"allow":["*"],"deny":[]},"version":1}`,
    )
    expect(toHex(manifestDigest(DEFAULT_MANIFEST))).toBe(
      'de05404d3a90e064e8e55b7d10d2eff0a716de9bdbf0278fa603981a9a0e98a8',
    )
  })

  it('what means the same has one text', () => {
    const call = { ...CALL, reads: [{ pointer: 0, length: { argument: 1 } }], registers: [12, 11] }
    const a = parse({
      fds: [FILE, { fd: 0, source: 'private', rights: [] }],
      syscalls: { deny: ['write', 'brk'] },
      calls: { price: call, age: { ...CALL, number: 0x7b01 } },
    })
    const b = parse({
      calls: {
        age: { pc: false, charge: 0, class: 'A', args: 3, number: 0x7b01 },
        price: { ...call, registers: [11, 12], reads: [{ ...call.reads[0], hidden: false }] },
      },
      syscalls: { allow: ['*'], deny: ['brk', 'write'] },
      fds: [
        { rights: [], source: 'private', fd: 0 },
        { ...FILE, rights: ['seek', 'read'] },
      ],
    })
    expect(canonicalManifest(a)).toBe(canonicalManifest(b))
    expect(parseManifest(canonicalManifest(a))).toEqual(a)
    expect(canonicalManifest(parseManifest(canonicalManifest(a)))).toBe(canonicalManifest(a))
  })

  it('T-CA-05 any change changes the digest', () => {
    const call = { ...CALL, writes: [{ pointer: 0, length: { bytes: 8 } }] }
    const digests = [
      {},
      { atomic: 'linux' },
      { onDeny: 'kill' },
      { syscalls: { allow: ['read'] } },
      { syscalls: { deny: ['read'] } },
      { fds: [] },
      { fds: [FILE] },
      { fds: [{ ...FILE, fd: 6 }] },
      { fds: [{ ...FILE, rights: ['read'] }] },
      { fds: [{ ...FILE, sha256: 'ac'.repeat(32) }] },
      { clock: { mode: 'advice' } },
      { clock: { mode: 'none' } },
      { clock: { mode: 'counter', nsPerCycle: 11 } },
      { clock: { mode: 'counter', epochSeconds: 1 } },
      { random: { mode: 'advice' } },
      { random: { mode: 'none' } },
      { random: { mode: 'seed', seed: '01'.repeat(32) } },
      { limits: { cycles: 1 } },
      { limits: { audit: 1 } },
      { limits: { nofile: 5 } },
      { calls: { price: CALL } },
      { calls: { prices: CALL } },
      { calls: { price: { ...CALL, number: 0x7b01 } } },
      { calls: { price: { ...CALL, args: 2 } } },
      { calls: { price: { ...CALL, class: 'D' } } },
      { calls: { price: { ...CALL, pc: true } } },
      { calls: { price: { ...CALL, charge: 1 } } },
      { calls: { price: { ...CALL, registers: [11] } } },
      { calls: { price: call } },
      { calls: { price: { ...call, reads: call.writes, writes: [] } } },
      { calls: { price: { ...call, writes: [{ ...call.writes[0], hidden: true }] } } },
      { calls: { price: { ...call, writes: [{ ...call.writes[0], length: { argument: 1 } }] } } },
    ].map((value) => toHex(manifestDigest(parse(value))))
    expect(new Set(digests).size).toBe(digests.length)
  })

  const refused: readonly (readonly [value: object, path: string, expected: string])[] = [
    [{ version: 2 }, 'version', '1'],
    [{ atomic: 'maybe' }, 'atomic', 'one of strict, linux'],
    [{ onDeny: null }, 'onDeny', 'one of errno, kill'],
    [{ colour: 'red' }, '', 'one of version, '],
    [{ syscalls: { permit: [] } }, 'syscalls', 'one of allow, deny'],
    [{ syscalls: { allow: 'read' } }, 'syscalls.allow', 'a list'],
    [{ syscalls: { allow: ['read', 'read'] } }, 'syscalls.allow[1]', 'each item once'],
    [{ syscalls: { allow: ['\u001b[2J'] } }, 'syscalls.allow[0]', "a name or '*'"],
    [{ syscalls: { deny: ['x'.repeat(65)] } }, 'syscalls.deny[0]', "a name or '*'"],
    [{ fds: {} }, 'fds', 'a list'],
    [{ fds: [FILE, FILE] }, 'fds[1]', 'each item once'],
    [{ fds: [{ ...FILE, fd: 64 }] }, 'fds[0].fd', 'a whole number from 0 to 63'],
    [{ fds: [{ ...FILE, fd: -1 }] }, 'fds[0].fd', 'a whole number from 0 to 63'],
    [{ fds: [{ ...FILE, fd: 0.5 }] }, 'fds[0].fd', 'a whole number from 0 to 63'],
    [{ fds: [{ ...FILE, sha256: 'AB'.repeat(32) }] }, 'fds[0].sha256', '64 hex digits in lower case'],
    [{ fds: [{ fd: 5, source: 'file', rights: [] }] }, 'fds[0].sha256', '64 hex digits in lower case'],
    [{ fds: [{ ...FILE, source: 'socket' }] }, 'fds[0].source', 'one of private, '],
    [{ fds: [{ ...FILE, source: 'public' }] }, 'fds[0]', 'one of fd, source, rights'],
    [{ fds: [{ ...FILE, rights: ['read', 'read'] }] }, 'fds[0].rights[1]', 'each item once'],
    [{ fds: [{ ...FILE, rights: ['write'] }] }, 'fds[0].rights[0]', 'one of read, seek'],
    [{ fds: [{ fd: 3, source: 'journal', rights: ['read'] }] }, 'fds[0].rights[0]', 'one of write'],
    [{ fds: [{ fd: 3, source: 'journal' }] }, 'fds[0].rights', 'a list'],
    [{ limits: { nofile: 4 } }, 'fds', 'at most 4 items'],
    [{ limits: { nofile: 1025 } }, 'limits.nofile', 'a whole number from 1 to 1024'],
    [{ limits: { cycles: 2 ** 28 } }, 'limits.cycles', 'a whole number from 1 to 268435455'],
    [{ limits: { audit: 2 ** 27 + 1 } }, 'limits.audit', 'a whole number from 1 to 134217728'],
    [{ limits: { memory: 1 } }, 'limits', 'one of cycles, audit, nofile'],
    [{ clock: {} }, 'clock.mode', 'one of counter, advice, none'],
    [{ clock: { mode: 'none', nsPerCycle: 1 } }, 'clock', 'one of mode'],
    [{ clock: { mode: 'counter', nsPerCycle: 0 } }, 'clock.nsPerCycle', 'a whole number from 1 to '],
    [{ clock: { mode: 'counter', epochSeconds: 1e12 } }, 'clock.epochSeconds', 'a whole number from 0 to '],
    [{ random: { mode: 'seed', seed: '00' } }, 'random.seed', '64 hex digits in lower case'],
    [{ random: [] }, 'random', 'an object'],
    [{ calls: [] }, 'calls', 'an object'],
    [{ calls: { Price: CALL } }, 'calls.Price', 'a name of a-z, 0-9 and _'],
    [{ calls: { constructor: CALL } }, 'calls.constructor', 'a name of a-z, 0-9 and _'],
    [{ calls: { a: CALL, b: CALL } }, 'calls.b.number', 'a number other than of a'],
    [{ calls: { a: { ...CALL, number: 64 } } }, 'calls.a.number', 'a whole number from 31488 to 31743'],
    [{ calls: { a: { ...CALL, args: 7 } } }, 'calls.a.args', 'a whole number from 0 to 6'],
    [{ calls: { a: { ...CALL, class: 'P' } } }, 'calls.a.class', 'one of D, A'],
    [
      {
        calls: {
          a: { ...CALL, class: 'D', writes: [{ pointer: 0, length: { bytes: 4 }, hidden: true }] },
        },
      },
      'calls.a.writes',
      'only buffers that are shown, for a call of class D',
    ],
    [{ calls: { a: { ...CALL, pc: 1 } } }, 'calls.a.pc', 'true or false'],
    [{ calls: { a: { ...CALL, charge: -1 } } }, 'calls.a.charge', 'a whole number from 0 to '],
    [{ calls: { a: { ...CALL, right: true } } }, 'calls.a', 'one of number, '],
    [{ calls: { a: { ...CALL, registers: [10] } } }, 'calls.a.registers[0]', 'a register beside a0'],
    [{ calls: { a: { ...CALL, registers: [0] } } }, 'calls.a.registers[0]', 'a whole number from 1 to 31'],
    [{ calls: { a: { ...CALL, registers: [11, 11] } } }, 'calls.a.registers[1]', 'each item once'],
    [
      { calls: { a: { ...CALL, reads: [{ pointer: 3, length: { bytes: 1 } }] } } },
      'calls.a.reads[0].pointer',
      'a whole number from 0 to 2',
    ],
    [
      { calls: { a: { ...CALL, args: 0, reads: [{ pointer: 0, length: { bytes: 1 } }] } } },
      'calls.a.reads[0].pointer',
      'no argument',
    ],
    [
      { calls: { a: { ...CALL, writes: [{ pointer: 0, length: { bytes: 0 } }] } } },
      'calls.a.writes[0].length.bytes',
      'a whole number from 1 to ',
    ],
    [
      { calls: { a: { ...CALL, writes: [{ pointer: 0, length: { bytes: 1, argument: 1 } }] } } },
      'calls.a.writes[0].length',
      'an object of at most 1 keys',
    ],
    [
      { calls: { a: { ...CALL, writes: [{ pointer: 0, length: {} }] } } },
      'calls.a.writes[0].length',
      "'argument' or 'bytes'",
    ],
    [
      { calls: { a: { ...CALL, writes: Array(9).fill({ pointer: 0, length: { bytes: 1 } }) } } },
      'calls.a.writes',
      'at most 8 items',
    ],
  ]
  it.each(refused.map(([value, path, expected]) => [`${path}: ${expected}`, value, path, expected] as const))(
    'refuses %s',
    (_name, value, path, expected) => {
      const error = errorOf(() => parse(value))
      expect(error).toMatchObject({ code: 'manifest/field', path })
      expect(error.expected.startsWith(expected), error.message).toBe(true)
      expect(error.message).toBe(
        `${path === '' ? 'manifest' : path}: expected ${error.expected}, got ${error.got}`,
      )
    },
  )

  it('refuses what is no manifest at all', () => {
    for (const text of ['', '{', '[1', 'NaN', '{"version":1,}'])
      expect(errorOf(() => parseManifest(text)).code).toBe('manifest/syntax')
    for (const text of ['null', '[]', '1', '"x"', '[[[]]]'])
      expect(errorOf(() => parseManifest(text))).toMatchObject({ code: 'manifest/field', path: '' })
    expect(errorOf(() => parseManifest('{}'))).toMatchObject({ path: 'version', got: 'nothing' })
    expect(errorOf(() => parseManifest(' '.repeat(2 ** 18 + 1))).code).toBe('manifest/size')
    const buffers = Array(8).fill({ pointer: 0, length: { argument: 0 } }) as unknown[]
    const calls = Array.from({ length: 256 }, (_, i) => [
      `call_${i}`,
      { ...CALL, number: 0x7b00 + i, reads: buffers, writes: buffers },
    ])
    const allow = Array.from({ length: 900 }, (_, i) => `${'x'.repeat(50)}${i}`)
    const text = JSON.stringify({ version: 1, syscalls: { allow }, calls: Object.fromEntries(calls) })
    // It is its canonical text that is too long.
    expect(text.length).toBeLessThan(2 ** 18)
    expect(errorOf(() => parseManifest(text)).code).toBe('manifest/size')
    expect(errorOf(() => parseManifest('['.repeat(2 ** 18)))).toMatchObject({ code: 'manifest/syntax' })
    const deep = '['.repeat(1e5) + ']'.repeat(1e5)
    expect(errorOf(() => parseManifest(deep))).toMatchObject({ code: 'manifest/field' })
  })

  it('refuses a key that stands twice, however it is written', () => {
    for (const text of [
      '{"version":1,"atomic":"strict","atomic":"linux"}',
      '{"version":1,"calls":{"a":{},"\\u0061" :{}}}',
      '{"version":1,"limits":{"nofile":5,"cycles":1,\n"nofile":6}}',
    ])
      expect(errorOf(() => parseManifest(text))).toMatchObject({ expected: 'each key once' })
    expect(() => parseManifest('{"version":1,"syscalls":{"allow":["a"]},"limits":{}}')).not.toThrow()
  })

  it('quotes little of what it refuses', () => {
    const error = errorOf(() => parse({ atomic: 'x'.repeat(1e5) }))
    expect(error.message.length).toBeLessThan(200)
  })
})
