import { readFileSync } from 'node:fs';
import path from 'node:path';
import { MessageChannel } from 'node:worker_threads';
import { expect } from 'chai';
import type { WorkerFault } from '#protocol/control';
import type { Fact, WorkerName } from '#protocol/facts';
import { openInlet, openOutlet } from '#runtime/link';
import { slowness } from '../slowness.ts';
import { type Fault, type FaultSetting, held, p95, spread, type Verdict } from './fault.ts';
import { type GuardedHome, openHome } from './guarded-home.ts';

const names = ['sampling', 'detection', 'action', 'gateway'] as const satisfies readonly WorkerName[];

interface Recovery {
  readonly worker: WorkerName;
  /** From the wish for the fault to the death that was told. */
  readonly foundMs: number;
  /** From the death to the successor being up. */
  readonly backMs: number;
  readonly why: string;
}

/** Breaks one worker and waits until another stands in its place. */
const breakWorker = async (home: GuardedHome, worker: WorkerName, kind: WorkerFault): Promise<Recovery> => {
  const before = (await home.facts(null)).at(-1)?.seq ?? 0;
  const askedAtMs = Date.now();
  // The gateway dies of it before it can answer.
  await home.forge.post('/v1/faults', { worker, kind }).catch(() => undefined);
  return home.forge.until(
    `${worker} to be back after ${kind}`,
    async () => {
      const facts = (await home.facts(null)).filter((fact) => fact.seq > before);
      const died = facts.find((fact): fact is DiedFact => fact.kind === 'worker-died' && fact.worker === worker);
      const back = facts.find((fact) => fact.kind === 'worker-started' && fact.worker === worker);
      if (died === undefined || back === undefined) return null;
      return { worker, foundMs: died.atMs - askedAtMs, backMs: back.atMs - died.atMs, why: died.why };
    },
    40_000,
  );
};

type DiedFact = Extract<Fact, { kind: 'worker-died' }>;

const allBackMs = ({ foundMs, backMs }: Recovery): number => foundMs + backMs;

/** @param options limits for the actors and for the gateway, of what `measure` tells. */
const broken =
  (
    kinds: readonly WorkerFault[],
    options: {
      readonly rounds: { readonly short: number; readonly long: number };
      readonly measure: (recovery: Recovery) => number;
      readonly limitsMs: { readonly actor: number; readonly gateway: number };
    },
  ) =>
  async ({ short }: { readonly short: boolean }): Promise<Verdict> => {
    const home = await openHome();
    const recoveries: Recovery[] = [];
    for (let round = 0; round < (short ? options.rounds.short : options.rounds.long); round += 1)
      for (const kind of kinds) for (const name of names) recoveries.push(await breakWorker(home, name, kind));
    if (kinds.includes('heap'))
      for (const { why } of recoveries) expect(why, 'found by Node at the limit of the heap').to.match(/memory limit/);
    const { runId } = await home.start(['sleep', '300']);
    const stopped = await home.stop(runId, 0);
    expect(stopped.outcome.kind).to.equal('stop-verified');
    await home.end();
    const of = (name: WorkerName): readonly number[] =>
      recoveries.filter(({ worker }) => worker === name).map(options.measure);
    const actors = (['sampling', 'detection', 'action'] as const).flatMap(of);
    const each = names.map((name) => `${name} ${spread(of(name))}`).join(', ');
    const figure = `${recoveries.length} deaths; actors back after ${spread(actors)}; ${each}`;
    // What is promised for a machine to itself is shown at full length; the short form is for any machine.
    const patience = short ? 2 * slowness() : 1;
    expect(p95(actors), `an actor is back (${figure})`).to.be.at.most(options.limitsMs.actor * patience);
    expect(p95(of('gateway')), `the gateway is back (${figure})`).to.be.at.most(options.limitsMs.gateway * patience);
    return held(figure);
  };

const endedBy = async (setting: FaultSetting): Promise<Verdict> => {
  const limits = { measure: ({ backMs }: Recovery) => backMs, limitsMs: { actor: 500, gateway: 2_000 } };
  const thrown = await broken(['throw', 'exit'], { rounds: { short: 1, long: 5 }, ...limits })(setting);
  if (setting.short || thrown.kind !== 'held') return thrown;
  // In a home of its own: more than ten deaths a minute are a storm.
  const exhausted = await broken(['heap'], { rounds: { short: 1, long: 4 }, ...limits })(setting);
  return exhausted.kind === 'held' ? held(`${thrown.figure}; out of heap: ${exhausted.figure}`) : exhausted;
};

const unendable = async (): Promise<Verdict> => {
  const home = await openHome();
  const stuck = await breakWorker(home, 'detection', 'stuck');
  expect(stuck.why).to.match(/blocked/);
  await home.forge.until('the thread to be given up', async () => abandonedIn(home.home) > 0 || null);
  const abandoned = abandonedIn(home.home);
  await home.end();
  expect(abandoned, 'threads abandoned').to.equal(1);
  const figure = `found after ${stuck.foundMs} ms, replaced ${stuck.backMs} ms later, while its thread hung on; 1 abandoned`;
  expect(allBackMs(stuck), figure).to.be.at.most(1_500);
  return held(figure);
};

const abandonedIn = (home: string): number =>
  readFileSync(path.join(home, 'daemon.log'), 'utf8').split('could not be ended').length - 1;

const crashLoop = async (): Promise<Verdict> => {
  const home = await openHome();
  const first = await home.status();
  const untilMs = performance.now() + 60_000;
  while ((await home.status()).pid === first.pid && performance.now() < untilMs) {
    await home.forge.post('/v1/faults', { worker: 'detection', kind: 'throw' }).catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, 150));
  }
  const now = await home.untilGuarding(Number(first.pid));
  const facts = await home.facts(null);
  expect(facts.some((fact) => fact.kind === 'worker-given-up')).to.equal(true);
  const deaths = facts.filter((fact) => fact.kind === 'worker-died').length;
  await home.end();
  return held(`given up after ${deaths} deaths, the daemon ended by itself, and ${now.pid} guards the same jobs`);
};

const midQueue = async ({ short }: { readonly short: boolean }): Promise<Verdict> => {
  const home = await openHome({ load: { jobs: 4, linesPerSecond: 100 } });
  const count = short ? 20 : 500;
  const started = [];
  for (let i = 0; i < count; i += 10)
    started.push(
      ...(await Promise.all(Array.from({ length: Math.min(10, count - i) }, () => home.start(['sleep', '300'])))),
    );
  const wishes = started.map(({ runId }) =>
    home.ask((client) => client.command(runId, 'stop', { reason: 'all at once', graceMs: 0 })).catch(() => undefined),
  );
  await home.forge.post('/v1/faults', { worker: 'action', kind: 'throw' });
  await Promise.all(wishes);
  for (const { runId } of started) {
    const facts = await home.forge.until(
      `the end of ${runId}`,
      async () => {
        const all = await home.facts(runId);
        return all.some((fact) => fact.kind === 'run-settled') ? all : null;
      },
      60_000,
    );
    for (const kind of ['stop-began', 'stop-verified', 'run-settled'])
      expect(
        facts.filter((fact) => fact.kind === kind),
        `${kind} of ${runId}`,
      ).to.have.length(1);
  }
  await home.end();
  return held(`${count} stops asked for while action died: each done, each once`);
};

const staleGeneration = async (): Promise<Verdict> => {
  const handled: number[] = [];
  const inlet = openInlet<number>((body) => {
    handled.push(body);
  });
  const outlet = openOutlet<number>({ kind: 'must-arrive', window: 500 });
  const old = new MessageChannel();
  outlet.connect(old.port1);
  const sent = Array.from({ length: 500 }, (_, i) => outlet.send(i));
  await new Promise(setImmediate);
  // The frames lie in the old port when its reader turns to the new one.
  inlet.connect(old.port2);
  const fresh = new MessageChannel();
  inlet.connect(fresh.port2);
  outlet.connect(fresh.port1);
  await Promise.all(sent);
  expect(handled).to.deep.equal(Array.from({ length: 500 }, (_, i) => i));
  for (const port of [fresh.port1, fresh.port2]) port.close();
  return held(`500 messages of an old generation dropped, sent again, each handled once`);
};

const hoarder = async (): Promise<Verdict> => {
  const home = await openHome();
  const recovery = await breakWorker(home, 'detection', 'leak');
  expect(allBackMs(recovery)).to.be.at.most(5_000);
  await home.end();
  return held(`1 GB of buffers: replaced after ${allBackMs(recovery)} ms (${recovery.why})`);
};

const standstill = async (): Promise<Verdict> => {
  const home = await openHome();
  const { runId } = await home.start(['sleep', '300']);
  // The answer comes after the standstill: the record of who asked for it waits, too.
  const answered = home.forge.post('/v1/faults', { worker: 'coordinator', kind: 'block' });
  await new Promise((resolve) => setTimeout(resolve, 200));
  const askedAtMs = Date.now();
  const { outcome } = await home.stop(runId, 0);
  const tookMs = outcome.atMs - askedAtMs;
  await answered;
  const told = await home.forge.until(
    'the standstill to be told',
    async () => (await home.facts(null)).find((fact) => fact.kind === 'daemon-stalled') ?? null,
  );
  await home.end();
  const figure = `told as ${told.kind === 'daemon-stalled' ? told.stalledMs : 0} ms; a stop asked for meanwhile was verified after ${tookMs} ms`;
  expect(outcome.kind).to.equal('stop-verified');
  expect(tookMs, figure).to.be.at.most(2_500);
  return held(figure);
};

export const workerFaults: readonly Fault[] = [
  {
    id: 'W01',
    what: 'each worker throws, exits, and exhausts its heap',
    inShort: true,
    provoke: endedBy,
  },
  {
    id: 'W02',
    what: 'each worker blocks; from the block until it is back',
    inShort: false,
    provoke: broken(['block'], {
      rounds: { short: 1, long: 5 },
      measure: allBackMs,
      limitsMs: { actor: 1_500, gateway: 3_000 },
    }),
  },
  { id: 'W03', what: 'a worker hangs in a system call', inShort: false, provoke: unendable },
  { id: 'W04', what: 'a worker that dies over and over', inShort: false, provoke: crashLoop },
  { id: 'W05', what: 'action dies with its queue full of stops', inShort: false, provoke: midQueue },
  { id: 'W06', what: 'late messages of a generation that is gone', inShort: true, provoke: staleGeneration },
  { id: 'W07', what: 'a worker that hoards buffers outside its heap', inShort: false, provoke: hoarder },
  { id: 'W08', what: 'the main loop stands still for 2 s', inShort: false, provoke: standstill },
];
