import { renameSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import { type Parsed, readWith, runPaths } from './run-files.ts';

/** Which policy judges a run, and what of its source was looked at last: so a new daemon goes on with the same. */
export interface RunPolicyFile {
  /** `file:PATH` or `shipped:NAME`. */
  readonly key: string;
  readonly hash: string;
  readonly seen: string;
}

const shape = z.object({ key: z.string(), hash: z.string(), seen: z.string() }) satisfies z.ZodType<RunPolicyFile>;

export const writeRunPolicy = (runDir: string, policy: RunPolicyFile): void => {
  const file = runPaths(runDir).policy;
  writeFileSync(`${file}.new`, JSON.stringify(policy), { mode: 0o600 });
  renameSync(`${file}.new`, file);
};

export const readRunPolicy = (runDir: string): Parsed<RunPolicyFile> =>
  readWith(runPaths(runDir).policy, parseRunPolicy);

export const parseRunPolicy = (text: string): Parsed<RunPolicyFile> => {
  try {
    const parsed = shape.safeParse(JSON.parse(text));
    return parsed.success
      ? { kind: 'read', value: parsed.data }
      : { kind: 'damaged', why: `policy: ${z.prettifyError(parsed.error)}` };
  } catch (cause) {
    return { kind: 'damaged', why: `policy: ${cause instanceof Error ? cause.message : String(cause)}` };
  }
};
