import { imageId as imageIdOf } from '@vouch/prover'
import { decodeProofFile, verify as verifyProof } from '@vouch/verifier'
import type { Verdict, VerifyOptions as ById } from '@vouch/verifier'
import type { ProfileName } from '@vouch/stark'

export type Rejected = Extract<Verdict, { readonly ok: false }>

/** Which program the proof must be about, by id or by its ELF. */
export type VerifyOptions = Omit<ById, 'imageId'> &
  (
    | { readonly imageId: string; readonly elf?: undefined }
    | { readonly elf: Uint8Array; readonly imageId?: undefined }
  )

/**
 * The verdict on `proof`; a proof never makes it throw. With `elf`, the image id is computed here, for the profile
 * that the proof names: the profile is a part of what the verifier checks.
 *
 * Throws `ElfError` when `elf` is malformed, and `TypeError` when neither or both of `elf` and `imageId` are given,
 * or `imageId` is not 64 hex digits.
 */
export async function verify(proof: Uint8Array, options: VerifyOptions): Promise<Verdict> {
  const { elf, imageId, ...rest } = options
  if ((elf === undefined) === (imageId === undefined))
    throw new TypeError('verify: expected exactly one of elf and imageId')
  return verifyProof(proof, { ...rest, imageId: imageId ?? (await imageIdOf(elf!, profileOf(proof))) })
}

/** Undefined for bytes that are no proof: any image id will do, the verifier refuses them. */
function profileOf(proof: Uint8Array): ProfileName | undefined {
  try {
    return decodeProofFile(proof).profile
  } catch {
    return undefined
  }
}
