import { EFAULT, EINVAL, ENOMEM } from '../errno.ts'
import { actionOf } from '../kernel.ts'
import { wordAt } from '../transaction.ts'
import type { Transaction } from '../transaction.ts'

/*
 * What a library sets and reads back. No signal is ever delivered.
 */

const SIGKILL = 9
const SIGSTOP = 19
const LAST_SIGNAL = 64
const SET_BYTES = 8
/** Signals that cannot be blocked, as bits of the low word. */
const UNBLOCKABLE = (1 << (SIGKILL - 1)) | (1 << (SIGSTOP - 1))
/** SA_NOCLDSTOP, NOCLDWAIT, SIGINFO, EXPOSE_TAGBITS, ONSTACK, RESTART, NODEFER, RESETHAND. */
const ACTION_FLAGS = 0xd8000807

/** rt_sigaction. Linux installs the new action even if the old one cannot be stored (D2). */
export function sigaction(
  tx: Transaction,
  signal: number,
  action: number,
  old: number,
  setBytes: number,
): number {
  if (setBytes !== SET_BYTES) return -EINVAL
  const { signals } = tx.kernel
  const bytes = action === 0 ? undefined : tx.load(action, 16)
  if (action !== 0 && bytes === undefined) return -EFAULT
  if (signal < 1 || signal > LAST_SIGNAL) return -EINVAL
  if (bytes !== undefined) {
    if (signal === SIGKILL || signal === SIGSTOP) return -EINVAL
    const actions = Array.from({ length: LAST_SIGNAL + 1 }, (_, i) => signals.actions[i])
    actions[signal] = {
      handler: wordAt(bytes, 0),
      flags: (wordAt(bytes, 4) & ACTION_FLAGS) >>> 0,
      maskLow: (wordAt(bytes, 8) & ~UNBLOCKABLE) >>> 0,
      maskHigh: wordAt(bytes, 12),
    }
    tx.update({ signals: { ...signals, actions } })
    tx.checkpoint()
  }
  if (old === 0) return 0
  const { handler, flags, maskLow, maskHigh } = actionOf(signals, signal)
  return tx.store(old, [handler, flags, maskLow, maskHigh])
}

const [BLOCK, UNBLOCK, SETMASK] = [0, 1, 2]

/** rt_sigprocmask. Linux changes the mask even if the old one cannot be stored (D3). */
export function sigprocmask(
  tx: Transaction,
  how: number,
  set: number,
  old: number,
  setBytes: number,
): number {
  if (setBytes !== SET_BYTES) return -EINVAL
  const { signals } = tx.kernel
  if (set !== 0) {
    const bytes = tx.load(set, SET_BYTES)
    if (bytes === undefined) return -EFAULT
    if (how > SETMASK) return -EINVAL
    const merge = (mask: number, given: number): number => {
      if (how === BLOCK) return (mask | given) >>> 0
      return how === UNBLOCK ? (mask & ~given) >>> 0 : given
    }
    const maskLow = (merge(signals.maskLow, wordAt(bytes, 0)) & ~UNBLOCKABLE) >>> 0
    tx.update({ signals: { ...signals, maskLow, maskHigh: merge(signals.maskHigh, wordAt(bytes, 4)) } })
    tx.checkpoint()
  }
  return old === 0 ? 0 : tx.store(old, [signals.maskLow, signals.maskHigh])
}

const SS_ONSTACK = 1
const SS_DISABLE = 2
const SS_AUTODISARM = 0x80000000
const MIN_STACK = 2048

/** sigaltstack. Linux sets the stack even if the old one cannot be stored (D4). */
export function sigaltstack(tx: Transaction, stack: number, old: number): number {
  const { signals } = tx.kernel
  if (stack !== 0) {
    const bytes = tx.load(stack, 12)
    if (bytes === undefined) return -EFAULT
    const [sp, flags, size] = [0, 4, 8].map((at) => wordAt(bytes, at))
    const mode = (flags & ~SS_AUTODISARM) >>> 0
    if (mode !== 0 && mode !== SS_ONSTACK && mode !== SS_DISABLE) return -EINVAL
    if (mode !== SS_DISABLE && size < MIN_STACK) return -ENOMEM
    const next = mode === SS_DISABLE ? { sp: 0, flags, size: 0 } : { sp, flags, size }
    tx.update({ signals: { ...signals, stack: next } })
    tx.checkpoint()
  }
  if (old === 0) return 0
  const { sp, flags, size } = signals.stack
  return tx.store(old, [sp, ((flags & SS_AUTODISARM) | (size === 0 ? SS_DISABLE : 0)) >>> 0, size])
}
