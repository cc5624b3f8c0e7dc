export { createAuditFile, nativeSha256, resumeAuditFile } from './audit-file.ts'
export type { FileOptions, FileSink, ResumedFile } from './audit-file.ts'
