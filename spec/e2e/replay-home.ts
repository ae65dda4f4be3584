import { existsSync } from 'node:fs';
import path from 'node:path';
import { createReplays, replayKinds } from '#gateway/replays';
import { openLedger } from '#record/ledger';

/** What of all recorded runs of a home is decided otherwise when it is decided again; the daemon must have ended. */
export const differencesIn = async (home: string): Promise<readonly string[]> => {
  if (!existsSync(path.join(home, 'flowforge.db'))) return [];
  const ledger = await openLedger(home);
  const replays = createReplays(home);
  try {
    const { items } = await ledger.runs({ cursor: null, limit: 500, states: [], name: null, labels: [] });
    const reports = await Promise.all(
      items.map(async ({ runId }) => replays.replay({ runId, facts: await ledger.factsOf(runId, replayKinds) }, null)),
    );
    return reports.flatMap((report) =>
      (report?.differences ?? []).map((difference) => `${report?.name} (${report?.runId}) ${difference}`),
    );
  } finally {
    await replays.close();
    await ledger.close();
  }
};
