export { CHUNK_ROWS, INITIAL_SP, JOURNAL_CURSOR, PUBLIC_CURSOR, REGISTER_SLOTS, SINK } from '@vouch/engine'
export type { EcallRecord, HaltRecord, Trace, TraceChunk, TouchedMemory } from '@vouch/engine'
