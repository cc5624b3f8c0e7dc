import type { Transaction } from '../transaction.ts'

const PID = 1
const UID = 0

/** getpid, and gettid: there is one process with one thread. */
export function getpid(tx: Transaction): number {
  tx.step()
  return PID
}

export function getppid(tx: Transaction): number {
  tx.step()
  return 0
}

/** getuid and geteuid. */
export function getuid(tx: Transaction): number {
  tx.step()
  return UID
}

/** getgid and getegid. */
export function getgid(tx: Transaction): number {
  tx.step()
  return UID
}
