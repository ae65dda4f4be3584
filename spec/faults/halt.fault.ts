import { statSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import { type Fault, held, type Verdict } from './fault.ts';
import { openHome } from './guarded-home.ts';

const frozenAdopted = async (): Promise<Verdict> => {
  const home = await openHome();
  const { runId } = await home.start(['sh', '-c', 'while :; do echo tick; sleep 0.05; done']);
  await home.ask((client) => client.command(runId, 'pause', { reason: 'hold on' }));
  await home.untilFact(runId, 'run-paused');
  const size = (): number => statSync(path.join(home.home, 'runs', runId, 'stdout.log')).size;
  const pausedAt = size();
  const dead = await home.killDaemon();
  await home.untilGuarding(dead);
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  expect((await home.view(runId)).state).to.equal('paused');
  expect(size(), 'it stands still').to.equal(pausedAt);
  await home.ask((client) => client.command(runId, 'resume', { reason: 'go on' }));
  await home.untilFact(runId, 'run-resumed');
  await home.forge.until('it to go on', async () => size() > pausedAt);
  await home.ask((client) => client.command(runId, 'pause', { reason: 'hold on' }));
  await home.forge.until('the second pause', async () => (await home.view(runId)).state === 'paused');
  const stopped = await home.stop(runId, 500);
  expect(stopped.outcome.kind).to.equal('stop-verified');
  const signals = (await home.facts(runId)).flatMap((fact) => (fact.kind === 'stop-signalled' ? [fact.signal] : []));
  expect(signals.slice(0, 2)).to.deep.equal(['SIGCONT', 'SIGTERM']);
  await home.end();
  const steps = await killedWhileHalting();
  return held(
    `stood still through a kill -9, was adopted as paused, went on when told; SIGCONT came before SIGTERM; killed at ${steps} steps of a pause and its end, the tree did as the record says, told once`,
  );
};

/** What the daemon dies at, and the verb that brings it there. */
const haltSteps = [
  ['before:pause-began', 'pause'],
  ['after:pause-began', 'pause'],
  ['before:run-paused', 'pause'],
  ['after:run-paused', 'pause'],
  ['before:resume-began', 'resume'],
  ['after:resume-began', 'resume'],
  ['before:run-resumed', 'resume'],
  ['after:run-resumed', 'resume'],
] as const;

const killedWhileHalting = async (): Promise<number> => {
  for (const [step, verb] of haltSteps) {
    const home = await openHome({ load: null, env: { FLOWFORGE_FAILPOINT: step } });
    const { runId } = await home.start(['sh', '-c', 'while :; do echo tick; sleep 0.05; done']);
    const size = (): number => statSync(path.join(home.home, 'runs', runId, 'stdout.log')).size;
    const wish = (asked: 'pause' | 'resume'): Promise<unknown> =>
      home.ask((client) => client.command(runId, asked, { reason: step })).catch(() => undefined);
    const { pid } = await home.status();
    await wish('pause');
    if (verb === 'resume') {
      await home.untilFact(runId, 'run-paused');
      await wish('resume');
    }
    await home.untilGuarding(Number(pid));
    // What was never said is not owed: it is asked for again, as a person would.
    if (step.startsWith('before:') && step.endsWith('-began')) await wish(verb);
    await home.untilFact(runId, verb === 'pause' ? 'run-paused' : 'run-resumed');
    const before = size();
    if (verb === 'pause') {
      await new Promise((resolve) => setTimeout(resolve, 500));
      expect(size(), `${step}: it stands still`).to.equal(before);
    } else await home.forge.until(`it to go on after ${step}`, async () => size() > before);
    expect((await home.view(runId)).state, step).to.equal(verb === 'pause' ? 'paused' : 'running');
    const told = (await home.facts(runId)).filter(({ kind }) => kind === 'run-paused' || kind === 'run-resumed');
    expect(told, `${step}: each told once`).to.have.length(verb === 'pause' ? 1 : 2);
    await home.stop(runId, 0);
    await home.end();
  }
  return haltSteps.length;
};

export const haltFaults: readonly Fault[] = [
  { id: 'R15', what: 'a frozen job, and a kill -9 of the daemon', inShort: false, provoke: frozenAdopted },
];
