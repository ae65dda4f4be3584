import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { parseRunId } from '#protocol/ids';
import { type KeptSpending, nothingSpent } from '#protocol/spending';
import { errorCode } from './error-code.ts';

const fileOf = (home: string): string => path.join(home, 'spending.json');

const runId = z.string().transform((text) => parseRunId(text));
const shape = z.object({
  state: z.object({
    entries: z.array(z.tuple([z.number(), z.number(), z.number(), z.number()])),
    runs: z.array(z.tuple([runId, z.number(), z.number()])),
  }),
  extensions: z.array(
    z.object({
      budget: z.string(),
      extraUsd: z.number(),
      extraTokens: z.number().default(0),
      times: z.number(),
      untilMs: z.number(),
    }),
  ),
});

/** @throws Error when the disk does not take it. */
export const writeSpending = (home: string, kept: KeptSpending): void => {
  const fresh = `${fileOf(home)}.new`;
  writeFileSync(fresh, JSON.stringify(kept), { mode: 0o600 });
  renameSync(fresh, fileOf(home));
};

/** What all jobs have spent, as it was known last. `problem` tells why a file that is there says nothing. */
export const readSpending = (home: string): { readonly kept: KeptSpending; readonly problem: string | null } => {
  let text: string;
  try {
    text = readFileSync(fileOf(home), 'utf8');
  } catch (cause) {
    const isMissing = errorCode(cause) === 'ENOENT';
    return { kept: nothingSpent, problem: isMissing ? null : sayProblem(home, cause) };
  }
  try {
    return { kept: shape.parse(JSON.parse(text)), problem: null };
  } catch (cause) {
    return { kept: nothingSpent, problem: sayProblem(home, cause) };
  }
};

const sayProblem = (home: string, cause: unknown): string =>
  `${fileOf(home)} cannot be read, so budgets of the fleet count from zero: ${cause instanceof Error ? cause.message : String(cause)}`;
