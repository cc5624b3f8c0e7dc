import { randomBytes } from 'node:crypto'
import { unlinkSync } from 'node:fs'
import { open, realpath, rename, stat, unlink } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { misuse } from './cli-error.ts'
import { isSystemError, systemReason } from './system-error.ts'

/** A file that appears whole under its name, or not at all. */
export interface OutputFile {
  /** Where it will be; symbolic links followed. */
  readonly path: string
  /** Where it is until then: same folder, so that the rename is atomic. */
  readonly temporary: string
  /** Writes all, syncs and renames. */
  commit(bytes: Uint8Array): Promise<void>
  /** Closes and removes the temporary file. Harmless after `commit`. */
  discard(): Promise<void>
}

/** Temporary files of this process; removed on every way out. */
const pending = new Set<string>()
let watching = false

/** Removes `path` when the process exits, until `settle(path)`. */
export function removeOnExit(path: string): void {
  pending.add(path)
  if (watching) return
  watching = true
  process.on('exit', () => {
    for (const left of pending) {
      try {
        unlinkSync(left)
      } catch {
        // Already gone.
      }
    }
  })
}

export function settle(path: string): void {
  pending.delete(path)
}

/**
 * Opens the temporary file right away, so that a path that cannot be written fails before the work starts.
 * Throws `CliError` (misuse, file/unwritable).
 */
export async function createOutput(flag: string, path: string): Promise<OutputFile> {
  const target = await outputTarget(flag, path)
  const temporary = temporaryName(target)
  let handle: FileHandle | undefined = await open(temporary, 'wx').catch((error: unknown) => {
    throw unwritable(flag, path, error)
  })
  removeOnExit(temporary)
  const close = async (): Promise<void> => {
    const open = handle
    handle = undefined
    await open?.close()
  }
  const discard = async (): Promise<void> => {
    await close()
    if (!pending.has(temporary)) return
    await unlink(temporary).catch(() => undefined)
    settle(temporary)
  }
  const commit = async (bytes: Uint8Array): Promise<void> => {
    try {
      await handle!.writeFile(bytes)
      await handle!.sync()
      await close()
      await rename(temporary, target)
      settle(temporary)
    } catch (error) {
      await discard()
      throw isSystemError(error) ? unwritable(flag, path, error) : error
    }
  }
  return { path: target, temporary, commit, discard }
}

/** The file that `path` names once links are followed. Refuses folders and devices: a rename would replace them. */
export async function outputTarget(flag: string, path: string): Promise<string> {
  if (path === '-') throw misuse('file/unwritable', `${flag}: standard output is not supported, name a file`)
  const target = await realpath(path).catch(() => undefined)
  if (target === undefined) return path
  const found = await stat(target).catch((error: unknown) => {
    throw unwritable(flag, path, error)
  })
  if (!found.isFile()) throw misuse('file/unwritable', `${flag}: ${path} is not a regular file`)
  return target
}

/** A fresh hidden name in the same folder. */
export function temporaryName(target: string): string {
  return join(dirname(target), `.${basename(target)}.${randomBytes(6).toString('hex')}.tmp`)
}

/**
 * Refuses two options that name one file, and an output that would replace an input.
 * Throws `CliError` (misuse, file/same).
 */
export async function assertDistinct(
  inputs: readonly (readonly [name: string, path: string | undefined])[],
  outputs: readonly (readonly [name: string, path: string | undefined])[],
): Promise<void> {
  const seen = new Map<string, string>()
  for (const [list, isOutput] of [
    [inputs, false],
    [outputs, true],
  ] as const)
    for (const [name, path] of list) {
      if (path === undefined) continue
      const real = await realpath(path).catch(() => undefined)
      const folder = real === undefined ? await realpath(dirname(path)).catch(() => dirname(path)) : ''
      const key = real ?? join(folder, basename(path))
      const other = seen.get(key)
      if (isOutput && other !== undefined)
        throw misuse('file/same', `${name} and ${other} are the same file: ${path}`)
      seen.set(key, name)
    }
}

export function unwritable(flag: string, path: string, error: unknown): Error {
  return misuse('file/unwritable', `${flag}: cannot write ${path}: ${systemReason(error)}`)
}
