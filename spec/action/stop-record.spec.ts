import { expect } from 'chai';
import { ulid } from 'ulid';
import { createAction } from '#action/action-actor';
import type { FactBody } from '#protocol/facts';
import { parseRunId } from '#protocol/ids';
import type { ActionMessage, WatchedRun } from '#protocol/messages';
import { systemClock } from '#runtime/clock';
import { eventually, inLevels, type ShimmedRun } from '../coordinator/shimmed-run.ts';
import { requested, watched } from './told-runs.ts';

const runId = parseRunId('01HZZZZZZZZZZZZZZZZZZZZZZZ');

inLevels('the record of a stop', (level, start) => {
  if (level !== 'tag-scan') return;

  /** Stops a run that was introduced so, after action heard of this tick. @returns what is written of the beginning */
  const stopAfter = async (
    run: ShimmedRun,
    { introduced, heard }: { readonly introduced: Partial<WatchedRun>; readonly heard: number | null },
  ): Promise<FactBody> => {
    const record: FactBody[] = [];
    const action = createAction({
      clock: systemClock,
      newId: () => ulid(),
      history: [{ ...requested(runId), seq: 1, id: ulid(), atMs: Date.now() }],
      introductions: [],
      openBoundary: () => run.boundary,
      facts: {
        send: async ({ body }) => {
          record.push(body);
        },
      },
    });
    await action.receive({
      kind: 'run-changed',
      change: { kind: 'watch', run: { ...watched(run, runId), ...introduced } },
    });
    if (heard !== null) {
      const assessments = [{ runId, rule: 'r', state: 'pending', atMs: heard }];
      await action.receive({ kind: 'assessed', assessments } as unknown as ActionMessage);
    }
    const wish = { cause: 'user', by: 'cli', reason: 'enough', restartAfter: false, graceMs: 0 } as const;
    await action.receive({ kind: 'stop-requested', runId, ...wish });
    return eventually('the stop', () => record.find(({ kind }) => kind === 'stop-began') ?? null);
  };
  const nap = ['/bin/sh', '-c', 'echo ready; exec sleep 30'];

  it('tells to which tick its run was judged, and that a new run was not judged at all', async () => {
    const introduced = { startedAtMs: 5_000, adopted: false };
    const judgedTo = async (parts: Parameters<typeof stopAfter>[1]): Promise<unknown> => {
      const stop = await stopAfter(await start(nap, 'ready'), parts);
      return stop.kind === 'stop-began' ? stop.judgedToMs : undefined;
    };
    expect(await judgedTo({ introduced, heard: null })).to.equal(5_000);
    expect(await judgedTo({ introduced, heard: 7_000 })).to.equal(7_000);
    expect(await judgedTo({ introduced: { ...introduced, adopted: true }, heard: null })).to.equal(null);
  });
});
