import { TABLES_TREE, riscvAir } from '@vouch/machine'
import { PROFILES, verifyingKey } from '@vouch/stark'
import type { ProfileName, VerifyingKey } from '@vouch/stark'
import { TABLE_ROOTS } from './table-roots.ts'

const keys = new Map<ProfileName, VerifyingKey>()

/** The verifying key of the RV32IM machine. Made once a profile: it hashes every constraint. */
export function machineKey(profile: ProfileName): VerifyingKey {
  const known = keys.get(profile)
  if (known !== undefined) return known
  const root = TABLE_ROOTS[PROFILES[profile].logBlowup]
  const key = verifyingKey({
    air: riscvAir,
    profile,
    fixed: { [TABLES_TREE]: { root: fromHex(root), logHeights: { 'tables-dense': 16 } } },
  })
  keys.set(profile, key)
  return key
}

export function fromHex(hex: string): Uint8Array {
  const bytes = new Uint8Array(hex.length / 2)
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16)
  return bytes
}
