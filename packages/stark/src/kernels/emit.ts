import { LANES, LOADS, MEMORY_LANES, PLAIN, SIMD, STORES } from './opcodes.ts'

/**
 * A small emitter of WebAssembly modules. A module imports the memory `env.memory` and nothing else, and exports every
 * function that has a name. Function bodies are written as stack code; validity is checked by the engine on compile.
 */
const TYPES = { i32: 0x7f, i64: 0x7e, f64: 0x7c, v128: 0x7b } as const
export type ValueType = keyof typeof TYPES

/** A parameter or local, by index. */
export type Local = { readonly index: number; readonly type: ValueType }
/** A branch target: the end of a block, or the start of a loop. */
export type Label = { readonly depth: number }

export type Plain = keyof typeof PLAIN | keyof typeof SIMD
export type Load = keyof typeof LOADS
export type Store = keyof typeof STORES

/** Unsigned LEB128 of an integer below 2^53. */
export function unsignedLeb(n: number, out: number[]): void {
  let rest = n
  while (rest >= 128) {
    out.push((rest % 128) | 128)
    rest = Math.floor(rest / 128)
  }
  out.push(rest)
}

/** Signed LEB128 of a 64-bit integer. */
export function signedLeb(n: bigint, out: number[]): void {
  let rest = n
  for (;;) {
    const low = Number(rest & 127n)
    rest >>= 7n
    if ((rest === 0n && low < 64) || (rest === -1n && low >= 64)) {
      out.push(low)
      return
    }
    out.push(low | 128)
  }
}

/** One function under construction. Methods append instructions and return the builder. */
export class FunctionBuilder {
  readonly index: number
  readonly params: readonly Local[]
  readonly results: readonly ValueType[]
  readonly code: number[] = []
  readonly #locals: ValueType[] = []
  readonly #free: Record<ValueType, Local[]> = { i32: [], i64: [], f64: [], v128: [] }
  #depth = 0

  constructor(index: number, params: readonly ValueType[], results: readonly ValueType[]) {
    this.index = index
    this.params = params.map((type, i) => ({ index: i, type }))
    this.results = results
  }

  param(i: number): Local {
    return this.params[i]!
  }

  /** A new zeroed local. */
  local(type: ValueType): Local {
    const index = this.params.length + this.#locals.length
    this.#locals.push(type)
    return { index, type }
  }

  /** A local for a while: taken from and given back to a pool. Holds garbage at first. */
  temp<T>(type: ValueType, use: (local: Local) => T): T {
    const local = this.take(type)
    const result = use(local)
    this.give(local)
    return result
  }
  take(type: ValueType): Local {
    return this.#free[type].pop() ?? this.local(type)
  }
  give(...locals: readonly Local[]): this {
    for (const local of locals) this.#free[local.type].push(local)
    return this
  }

  get(...locals: readonly Local[]): this {
    for (const local of locals) this.#emit(0x20, local.index)
    return this
  }
  /** Pops into the locals, the last of the stack into the last named. */
  set(...locals: readonly Local[]): this {
    for (let i = locals.length - 1; i >= 0; i--) this.#emit(0x21, locals[i]!.index)
    return this
  }
  tee(local: Local): this {
    return this.#emit(0x22, local.index)
  }

  /** `n` in [-2^31, 2^32): an unsigned value and its signed twin are the same constant. */
  i32(n: number): this {
    this.code.push(0x41)
    signedLeb(BigInt(n | 0), this.code)
    return this
  }
  i64(n: bigint): this {
    this.code.push(0x42)
    signedLeb(BigInt.asIntN(64, n), this.code)
    return this
  }
  /** Four 32-bit lanes; one number is repeated. Engines rebuild it at each use: keep it in a local. */
  v128(...lanes: readonly [number] | readonly [number, number, number, number]): this {
    this.code.push(0xfd, 0x0c)
    for (let i = 0; i < 4; i++) {
      const w = lanes.length === 1 ? lanes[0] : lanes[i]!
      this.code.push(w & 255, (w >>> 8) & 255, (w >>> 16) & 255, (w >>> 24) & 255)
    }
    return this
  }

  /** Instructions without immediates, one after the other. */
  op(...names: readonly Plain[]): this {
    for (const name of names) {
      if (name in SIMD) this.#simd(SIMD[name as keyof typeof SIMD])
      else this.code.push(PLAIN[name as keyof typeof PLAIN])
    }
    return this
  }

  /** Address on the stack. `offset` bytes are added without wrapping. */
  load(name: Load, offset = 0): this {
    const [opcode, align, simd] = LOADS[name]
    return this.#memory(opcode, align, simd, offset)
  }
  /** Address, then value on the stack. */
  store(name: Store, offset = 0): this {
    const [opcode, align, simd] = STORES[name]
    return this.#memory(opcode, align, simd, offset)
  }
  /** Address, then vector on the stack. */
  memoryLane(name: keyof typeof MEMORY_LANES, offset: number, lane: number): this {
    const [opcode, align] = MEMORY_LANES[name]
    this.#memory(opcode, align, true, offset)
    this.code.push(lane)
    return this
  }
  lane(name: keyof typeof LANES, lane: number): this {
    this.#simd(LANES[name])
    this.code.push(lane)
    return this
  }
  /** i8x16.shuffle by bytes: 0-15 of the lower operand, 16-31 of the upper. */
  shuffleBytes(bytes: readonly number[]): this {
    if (bytes.length !== 16) throw new RangeError(`shuffle of ${bytes.length} bytes`)
    this.#simd(0x0d)
    for (const b of bytes) this.code.push(b)
    return this
  }
  /** i8x16.shuffle by 32-bit words: 0-3 of the lower operand, 4-7 of the upper. */
  shuffle(a: number, b: number, c: number, d: number): this {
    return this.shuffleBytes([a, b, c, d].flatMap((w) => [4 * w, 4 * w + 1, 4 * w + 2, 4 * w + 3]))
  }

  block(body: (end: Label) => void): this {
    return this.#nest([0x02, 0x40], body)
  }
  loop(body: (start: Label) => void): this {
    return this.#nest([0x03, 0x40], body)
  }
  /** Condition (i32) on the stack. */
  if(then: () => void, otherwise?: () => void): this {
    return this.#nest([0x04, 0x40], () => {
      then()
      if (otherwise !== undefined) {
        this.code.push(0x05)
        otherwise()
      }
    })
  }
  br(label: Label): this {
    return this.#emit(0x0c, this.#depth - label.depth)
  }
  brIf(label: Label): this {
    return this.#emit(0x0d, this.#depth - label.depth)
  }
  call(callee: FunctionBuilder): this {
    return this.#emit(0x10, callee.index)
  }

  /** `local += n` for an i32 local. */
  increment(local: Local, n: number): this {
    return this.get(local).i32(n).op('i32.add').set(local)
  }
  /** `for (; local <u limit; local += step)`; the limit is a local or a constant. */
  while(local: Local, limit: Local | number, step: number, body: () => void): this {
    const condition = (): this => {
      this.get(local)
      return typeof limit === 'number' ? this.i32(limit) : this.get(limit)
    }
    return this.block((end) => {
      condition().op('i32.ge_u').brIf(end)
      this.loop((again) => {
        body()
        this.increment(local, step)
        condition().op('i32.lt_u').brIf(again)
      })
    })
  }

  /** The body with its local declarations and end. */
  encode(): number[] {
    const out: number[] = []
    const runs: { type: ValueType; count: number }[] = []
    for (const type of this.#locals) {
      const last = runs.at(-1)
      if (last?.type === type) last.count++
      else runs.push({ type, count: 1 })
    }
    unsignedLeb(runs.length, out)
    for (const run of runs) {
      unsignedLeb(run.count, out)
      out.push(TYPES[run.type])
    }
    for (const byte of this.code) out.push(byte)
    out.push(0x0b)
    return out
  }

  #emit(opcode: number, immediate: number): this {
    this.code.push(opcode)
    unsignedLeb(immediate, this.code)
    return this
  }
  #simd(opcode: number): this {
    this.code.push(0xfd)
    unsignedLeb(opcode, this.code)
    return this
  }
  #memory(opcode: number, align: number, simd: boolean, offset: number): this {
    if (simd) this.#simd(opcode)
    else this.code.push(opcode)
    this.code.push(align)
    unsignedLeb(offset, this.code)
    return this
  }
  #nest(head: readonly number[], body: (label: Label) => void): this {
    this.code.push(...head)
    this.#depth++
    body({ depth: this.#depth })
    this.#depth--
    this.code.push(0x0b)
    return this
  }
}

export interface ModuleBuilder {
  /** A function; exported when `name` is not empty. */
  func(name: string, params: readonly ValueType[], results?: readonly ValueType[]): FunctionBuilder
  /** The binary module. */
  bytes(): Uint8Array<ArrayBuffer>
}

export function moduleBuilder(): ModuleBuilder {
  const functions: { readonly name: string; readonly builder: FunctionBuilder }[] = []
  return {
    func(name, params, results = []) {
      const builder = new FunctionBuilder(functions.length, params, results)
      functions.push({ name, builder })
      return builder
    },
    bytes() {
      const out: number[] = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00]
      const types = functions.map(({ builder }) => {
        const type: number[] = [0x60]
        vector(
          type,
          builder.params.map(({ type: t }) => [TYPES[t]]),
        )
        vector(
          type,
          builder.results.map((t) => [TYPES[t]]),
        )
        return type
      })
      section(out, 1, types)
      // Limits flag 1: a minimum and a maximum. A shared memory would be flag 3.
      section(out, 2, [[...text('env'), ...text('memory'), 0x02, 0x01, 0x01, 0x80, 0x80, 0x04]])
      section(
        out,
        3,
        functions.map((_, i) => leb(i)),
      )
      section(
        out,
        7,
        functions.flatMap(({ name }, i) => (name === '' ? [] : [[...text(name), 0x00, ...leb(i)]])),
      )
      section(
        out,
        10,
        functions.map(({ builder }) => {
          const body = builder.encode()
          const size = leb(body.length)
          return size.concat(body)
        }),
      )
      return new Uint8Array(out)
    },
  }
}

const leb = (n: number): number[] => {
  const out: number[] = []
  unsignedLeb(n, out)
  return out
}

const text = (s: string): number[] => [s.length, ...Array.from(s, (c) => c.charCodeAt(0))]

function vector(out: number[], items: readonly (readonly number[])[]): void {
  unsignedLeb(items.length, out)
  for (const item of items) for (const byte of item) out.push(byte)
}

function section(out: number[], id: number, items: readonly (readonly number[])[]): void {
  const body: number[] = []
  vector(body, items)
  out.push(id)
  unsignedLeb(body.length, out)
  for (const byte of body) out.push(byte)
}
