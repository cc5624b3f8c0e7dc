export type TrapCause =
  | 'illegal-instruction'
  | 'fetch-outside-code'
  | 'misaligned-fetch'
  | 'misaligned-load'
  | 'misaligned-store'
  | 'out-of-range-load'
  | 'out-of-range-store'
  | 'ebreak'
  | 'denied-syscall'
  | 'audit-full'

interface Where {
  readonly pc: number
  /** Function at pc, if the ELF has symbols. */
  readonly symbol: string | undefined
  /** clk of the halting cycle. */
  readonly cycle: number
}

/** How a run ended. */
export type Halt =
  | ({ readonly kind: 'exit'; readonly code: number } & Where)
  | ({
      readonly kind: 'trap'
      readonly cause: TrapCause
      /** Of the memory access or jump, where there is one. */
      readonly address?: number
      /** a7, for syscalls. */
      readonly number?: number
    } & Where)
  | ({ readonly kind: 'limit'; readonly limit: number } & Where)
  | ({ readonly kind: 'aborted' } & Where)

const at = (w: Where): string =>
  `pc 0x${w.pc.toString(16).padStart(8, '0')}${w.symbol === undefined ? '' : ` (${w.symbol})`}, cycle ${w.cycle}`

/** One sentence for a person. */
export function describeHalt(halt: Halt): string {
  switch (halt.kind) {
    case 'exit':
      return `exit with code ${halt.code} at ${at(halt)}`
    case 'limit':
      return `the cycle limit of ${halt.limit} was reached at ${at(halt)}`
    case 'aborted':
      return `cancelled at ${at(halt)}`
    case 'trap': {
      const address =
        halt.address === undefined ? '' : ` of address 0x${halt.address.toString(16).padStart(8, '0')}`
      const number =
        halt.number === undefined
          ? ''
          : halt.cause === 'audit-full'
            ? ` in system call ${halt.number}: its record has no room, see limits.audit of the manifest,`
            : ` ${halt.number}`
      return `trap: ${halt.cause.replaceAll('-', ' ')}${number}${address} at ${at(halt)}`
    }
  }
}
