export type ManifestErrorCode = 'manifest/size' | 'manifest/syntax' | 'manifest/field'

/** A manifest that is not one; `path` is where, such as `fds[2].rights[0]`, and empty for all of it. */
export class ManifestError extends Error {
  override readonly name = 'ManifestError'
  readonly code: ManifestErrorCode
  readonly path: string
  readonly expected: string
  readonly got: string
  constructor(code: ManifestErrorCode, path: string, expected: string, got: unknown) {
    const shown = describe(got)
    super(`${path === '' ? 'manifest' : path}: expected ${expected}, got ${shown}`)
    this.code = code
    this.path = path
    this.expected = expected
    this.got = shown
  }
}

function describe(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object' && value !== null) return 'an object'
  const text = JSON.stringify(value)
  return text.length > 80 ? `${text.slice(0, 80)}…` : text
}

/** A JSON value with its place. Every method throws `ManifestError` for what it does not expect. */
export class JsonReader {
  readonly value: unknown
  readonly path: string
  constructor(value: unknown, path: string) {
    this.value = value
    this.path = path
  }

  error(expected: string): ManifestError {
    return new ManifestError('manifest/field', this.path, expected, this.value)
  }

  /** The keys of an object of at most `most`. */
  names(most: number): string[] {
    if (typeof this.value !== 'object' || this.value === null || Array.isArray(this.value))
      throw this.error('an object')
    const names = Object.keys(this.value)
    if (names.length > most) throw this.error(`an object of at most ${most} keys`)
    return names
  }

  /** Refuses keys that are not known. */
  keys(known: readonly string[]): void {
    for (const name of this.names(Infinity))
      if (!known.includes(name))
        throw new ManifestError('manifest/field', this.path, `one of ${known.join(', ')}`, name)
  }

  /** What stands under a key, undefined if nothing does. */
  at(key: string): JsonReader {
    this.names(Infinity)
    const value = Object.hasOwn(this.value as object, key)
      ? (this.value as Record<string, unknown>)[key]
      : undefined
    return new JsonReader(value, this.path === '' ? key : `${this.path}.${key}`)
  }

  optional<T>(key: string, read: (value: JsonReader) => T): T | undefined {
    const value = this.at(key)
    return value.value === undefined ? undefined : read(value)
  }

  list<T>(most: number, read: (item: JsonReader) => T): T[] {
    const { value, path } = this
    if (!Array.isArray(value)) throw this.error('a list')
    if (value.length > most)
      throw new ManifestError('manifest/field', path, `at most ${most} items`, value.length)
    return value.map((item, i) => read(new JsonReader(item, `${path}[${i}]`)))
  }

  /** A list without repetition, as far as `identity` tells items apart. */
  set<T>(most: number, read: (item: JsonReader) => T, identity: (item: T) => string = String): T[] {
    const seen = new Set<string>()
    return this.list(most, (reader) => {
      const item = read(reader)
      const id = identity(item)
      if (seen.has(id)) throw new ManifestError('manifest/field', reader.path, 'each item once', id)
      seen.add(id)
      return item
    })
  }

  integer(least: number, most: number): number {
    const { value } = this
    if (typeof value !== 'number' || !Number.isInteger(value) || value < least || value > most)
      throw this.error(least === most ? String(least) : `a whole number from ${least} to ${most}`)
    // -0 would have a second text.
    return value + 0
  }

  boolean(): boolean {
    if (typeof this.value !== 'boolean') throw this.error('true or false')
    return this.value
  }

  text(pattern: RegExp, expected: string): string {
    if (typeof this.value !== 'string' || !pattern.test(this.value)) throw this.error(expected)
    return this.value
  }

  oneOf<T extends string>(names: readonly T[]): T {
    const found = names.find((name) => name === this.value)
    if (found === undefined) throw this.error(`one of ${names.join(', ')}`)
    return found
  }
}

/** A key that stands twice in one object of valid JSON. */
export function repeatedKey(json: string): string | undefined {
  const open: (Set<string> | undefined)[] = []
  // In valid JSON a string before a colon is a key.
  for (const [token, text, colon] of json.matchAll(/("[^"\\]*(?:\\.[^"\\]*)*")(\s*:)?|[[\]{}]/g)) {
    if (token === '{') open.push(new Set())
    else if (token === '[') open.push(undefined)
    else if (token === '}' || token === ']') open.pop()
    else if (colon !== undefined) {
      const name = JSON.parse(text) as string
      const names = open[open.length - 1]
      if (names?.has(name) === true) return name
      names?.add(name)
    }
  }
  return undefined
}
