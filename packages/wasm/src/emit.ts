import { ByteBuffer } from './byte-buffer.ts'
import { LANES, LOADS, MEMORY_LANES, PLAIN, SIMD, STORES } from './opcodes.ts'
import { MAX_PAGES } from './webassembly.ts'

/**
 * A small emitter of WebAssembly modules. A module imports the memory `env.memory`, the constants that it names, and the
 * table `env.table` where asked for, and exports every function that has a name. Function bodies are written as stack code;
 * validity is checked by the engine on compile.
 */
const TYPES = { i32: 0x7f, i64: 0x7e, f64: 0x7c, v128: 0x7b } as const
export type ValueType = keyof typeof TYPES

const PLAIN_OPCODES: Readonly<Record<string, number | undefined>> = PLAIN
const SIMD_OPCODES: Readonly<Record<string, number>> = SIMD
/** The type of a block that leaves nothing on the stack. */
const NO_RESULT = 0x40

/** A parameter or local, by index. */
export type Local = { readonly index: number; readonly type: ValueType }
/** An imported i32 constant, by index. */
export type Global = { readonly global: number }
/** A branch target: the end of a block, or the start of a loop. */
export type Label = { readonly depth: number }

export type Plain = keyof typeof PLAIN | keyof typeof SIMD
export type Load = keyof typeof LOADS
export type Store = keyof typeof STORES

/** One function under construction. Methods append instructions and return the builder. */
export class FunctionBuilder {
  readonly index: number
  readonly params: readonly Local[]
  readonly results: readonly ValueType[]
  readonly #code = new ByteBuffer(1024)
  readonly #locals: ValueType[] = []
  readonly #free: Record<ValueType, Local[]> = { i32: [], i64: [], f64: [], v128: [] }
  #depth = 0

  constructor(index: number, params: readonly ValueType[], results: readonly ValueType[]) {
    this.index = index
    this.params = params.map((type, i) => ({ index: i, type }))
    this.results = results
  }

  param(i: number): Local {
    return this.params[i]
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
    for (let i = 0; i < locals.length; i++) this.#emit(0x20, locals[i].index)
    return this
  }
  /** Pops into the locals, the last of the stack into the last named. */
  set(...locals: readonly Local[]): this {
    for (let i = locals.length - 1; i >= 0; i--) this.#emit(0x21, locals[i].index)
    return this
  }
  tee(local: Local): this {
    return this.#emit(0x22, local.index)
  }

  /** An imported constant plus `offset`. */
  global(constant: Global, offset = 0): this {
    this.#emit(0x23, constant.global)
    return offset === 0 ? this : this.i32(offset).op('i32.add')
  }
  /** `n` in [-2^31, 2^32): an unsigned value and its signed twin are the same constant. */
  i32(n: number): this {
    this.#code.byte(0x41)
    this.#code.signed(n | 0)
    return this
  }
  /** `n` a safe integer. */
  i64(n: number): this {
    this.#code.byte(0x42)
    this.#code.signed(n)
    return this
  }
  /** Four 32-bit lanes; one number is repeated. Engines rebuild it at each use: keep it in a local. */
  v128(...lanes: readonly [number] | readonly [number, number, number, number]): this {
    this.#simd(0x0c)
    for (let i = 0; i < 4; i++) {
      const w = lanes.length === 1 ? lanes[0] : lanes[i]
      for (let shift = 0; shift < 32; shift += 8) this.#code.byte(w >>> shift)
    }
    return this
  }

  /** Instructions without immediates, one after the other. */
  op(...names: readonly Plain[]): this {
    for (let i = 0; i < names.length; i++) {
      const plain = PLAIN_OPCODES[names[i]]
      if (plain === undefined) this.#simd(SIMD_OPCODES[names[i]])
      else this.#code.byte(plain)
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
    this.#code.byte(lane)
    return this
  }
  lane(name: keyof typeof LANES, lane: number): this {
    this.#simd(LANES[name])
    this.#code.byte(lane)
    return this
  }
  /** i8x16.shuffle by bytes: 0-15 of the lower operand, 16-31 of the upper. */
  shuffleBytes(bytes: readonly number[]): this {
    if (bytes.length !== 16) throw new RangeError(`shuffle of ${bytes.length} bytes`)
    this.#simd(0x0d)
    this.#code.append(bytes)
    return this
  }
  /** i8x16.shuffle by 32-bit words: 0-3 of the lower operand, 4-7 of the upper. */
  shuffle(a: number, b: number, c: number, d: number): this {
    this.#simd(0x0d)
    for (const word of [a, b, c, d]) for (let i = 0; i < 4; i++) this.#code.byte(4 * word + i)
    return this
  }

  block(body: (end: Label) => void): this {
    return this.#nest(0x02, body)
  }
  loop(body: (start: Label) => void): this {
    return this.#nest(0x03, body)
  }
  /** Condition (i32) on the stack. */
  if(then: () => void, otherwise?: () => void): this {
    return this.#nest(0x04, () => {
      then()
      if (otherwise !== undefined) {
        this.#code.byte(0x05)
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
  /** Index (i32) on the stack; one that has no label goes to `otherwise`. */
  brTable(labels: readonly Label[], otherwise: Label): this {
    this.#emit(0x0e, labels.length)
    for (const label of [...labels, otherwise]) this.#code.unsigned(this.#depth - label.depth)
    return this
  }
  call(callee: FunctionBuilder): this {
    return this.#emit(0x10, callee.index)
  }
  /** Arguments, then an index into the imported table on the stack: calls the function there, of the type of `like`. */
  callIndirect(like: FunctionBuilder): this {
    this.#emit(0x11, like.index)
    this.#code.byte(0)
    return this
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

  /** Appends the body with its size in front, its local declarations and its end. */
  encode(out: ByteBuffer): void {
    const runs: { type: ValueType; count: number }[] = []
    for (const type of this.#locals) {
      const last = runs.at(-1)
      if (last?.type === type) last.count++
      else runs.push({ type, count: 1 })
    }
    const locals = new ByteBuffer()
    locals.unsigned(runs.length)
    for (const run of runs) {
      locals.unsigned(run.count)
      locals.byte(TYPES[run.type])
    }
    out.unsigned(locals.length + this.#code.length + 1)
    out.append(locals.view())
    out.append(this.#code.view())
    out.byte(0x0b)
  }

  #emit(opcode: number, immediate: number): this {
    this.#code.byte(opcode)
    this.#code.unsigned(immediate)
    return this
  }
  #simd(opcode: number): void {
    this.#code.byte(0xfd)
    this.#code.unsigned(opcode)
  }
  #memory(opcode: number, align: number, simd: boolean, offset: number): this {
    if (simd) this.#simd(opcode)
    else this.#code.byte(opcode)
    this.#code.byte(align)
    this.#code.unsigned(offset)
    return this
  }
  #nest(opcode: number, body: (label: Label) => void): this {
    this.#code.byte(opcode)
    this.#code.byte(NO_RESULT)
    this.#depth++
    body({ depth: this.#depth })
    this.#depth--
    this.#code.byte(0x0b)
    return this
  }
}

export interface ModuleBuilder {
  /** A function; exported when `name` is not empty. */
  func(name: string, params: readonly ValueType[], results?: readonly ValueType[]): FunctionBuilder
  /** The i32 constant `env[name]` of the instance. */
  importConstant(name: string): Global
  /** The binary module. */
  bytes(): Uint8Array<ArrayBuffer>
}

export interface ModuleOptions {
  /** The memory is one that several threads share. A module of one kind does not link to a memory of the other. */
  readonly shared?: boolean
  /** Import a table of functions, for `callIndirect`. */
  readonly table?: boolean
}

export function moduleBuilder({ shared = false, table = false }: ModuleOptions = {}): ModuleBuilder {
  const constants: string[] = []
  const functions: { readonly name: string; readonly builder: FunctionBuilder }[] = []
  return {
    func(name, params, results = []) {
      const builder = new FunctionBuilder(functions.length, params, results)
      functions.push({ name, builder })
      return builder
    },
    importConstant: (name) => ({ global: constants.push(name) - 1 }),
    bytes() {
      const out = new ByteBuffer(1 << 16)
      out.append([0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00])
      section(out, SECTION.type, functions, ({ builder }, body) => {
        body.byte(0x60)
        types(
          body,
          builder.params.map((p) => p.type),
        )
        types(body, builder.results)
      })
      const imports = ['memory', ...(table ? ['table'] : []), ...constants]
      section(out, SECTION.import, imports, (name, body) => {
        text(body, 'env')
        text(body, name)
        if (name === 'table') {
          // A table of functions; limits flag 0: a minimum.
          body.append([0x01, 0x70, 0x00, 0x00])
          return
        }
        if (name !== 'memory') {
          // An immutable global of type i32.
          body.append([0x03, TYPES.i32, 0x00])
          return
        }
        // A memory; limits flag 1: a minimum and a maximum, 3: the same and shared.
        body.append([0x02, shared ? 0x03 : 0x01])
        body.unsigned(1)
        body.unsigned(MAX_PAGES)
      })
      section(out, SECTION.function, functions, ({ builder }, body) => body.unsigned(builder.index))
      section(
        out,
        SECTION.export,
        functions.filter(({ name }) => name !== ''),
        ({ name, builder }, body) => {
          text(body, name)
          body.byte(0x00)
          body.unsigned(builder.index)
        },
      )
      section(out, SECTION.code, functions, ({ builder }, body) => builder.encode(body))
      return out.view().slice()
    },
  }
}

const SECTION = { type: 1, import: 2, function: 3, export: 7, code: 10 } as const

function section<T>(
  out: ByteBuffer,
  id: number,
  items: readonly T[],
  encode: (item: T, body: ByteBuffer) => void,
): void {
  const body = new ByteBuffer(1024)
  body.unsigned(items.length)
  for (const item of items) encode(item, body)
  out.byte(id)
  out.unsigned(body.length)
  out.append(body.view())
}

function types(out: ByteBuffer, list: readonly ValueType[]): void {
  out.unsigned(list.length)
  for (const type of list) out.byte(TYPES[type])
}

/** ASCII of fewer than 128 characters. */
function text(out: ByteBuffer, s: string): void {
  out.byte(s.length)
  for (let i = 0; i < s.length; i++) out.byte(s.charCodeAt(i))
}
