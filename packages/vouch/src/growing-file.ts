import { open, rename, stat, unlink } from 'node:fs/promises'
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

/**
 * The file of a run that was killed. It stays if the run is interrupted again. One that the kill came before, or that
 * has its name already, is begun anew.
 */
export async function reopenGrowing(flag: string, path: string): Promise<GrowingFile> {
  const target = await outputTarget(flag, path)
  const partial = `${target}.partial`
  try {
    await (await open(partial, 'r+')).close()
  } catch (error) {
    if (isMissing(error)) return createGrowing(flag, path)
    throw unwritable(flag, partial, error)
  }
  return { ...growing(flag, target, partial), discard: async () => undefined }
}

/** Throws `CliError` (misuse, file/unreadable) where a kill left nothing under any of the names. */
export async function expectPartial(
  files: readonly (readonly [flag: string, path: string | undefined])[],
): Promise<void> {
  const given = files.filter((file): file is [string, string] => file[1] !== undefined)
  for (const [flag, path] of given) if (await exists(`${await outputTarget(flag, path)}.partial`)) return
  const [[flag, path]] = given as [[string, string]]
  const why = (await exists(path)) ? `; ${path} is there: that run came to its end` : ''
  throw misuse('file/unreadable', `${flag}: there is no ${path}.partial to go on with${why}`)
}

const isMissing = (error: unknown): boolean => (error as { code?: unknown }).code === 'ENOENT'

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  )

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
