export { ByteBuffer } from './byte-buffer.ts'
export { moduleBuilder } from './emit.ts'
export type {
  FunctionBuilder,
  Global,
  Label,
  Load,
  Local,
  ModuleBuilder,
  Plain,
  Store,
  ValueType,
} from './emit.ts'
export { MAX_PAGES, PAGE_BYTES, createMemory, instantiate, instantiateAsync } from './webassembly.ts'
export type { WasmFunction, WasmMemory } from './webassembly.ts'
