import { expect } from 'chai';
import { ulid } from 'ulid';
import { createAction } from '#action/action-actor';
import type { Member } from '#action/containment/membership';
import { pauseTree, resumeTree } from '#action/pause-protocol';
import type { Fact, FactBody } from '#protocol/facts';
import { parseInterventionId, parseRunId } from '#protocol/ids';
import type { ActionMessage } from '#protocol/messages';
import { type Clock, createManualClock, systemClock } from '#runtime/clock';
import { eventually, inLevels, type ShimmedRun } from '../coordinator/shimmed-run.ts';
import { requested, watched } from './told-runs.ts';

const counter = ['/bin/sh', '-c', 'i=0; while [ $i -lt 3000 ]; do i=$((i + 1)); echo "tick $i"; sleep 0.01; done'];
const runId = parseRunId('01HZZZZZZZZZZZZZZZZZZZZZZZ');
const interventionId = parseInterventionId(ulid());
const head = { runId, interventionId, by: 'cli', reason: 'look at it' } as const;
const pauseBegan: FactBody = { kind: 'pause-began', ...head, resumeAtMs: null };
const paused: FactBody = { kind: 'run-paused', ...head, processes: 1, resumeAtMs: null };
const wish: ActionMessage = { kind: 'pause-requested', runId, by: 'cli', reason: 'look at it' };

/** One life of action. It dies as the first fact of `diesAt` is about to be written: nothing is written from then on. */
const live = async (
  run: ShimmedRun,
  record: FactBody[],
  { diesAt = '', clock = systemClock }: { readonly diesAt?: string; readonly clock?: Clock } = {},
) => {
  let isDead = false;
  const action = createAction({
    clock,
    newId: () => ulid(),
    history: record.map((body, index): Fact => ({ ...body, seq: index + 1, id: ulid(), atMs: Date.now() })),
    introductions: [],
    openBoundary: () => run.boundary,
    facts: {
      send: ({ body }) => {
        isDead ||= body.kind === diesAt;
        if (isDead) return new Promise(() => undefined);
        record.push(body);
        return Promise.resolve();
      },
    },
  });
  await action.receive({ kind: 'run-changed', change: { kind: 'watch', run: watched(run, runId) } });
  const told = (kind: FactBody['kind']): Promise<FactBody> =>
    eventually(kind, () => record.find((body) => body.kind === kind) ?? null);
  return { receive: action.receive, told, died: () => eventually('its death', () => (isDead ? true : null)) };
};
const kindsOf = (record: readonly FactBody[]): readonly string[] => record.map(({ kind }) => kind);

inLevels('a pause that a crash falls into', (level, start) => {
  it('is told by whoever comes after, when the tree stood still and nobody had said so', async () => {
    const run = await start(counter, 'tick');
    const record = [requested(runId)];
    const first = await live(run, record, { diesAt: 'run-paused' });
    await first.receive(wish);
    await first.died();
    expect(await run.boundary.isFrozen()).to.equal(true);
    const second = await live(run, record);
    expect(await second.told('run-paused')).to.include({ by: 'cli', reason: 'look at it' });
    expect(await run.boundary.isFrozen()).to.equal(true);
    expect(kindsOf(record)).to.deep.equal(['run-requested', 'pause-began', 'run-paused']);
  });

  it('is carried out by whoever comes after, when it was said and nothing was done', async () => {
    const run = await start(counter, 'tick');
    const record = [requested(runId), pauseBegan];
    await (await live(run, record)).told('run-paused');
    expect(await run.boundary.isFrozen()).to.equal(true);
  });

  it('ends when its end was said, although the record still calls it paused', async () => {
    const run = await start(counter, 'tick');
    await pauseTree(run.boundary);
    const record = [requested(runId), pauseBegan, paused];
    const first = await live(run, record, { diesAt: 'run-resumed' });
    await first.receive({ kind: 'resume-requested', runId, by: 'cli', reason: 'seen' });
    await first.died();
    await (await live(run, record)).told('run-resumed');
    expect(await run.boundary.isFrozen()).to.equal(false);
    expect(kindsOf(record).slice(3)).to.deep.equal(['resume-began', 'run-resumed']);
  });

  it('holds: a tree that somebody let go on meanwhile is halted again, and nothing new is told', async () => {
    const run = await start(counter, 'tick');
    const record = [requested(runId), pauseBegan, paused];
    await live(run, record);
    expect(await run.boundary.isFrozen()).to.equal(true);
    expect(record).to.have.length(3);
  });

  it('ends in time, also when its time was up while nobody was there', async () => {
    const run = await start(counter, 'tick');
    await pauseTree(run.boundary);
    const resumeAtMs = Date.now() - 5_000;
    const record: FactBody[] = [requested(runId), { ...pauseBegan, resumeAtMs }, { ...paused, resumeAtMs }];
    expect(await (await live(run, record)).told('run-resumed')).to.include({ reason: 'its pause is over' });
    expect(await run.boundary.isFrozen()).to.equal(false);
  });

  it('is not of our making when no record knows of it: a frozen cgroup is let go, a SIGSTOP is left to its user', async () => {
    const run = await start(counter, 'tick');
    await pauseTree(run.boundary);
    const record = [requested(runId)];
    const life = await live(run, record);
    if (level === 'cgroup2') {
      expect(await life.told('run-resumed')).to.include({ by: 'daemon' });
      expect(await run.boundary.isFrozen()).to.equal(false);
    } else {
      expect(await run.boundary.isFrozen()).to.equal(true);
      expect(record).to.have.length(1);
      await life.receive({ kind: 'resume-requested', runId, by: 'cli', reason: 'go on' });
      await life.told('run-resumed');
      expect(await run.boundary.isFrozen()).to.equal(false);
    }
  });
});

inLevels('a pause', (_level, start) => {
  it('is said before it is done, and asking for it twice changes nothing', async () => {
    const run = await start(counter, 'tick');
    const record = [requested(runId)];
    const life = await live(run, record);
    await life.receive(wish);
    await life.told('run-paused');
    await life.receive(wish);
    await life.receive({ kind: 'resume-requested', runId, by: 'cli', reason: 'seen' });
    await life.told('run-resumed');
    await resumeTree(run.boundary);
    await life.receive({ kind: 'resume-requested', runId, by: 'cli', reason: 'seen' });
    expect(kindsOf(record).slice(1)).to.deep.equal(['pause-began', 'run-paused', 'resume-began', 'run-resumed']);
  });
});

inLevels('a pause that some of the tree escapes', (_level, start) => {
  /** A process that sleeps where no signal reaches it, for as long as `isDeaf` holds. */
  const withDeaf = (run: ShimmedRun, isDeaf: () => boolean): ShimmedRun => {
    const freeze = async (): Promise<readonly Member[]> => {
      const moving = await run.boundary.freeze();
      const [main] = await run.boundary.members();
      return isDeaf() && main !== undefined ? [main] : moving;
    };
    return { ...run, boundary: { ...run.boundary, freeze } };
  };

  it('names who moves on, once and without secrets, and is told as a pause when the last of them stands', async () => {
    const run = await start([...counter, 'sh', '--api-key=hunter2hunter2'], 'tick');
    const clock = createManualClock();
    let isDeaf = true;
    let looks = 0;
    const deaf = withDeaf(run, () => {
      looks += 1;
      return isDeaf;
    });
    const record = [requested(runId)];
    const life = await live(deaf, record, { clock });
    await life.receive(wish);
    const told = await life.told('pause-incomplete');
    expect(told).to.deep.include({ kind: 'pause-incomplete', runId });
    const [mover] = told.kind === 'pause-incomplete' ? told.moving : [];
    expect(mover?.pid).to.equal(run.pidFile.identity.pid);
    expect(mover?.command).to.contain('--api-key');
    expect(JSON.stringify(record)).to.not.contain('hunter2');
    clock.advance(1_000);
    await eventually('another attempt', () => (looks > 1 ? true : null));
    isDeaf = false;
    await eventually('the pause', () => {
      clock.advance(1_000);
      return record.some(({ kind }) => kind === 'run-paused') ? true : null;
    });
    expect(kindsOf(record).slice(1)).to.deep.equal(['pause-began', 'pause-incomplete', 'run-paused']);
  });

  it('can be taken back while it is not complete', async () => {
    const run = await start(counter, 'tick');
    const record = [requested(runId)];
    const life = await live(
      withDeaf(run, () => true),
      record,
    );
    await life.receive(wish);
    await life.told('pause-incomplete');
    await life.receive({ kind: 'resume-requested', runId, by: 'cli', reason: 'never mind' });
    await life.told('run-resumed');
    expect(await run.boundary.isFrozen()).to.equal(false);
  });
});
