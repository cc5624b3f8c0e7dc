import { open } from 'node:fs/promises'
import { misuse } from './cli-error.ts'
import { isSystemError, systemReason } from './system-error.ts'

/** Inputs and files are below this many bytes, as cursors in the guest's registers are. */
export const MAX_FILE_BYTES = 2 ** 28 - 1

/**
 * The whole file, of at most `limit` bytes; devices and pipes are read until they end or pass the limit.
 * Throws `CliError` (misuse) with code file/unreadable or file/too-large, naming `what` and the path.
 */
export async function readFileBounded(
  what: string,
  path: string,
  limit = MAX_FILE_BYTES,
): Promise<Uint8Array> {
  const file = await open(path, 'r').catch((error: unknown) => {
    throw unreadable(what, path, error)
  })
  try {
    const stat = await file.stat()
    if (stat.isDirectory()) throw misuse('file/unreadable', `${what}: ${path} is a folder`)
    if (stat.isFile() && stat.size > limit) throw tooLarge(what, limit)
    const stream = file.createReadStream({ autoClose: false })
    return await collect(stream, limit, what)
  } catch (error) {
    throw isSystemError(error) ? unreadable(what, path, error) : error
  } finally {
    await file.close()
  }
}

/** All of `stream`. Throws `CliError` (misuse, file/too-large) once more than `limit` bytes came. */
export async function collect(
  stream: AsyncIterable<Uint8Array>,
  limit: number,
  what: string,
): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  let length = 0
  for await (const part of stream) {
    length += part.length
    if (length > limit) throw tooLarge(what, limit)
    parts.push(part)
  }
  const all = new Uint8Array(length)
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}

function tooLarge(what: string, limit: number): Error {
  return misuse('file/too-large', `${what}: more than ${limit} bytes`)
}

export function unreadable(what: string, path: string, error: unknown): Error {
  return misuse('file/unreadable', `${what}: cannot read ${path}: ${systemReason(error)}`)
}
