import { bytesOfInteger, bytesOfWords } from './codec.ts'
import type { StarkStatement } from './layout.ts'
import type { Transcript } from './transcript.ts'
import { PROTOCOL, commitmentHeights } from './verifying-key.ts'
import { commitments } from './layout.ts'
import type { VerifyingKey } from './verifying-key.ts'

/** Absorbs everything that is known before the proof: nothing of the key or the statement stays outside. */
export function absorbHeader(transcript: Transcript, vk: VerifyingKey, statement: StarkStatement): void {
  transcript.absorbStatement(
    'protocol',
    Uint8Array.from(PROTOCOL, (c) => c.charCodeAt(0)),
  )
  transcript.absorbStatement('verifying key', vk.digest)
  commitments(vk, statement).forEach((commitment, i) => {
    transcript.absorbStatement('preprocessed root', commitment.root)
    transcript.absorbStatement(
      'preprocessed heights',
      commitmentHeights(vk.air, vk.preprocessed[i].name, commitment),
    )
  })
  transcript.absorbStatement('public values', bytesOfWords(statement.publics))
  transcript.absorbStatement('public terms', bytesOfInteger(statement.publicTerms.count))
  transcript.absorbStatement('statement', statement.bytes)
}
