import { riscvAir } from '@vouch/machine'
import { verifyingKey } from '@vouch/stark'
import type { ProfileName, VerifyingKey } from '@vouch/stark'

const keys = new Map<ProfileName, VerifyingKey>()

/** The verifying key of the RV32IM machine. Made once a profile: it hashes every constraint. */
export function machineKey(profile: ProfileName): VerifyingKey {
  const known = keys.get(profile)
  if (known !== undefined) return known
  const key = verifyingKey({ air: riscvAir, profile })
  keys.set(profile, key)
  return key
}
