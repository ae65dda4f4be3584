import { cpus, loadavg, release } from 'node:os';
import { probeContainment } from '#action/containment/probe';
import { catalogue } from './catalogue.ts';
import type { Fault, FaultSetting, Verdict } from './fault.ts';
import { endOpenHomes, usualLoad } from './guarded-home.ts';

/**
 * The catalogue, one after the other, as the table that docs/reliability.md holds:
 *
 *   npm run faults -- [--short] [--only C01,R01]
 *
 * FLOWFORGE_CONTAINMENT=tag-scan tells the same stories one level lower. Exit code 1 when one of them failed, 2 when there
 * is no such fault.
 */
interface Outcome {
  readonly fault: Fault;
  readonly verdict: Verdict | { readonly kind: 'failed'; readonly why: string };
  readonly tookMs: number;
}

const main = async (args: readonly string[]): Promise<number> => {
  const short = args.includes('--short');
  const only = args.includes('--only') ? (args[args.indexOf('--only') + 1] ?? '').split(',') : null;
  const unknown = (only ?? []).filter((id) => !catalogue.some((fault) => fault.id === id));
  if (unknown.length > 0) {
    console.error(
      `--only: there is no fault ${unknown.map((id) => JSON.stringify(id)).join(', ')}; there are ${catalogue.map(({ id }) => id).join(' ')}`,
    );
    return 2;
  }
  const chosen = catalogue.filter((fault) => (only === null ? !short || fault.inShort : only.includes(fault.id)));
  const { level, why } = await probeContainment();
  console.log(`${headOf({ level, why, short })}\n\n| id | fault | | figure | took |\n|---|---|---|---|---|`);
  const outcomes: Outcome[] = [];
  for (const fault of chosen) {
    const outcome = await provoke(fault, { level, short });
    outcomes.push(outcome);
    console.log(rowOf(outcome));
  }
  const failed = outcomes.filter(({ verdict }) => verdict.kind === 'failed');
  const seconds = Math.round(outcomes.reduce((sum, { tookMs }) => sum + tookMs, 0) / 1_000);
  const count = (kind: string): number => outcomes.filter(({ verdict }) => verdict.kind === kind).length;
  console.log(
    `\n${count('held')} held, ${count('skipped')} skipped, ${failed.length} failed, in ${seconds} s; load ${loadNow()} at the end.`,
  );
  for (const { fault, verdict } of failed) if (verdict.kind === 'failed') console.log(`\n${fault.id}: ${verdict.why}`);
  return failed.length === 0 ? 0 : 1;
};

const headOf = (setting: FaultSetting & { readonly why: string }): string =>
  [
    `Level ${setting.level} (${setting.why}); ${setting.short ? 'short form' : 'full length'}.`,
    `Node ${process.version}, Linux ${release()}, ${cpus().length} cores, load ${loadNow()} at the start;`,
    `with each fault ${usualLoad.jobs} jobs print ${usualLoad.jobs * usualLoad.linesPerSecond} lines a second in all.`,
  ].join('\n');

/** Of the whole machine: the processes that wanted a core in the last minute. */
const loadNow = (): string => (loadavg()[0] ?? 0).toFixed(1);

const provoke = async (fault: Fault, setting: FaultSetting): Promise<Outcome> => {
  const beganMs = performance.now();
  const told = (verdict: Outcome['verdict']): Outcome => ({ fault, verdict, tookMs: performance.now() - beganMs });
  try {
    return told(await fault.provoke(setting));
  } catch (cause) {
    // The others are still worth telling; the exit code says that this one failed.
    await endOpenHomes();
    return told({ kind: 'failed', why: cause instanceof Error ? (cause.stack ?? cause.message) : String(cause) });
  }
};

const rowOf = ({ fault, verdict, tookMs }: Outcome): string => {
  const told = { held: 'held', skipped: 'SKIPPED', failed: 'FAILED' }[verdict.kind];
  const figure = verdict.kind === 'held' ? verdict.figure : (verdict.why.split('\n')[0] ?? '');
  return `| ${fault.id} | ${fault.what} | ${told} | ${figure} | ${(tookMs / 1_000).toFixed(1)} s |`;
};

process.exitCode = await main(process.argv.slice(2));
