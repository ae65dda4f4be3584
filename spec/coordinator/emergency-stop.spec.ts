import { expect } from 'chai';
import { createEmergencyStop } from '#coordinator/emergency-stop';
import { createRunTable, type RunRecord } from '#coordinator/run-table';
import type { FactBody, SealedFact } from '#protocol/facts';
import { parseRunId, type RunId } from '#protocol/ids';
import type { RunState } from '#protocol/run-state';
import { createManualClock } from '#runtime/clock';

const first = parseRunId('01M82V26MV1QWM6P4B1QF5HD81');
const second = parseRunId('01M82V26MV1QWM6P4B1QF5HD82');

const recordOf = (runId: RunId, state: RunState): RunRecord =>
  ({
    spec: { runId, handle: { level: 'tag-scan', tag: 7 } },
    view: { state },
    identity: { bootId: 'b', pid: 4, startTicks: 5 },
  }) as unknown as RunRecord;

const wishFor = (runId: RunId) =>
  ({
    kind: 'stop-requested',
    runId,
    cause: 'user',
    by: 'cli',
    reason: 'enough',
    restartAfter: false,
    graceMs: 5_000,
  }) as const;

describe('an emergency stop', () => {
  const said: FactBody[] = [];
  let history: SealedFact[] = [];
  const stopWith = (records: readonly RunRecord[], survivors: readonly { pid: number; command: string }[]) => {
    said.length = 0;
    const table = createRunTable();
    for (const record of records) table.add(record);
    return createEmergencyStop({
      clock: createManualClock(),
      table,
      history: () => history,
      say: (body) => said.push(body),
      openTree: () => ({ count: async () => 3, kill: async () => survivors }),
    });
  };

  it('ends what was asked for and never began, and leaves everybody else alone', async () => {
    const emergency = stopWith([recordOf(first, 'running'), recordOf(second, 'running')], []);
    emergency.ordered(wishFor(first));
    await emergency.stopOwed();
    expect(said.map(({ kind }) => kind)).to.deep.equal(['stop-began', 'stop-signalled', 'stop-verified']);
    expect(said.every((fact) => 'runId' in fact && fact.runId === first)).to.equal(true);
    expect(said[0]).to.include({ reason: 'enough', graceMs: 0, processes: 3 });
  });

  it('ends a stop that had begun under its own number', async () => {
    const began = { ...wishFor(first), kind: 'stop-began', interventionId: '01M82V26MV1QWM6P4B1QF5HD8Z', processes: 1 };
    history = [{ fact: began } as unknown as SealedFact];
    await stopWith([recordOf(first, 'stopping')], []).stopOwed();
    expect(said.map(({ kind }) => kind)).to.deep.equal(['stop-signalled', 'stop-verified']);
    expect(said[1]).to.include({ interventionId: '01M82V26MV1QWM6P4B1QF5HD8Z', killed: 3 });
    history = [];
  });

  it('names who is left, and never says killed of them', async () => {
    const emergency = stopWith([recordOf(first, 'running')], [{ pid: 9, command: '[deaf]' }]);
    emergency.ordered(wishFor(first));
    await emergency.stopOwed();
    expect(said.at(-1)).to.deep.include({ kind: 'kill-incomplete', survivors: [{ pid: 9, command: '[deaf]' }] });
  });

  it('owes nothing for a wish that began elsewhere', async () => {
    const emergency = stopWith([recordOf(first, 'running')], []);
    emergency.ordered(wishFor(first));
    emergency.heard({ kind: 'stop-began', runId: first } as unknown as FactBody);
    await emergency.stopOwed();
    expect(said).to.deep.equal([]);
  });
});
