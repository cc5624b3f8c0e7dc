import { REGISTER_READ } from './effects.ts'
import { LEAST_ERROR } from './errno.ts'
import { CallFailure } from './host-call.ts'
import type { GrantedCall } from './host-call.ts'
import type { AuditRecord, Section } from './record.ts'
import { bytesReader, bytesWriter, readInto } from './user-memory.ts'
import { wordAt } from './transaction.ts'

/**
 * Does again what a record says that a handler did, through the same checks. A record that says anything else than what
 * a call can do comes out different.
 */
export function applyAdvice(call: GrantedCall, record: AuditRecord): void {
  const each = (kind: Section['kind'], apply: (section: Section) => void): void =>
    record.sections.filter((section) => section.kind === kind).forEach(apply)
  each('copyin', ({ address, length }) => {
    readInto(call.reader(address, length), bytesWriter(new Uint8Array(length)))
  })
  each('register', ({ address }) => {
    if (address >= REGISTER_READ) call.reg(address - REGISTER_READ)
  })
  // No handler can fail so.
  if (record.errno > -LEAST_ERROR) return
  if (record.errno !== 0) throw new CallFailure(record.errno, record.fault, record.faultAddress)
  each('copyout', ({ address, length, payload }) => {
    // Where grants overlap, the section says under which it was written; any other writer makes another section.
    const writer = call.writerTo(address, length, payload === undefined) ?? call.writer(address, length)
    if (payload === undefined) writer.fillZeros(length)
    else readInto(bytesReader(payload), writer)
  })
  each('register', ({ address, payload }) => {
    if (address < REGISTER_READ && payload !== undefined) call.setReg(address, wordAt(payload, 0))
  })
  if (record.charged > 0) call.charge(record.charged)
  if (record.nextPc !== call.pc + 4) call.setPc(record.nextPc)
  call.setReg(10, record.result)
  if (record.fault !== 'none') call.noteFault(record.fault, record.faultAddress)
}
