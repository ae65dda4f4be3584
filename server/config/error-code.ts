/** `ENOENT` and its like; null for what is no error of the system. */
export const errorCode = (error: unknown): string | null =>
  error instanceof Error && 'code' in error ? String(error.code) : null;
