import { open, rename, unlink } from 'node:fs/promises'
import { misuse } from './cli-error.ts'
import { outputTarget, removeOnExit, settle, unwritable } from './output-file.ts'

/** A file that is written while a run goes on, under `<name>.partial` until the run ends. */
export interface GrowingFile {
  /** A name that can be guessed: after a kill, what it holds can be read, and the run can go on. */
  readonly partial: string
  /** Gives it its name. */
  commit(): Promise<void>
  /** Removes it. Harmless after `commit`. */
  discard(): Promise<void>
}

/** Fails before the run starts; the file is then the run's own, and goes if it does not end. */
export async function createGrowing(flag: string, path: string): Promise<GrowingFile> {
  const target = await outputTarget(flag, path)
  const partial = `${target}.partial`
  const file = await open(partial, 'w', 0o600).catch((error: unknown) => {
    throw unwritable(flag, partial, error)
  })
  await file.close()
  removeOnExit(partial)
  return growing(flag, target, partial)
}

/** The file of a run that was killed. It stays if the run is interrupted again. */
export async function reopenGrowing(flag: string, path: string): Promise<GrowingFile> {
  const target = await outputTarget(flag, path)
  const partial = `${target}.partial`
  const file = await open(partial, 'r+').catch((error: unknown) => {
    const { code } = error as { code?: unknown }
    if (code !== 'ENOENT') throw unwritable(flag, partial, error)
    throw misuse('file/unreadable', `${flag}: there is no ${partial} to go on with`)
  })
  await file.close()
  return { ...growing(flag, target, partial), discard: async () => undefined }
}

function growing(flag: string, target: string, partial: string): GrowingFile {
  return {
    partial,
    async commit() {
      await rename(partial, target).catch((error: unknown) => {
        throw unwritable(flag, target, error)
      })
      settle(partial)
    },
    async discard() {
      await unlink(partial).catch(() => undefined)
      settle(partial)
    },
  }
}
