import { probeContainment } from '#action/containment/probe';
import { adoptionFaults } from './adoption.fault.ts';
import { containmentFaults } from './containment.fault.ts';
import { daemonFaults } from './daemon.fault.ts';
import type { Fault, FaultSetting, Verdict } from './fault.ts';
import { machineFaults } from './machine.fault.ts';
import { manyFaults } from './many.fault.ts';
import { outputFaults } from './output.fault.ts';
import { recordFaults } from './record.fault.ts';
import { workerFaults } from './worker.fault.ts';

/**
 * The catalogue, one after the other, and a table of what came of it:
 *
 *   npm run faults -- [--short] [--only C01,R01]
 *
 * FLOWFORGE_CONTAINMENT=tag-scan tells the same stories one level lower. Exit code 1 when one of them failed.
 */
const catalogue: readonly Fault[] = [
  ...containmentFaults,
  ...daemonFaults,
  ...adoptionFaults,
  ...recordFaults,
  ...outputFaults,
  ...machineFaults,
  ...manyFaults,
  ...workerFaults,
].sort((a, b) => a.id.localeCompare(b.id));

interface Outcome {
  readonly fault: Fault;
  readonly verdict: Verdict | { readonly kind: 'failed'; readonly why: string };
  readonly tookMs: number;
}

const main = async (args: readonly string[]): Promise<number> => {
  const short = args.includes('--short');
  const wanted = args[args.indexOf('--only') + 1]?.split(',') ?? [];
  const chosen = catalogue.filter((fault) =>
    args.includes('--only') ? wanted.includes(fault.id) : !short || fault.inShort,
  );
  const { level, why } = await probeContainment();
  console.log(`containment: ${level} (${why})${short ? '; short form' : ''}\n`);
  const outcomes: Outcome[] = [];
  for (const fault of chosen) {
    const outcome = await provoke(fault, { level, short });
    outcomes.push(outcome);
    console.log(rowOf(outcome));
  }
  const failed = outcomes.filter(({ verdict }) => verdict.kind === 'failed');
  const seconds = Math.round(outcomes.reduce((sum, { tookMs }) => sum + tookMs, 0) / 1_000);
  const count = (kind: string): number => outcomes.filter(({ verdict }) => verdict.kind === kind).length;
  console.log(`\n${count('held')} held, ${count('skipped')} skipped, ${failed.length} failed, in ${seconds} s`);
  return failed.length === 0 && chosen.length > 0 ? 0 : 1;
};

const provoke = async (fault: Fault, setting: FaultSetting): Promise<Outcome> => {
  const beganMs = performance.now();
  const told = (verdict: Outcome['verdict']): Outcome => ({ fault, verdict, tookMs: performance.now() - beganMs });
  try {
    return told(await fault.provoke(setting));
  } catch (cause) {
    // The others are still worth telling; the exit code says that this one failed.
    return told({ kind: 'failed', why: cause instanceof Error ? (cause.stack ?? cause.message) : String(cause) });
  }
};

const rowOf = ({ fault, verdict, tookMs }: Outcome): string => {
  const told = { held: 'held', skipped: 'SKIPPED', failed: 'FAILED' }[verdict.kind];
  const figure = verdict.kind === 'held' ? verdict.figure : verdict.why;
  return `| ${fault.id} | ${fault.what} | ${told} | ${figure} | ${(tookMs / 1_000).toFixed(1)} s |`;
};

process.exitCode = await main(process.argv.slice(2));
