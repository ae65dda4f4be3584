import { mkdirSync } from 'node:fs';
import path from 'node:path';
import type { PolicyBook } from '#coordinator/policy-book';
import type { RunRecord, RunTable } from '#coordinator/run-table';
import type { PolicyText } from '#protocol/messages';
import { newRunId } from '../record/told-facts.ts';

/** A run lives from now on and follows the policy that lies in this file. */
export const joinBook = (
  {
    book,
    table,
    home,
    file,
  }: { readonly book: PolicyBook; readonly table: RunTable; readonly home: string; readonly file: string },
  policy: PolicyText,
): void => {
  const runId = newRunId();
  const runDir = path.join(home, runId);
  mkdirSync(runDir);
  const view = { state: 'running' };
  const record = { spec: { runId }, runDir, policy, policyKey: `file:${file}`, view } as unknown as RunRecord;
  table.add(record);
  book.joined(record, null);
};
