/** Rejects with a `DeadlineError` that names what was waited for, unless `work` settles in time. */
export const within = async <T>(deadlineMs: number, what: string, work: Promise<T>): Promise<T> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new DeadlineError(deadlineMs, what)), deadlineMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
};

export class DeadlineError extends Error {
  constructor(deadlineMs: number, what: string) {
    super(`waited ${deadlineMs} ms for ${what}`);
    this.name = 'DeadlineError';
  }
}
