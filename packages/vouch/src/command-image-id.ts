import { imageId } from '@vouch/prover'
import type { ProfileName } from '@vouch/stark'
import { EXIT } from './cli-error.ts'
import type { ExitStatus } from './cli-error.ts'
import { toJson } from './format.ts'
import { DEFAULT_PROFILE } from './options.ts'
import { readFileBounded } from './read-file.ts'

export interface ImageIdFlags {
  readonly profile?: ProfileName
  readonly json?: true
}

export async function imageIdCommand(path: string, flags: ImageIdFlags): Promise<ExitStatus> {
  const elf = await readFileBounded('<elf>', path)
  const profile = flags.profile ?? DEFAULT_PROFILE
  const start = performance.now()
  const id = await imageId(elf, profile)
  const document = {
    ok: true,
    imageId: id,
    profile,
    elfBytes: elf.length,
    seconds: (performance.now() - start) / 1e3,
  }
  process.stdout.write((flags.json ? toJson(document) : id) + '\n')
  return EXIT.ok
}
