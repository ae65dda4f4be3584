import { readdirSync, readFileSync } from 'node:fs';
import type { WorkerName } from '#protocol/facts';
import type { RunId } from '#protocol/ids';
import { script } from '../e2e/flowforge.ts';
import { median } from './fault.ts';
import { type GuardedHome, openHome } from './guarded-home.ts';

/**
 * A long night in small: healthy jobs, a runaway now and then, and a random fault every 30 to 90 seconds; then a calm
 * while in which nothing may grow.
 *
 *   node dist/spec/faults/soak.js [--minutes 30] [--calm-minutes 15] [--seed 1]
 *
 * Exit code 1 when a healthy job was stopped, a runaway was missed, descriptors or memory grew, or the record is not whole.
 */
interface Plan {
  readonly minutes: number;
  readonly calmMinutes: number;
  readonly seed: number;
}

interface Sample {
  readonly pid: number;
  readonly rssKb: number;
  readonly descriptors: number;
}

const healthyJobs = 10;
const runawayEveryMs = 120_000;
/** A looper is stopped after about 15 s; a fault in between may cost it its windows once. */
const runawayCaughtWithinMs = 90_000;
const sampleEveryMs = 10_000;
const settleMs = 60_000;

const main = async (args: readonly string[]): Promise<number> => {
  const plan: Plan = {
    minutes: figureOf(args, '--minutes', 30),
    calmMinutes: figureOf(args, '--calm-minutes', 15),
    seed: figureOf(args, '--seed', 1),
  };
  const guarded = await openHome({ load: { jobs: healthyJobs, linesPerSecond: 20 } });
  const trouble: string[] = [];
  try {
    const storm = await weather(guarded, plan, trouble);
    const calm = await stillness(guarded, plan);
    const rows = [
      ['faults', `${storm.faults.length} (${summary(storm.faults)})`],
      ['healthy jobs stopped', String(await falseKills(guarded))],
      ['runaways missed', `${storm.missed} of ${storm.runaways}`],
      ['descriptors, first and last', calm.descriptors],
      ['RSS, median of the first and last third', calm.rss],
    ];
    await guarded.end();
    rows.push(['record', 'verified: chain whole, no survivor, every line of the healthy jobs once']);
    console.log(`\nseed ${plan.seed}, ${plan.minutes} min of faults, ${plan.calmMinutes} min of calm\n`);
    for (const [what, figure] of rows) console.log(`| ${what} | ${figure} |`);
    if (storm.missed > 0) trouble.push(`${storm.missed} runaways were missed`);
    trouble.push(...calm.trouble);
  } catch (cause) {
    trouble.push(cause instanceof Error ? (cause.stack ?? cause.message) : String(cause));
    await guarded.forge.end();
  }
  for (const line of trouble) console.log(`TROUBLE ${line}`);
  return trouble.length === 0 ? 0 : 1;
};

type FaultName = 'daemon killed' | `${WorkerName} ${'throw' | 'exit' | 'block'}` | 'daemon halted';

const weather = async (guarded: GuardedHome, plan: Plan, trouble: string[]) => {
  const chance = createChance(plan.seed);
  const endMs = performance.now() + plan.minutes * 60_000;
  const faults: FaultName[] = [];
  const caught: Promise<boolean>[] = [];
  let nextRunawayMs = performance.now() + 10_000;
  let nextFaultMs = performance.now() + 30_000;
  while (performance.now() < endMs) {
    if (performance.now() >= nextRunawayMs && endMs - performance.now() > runawayCaughtWithinMs) {
      nextRunawayMs = performance.now() + runawayEveryMs;
      caught.push(
        runaway(guarded).catch((cause: unknown) => {
          trouble.push(`a runaway could not be watched: ${String(cause)}`);
          return false;
        }),
      );
    }
    if (performance.now() >= nextFaultMs) {
      nextFaultMs = performance.now() + 30_000 + chance() * 60_000;
      const fault = pick(possibleFaults, chance());
      faults.push(fault);
      console.log(`${Math.round((endMs - performance.now()) / 1000)} s left: ${fault}`);
      await provoke(guarded, fault).catch((cause: unknown) => trouble.push(`${fault}: ${String(cause)}`));
    }
    await sleep(500);
  }
  const outcomes = await Promise.all(caught);
  return { faults, runaways: outcomes.length, missed: outcomes.filter((one) => !one).length };
};

const possibleFaults: readonly FaultName[] = [
  'daemon killed',
  'daemon halted',
  ...(['sampling', 'detection', 'action', 'gateway'] as const).flatMap((worker): FaultName[] => [
    `${worker} throw`,
    `${worker} exit`,
    `${worker} block`,
  ]),
];

const provoke = async (guarded: GuardedHome, fault: FaultName): Promise<void> => {
  if (fault === 'daemon killed') {
    await guarded.untilGuarding(await guarded.killDaemon());
    return;
  }
  if (fault === 'daemon halted') {
    const { pid } = await guarded.status();
    process.kill(Number(pid), 'SIGSTOP');
    await sleep(10_000);
    process.kill(Number(pid), 'SIGCONT');
    return;
  }
  const [worker, kind] = fault.split(' ');
  // The gateway dies of its own fault before it can answer.
  await guarded.forge.post('/v1/faults', { worker, kind }).catch(() => undefined);
};

/** True when FlowForge itself ended a looper in time. */
const runaway = async (guarded: GuardedHome): Promise<boolean> => {
  const runId = await startBetweenDaemons(guarded);
  const untilMs = performance.now() + runawayCaughtWithinMs;
  while (performance.now() < untilMs) {
    const view = await guarded.view(runId);
    if (view.settled) return view.stopCause === 'policy';
    await sleep(1_000);
  }
  return false;
};

/** A start is not asked for twice over one connection: when the daemon dies of a fault just then, the next one is asked. */
const startBetweenDaemons = async (guarded: GuardedHome): Promise<RunId> => {
  const argv = ['python3', script('infinite_looper.py'), '--timeout', '200'];
  for (let tries = 1; ; tries += 1) {
    try {
      return (await guarded.start(argv, { name: 'runaway' })).runId;
    } catch (cause) {
      if (tries === 5) throw cause;
      await guarded.status();
    }
  }
};

/** Stops that were not asked for, of the jobs that do their work. */
const falseKills = async (guarded: GuardedHome): Promise<number> => {
  const facts = await guarded.facts(null);
  const runaways = new Set(
    facts.flatMap((fact) => (fact.kind === 'run-requested' && fact.face.name === 'runaway' ? [fact.runId] : [])),
  );
  const isHealthy = (runId: RunId): boolean => !runaways.has(runId);
  return facts.filter((fact) => fact.kind === 'stop-began' && isHealthy(fact.runId)).length;
};

const stillness = async (guarded: GuardedHome, plan: Plan) => {
  await sleep(Math.min(settleMs, plan.calmMinutes * 6_000));
  const samples: Sample[] = [];
  const endMs = performance.now() + plan.calmMinutes * 60_000;
  while (performance.now() < endMs) {
    samples.push(sampleOf(Number((await guarded.status()).pid)));
    await sleep(sampleEveryMs);
  }
  const third = Math.max(1, Math.floor(samples.length / 3));
  const [first, last] = [samples.slice(0, third), samples.slice(-third)];
  const [rssFirst, rssLast] = [first, last].map((part) => median(part.map((one) => one.rssKb)) / 1000) as [
    number,
    number,
  ];
  const [fdsFirst, fdsLast] = [first, last].map((part) => median(part.map((one) => one.descriptors))) as [
    number,
    number,
  ];
  const growthPct = ((rssLast - rssFirst) / rssFirst) * 100;
  const trouble: string[] = [];
  if (growthPct > 5) trouble.push(`the daemon grew by ${growthPct.toFixed(1)} % in a calm`);
  if (fdsLast > fdsFirst + 5) trouble.push(`descriptors grew from ${fdsFirst} to ${fdsLast}`);
  if (new Set(samples.map((one) => one.pid)).size > 1) trouble.push('the daemon was replaced in a calm');
  return {
    trouble,
    descriptors: `${fdsFirst} and ${fdsLast}`,
    rss: `${rssFirst.toFixed(0)} and ${rssLast.toFixed(0)} MB (${growthPct.toFixed(1)} %)`,
  };
};

const sampleOf = (pid: number): Sample => ({
  pid,
  rssKb: Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]),
  descriptors: readdirSync(`/proc/${pid}/fd`).length,
});

/** The same seed gives the same weather (mulberry32). */
const createChance = (seed: number): (() => number) => {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
};

const pick = (names: readonly FaultName[], chance: number): FaultName =>
  names[Math.floor(chance * names.length)] ?? 'daemon killed';
const summary = (faults: readonly FaultName[]): string =>
  [...new Set(faults)].map((name) => `${name} x${faults.filter((one) => one === name).length}`).join(', ');
const figureOf = (args: readonly string[], flag: string, fallback: number): number =>
  args.includes(flag) ? Number(args[args.indexOf(flag) + 1]) : fallback;
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

process.exitCode = await main(process.argv.slice(2));
