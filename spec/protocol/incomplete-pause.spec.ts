import { expect } from 'chai';
import { ulid } from 'ulid';
import type { Fact, FactBody } from '#protocol/facts';
import { foldRun } from '#protocol/fold-run';
import { parseInterventionId, parseRunId } from '#protocol/ids';
import { toTimelineEntry } from '#protocol/timeline';
import type { RunView } from '#protocol/views';
import { requested, started } from '../record/told-facts.ts';

const runId = parseRunId(ulid());
const interventionId = parseInterventionId(ulid());
const by = { by: 'cli', reason: 'look' } as const;
const began: FactBody = { kind: 'pause-began', runId, interventionId, resumeAtMs: null, ...by };
const incomplete: FactBody = {
  ...{ kind: 'pause-incomplete', runId, interventionId },
  moving: [{ pid: 4711, command: 'dd if=/dev/sda' }],
};
const factOf = (body: FactBody, index: number): Fact => ({ ...body, seq: index + 1, id: ulid(), atMs: index });
const viewAfter = (...told: readonly FactBody[]): RunView | null =>
  [requested(runId), started(runId), began, incomplete, ...told].map(factOf).reduce<RunView | null>(foldRun, null);

describe('a run of which not all could be halted', () => {
  it('runs on as far as its record knows, and says who does', () => {
    expect(viewAfter()).to.include({
      state: 'running',
      trouble: 'its pause is not complete: dd if=/dev/sda (4711) still running',
    });
    expect(toTimelineEntry(factOf(incomplete, 4))).to.include({
      weight: 2,
      text: 'NOT paused: dd if=/dev/sda (4711) still running; the others stand, it is tried on',
    });
  });

  it('is paused, and in no trouble, once the last of them stands', () => {
    const paused: FactBody = { kind: 'run-paused', runId, interventionId, processes: 2, resumeAtMs: null, ...by };
    expect(viewAfter(paused)).to.include({ state: 'paused', trouble: null });
    expect(viewAfter({ kind: 'run-exited', runId, code: 0, signal: null, endedAtMs: 9 })).to.include({ trouble: null });
  });
});
