import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { script } from '../e2e/flowforge.ts';
import { type Fault, type FaultSetting, held, median, type Verdict } from './fault.ts';
import { openHome, survivorsIn } from './guarded-home.ts';

const ticksPerSecond = 100;

const usageOf = (pid: number): { readonly cpuMs: number; readonly rssMb: number } => {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const cpuMs = ((Number(fields[11]) + Number(fields[12])) * 1_000) / ticksPerSecond;
  const rssKb = Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
  return { cpuMs, rssMb: Math.round(rssKb / 1_024) };
};

/** Half of them silent, half printing ten lines a second. */
const many = async ({ short }: FaultSetting): Promise<Verdict> => {
  const count = short ? 60 : 500;
  const home = await openHome({ load: null });
  const printer = ['python3', script('prints_lines.py'), '--rate', '10', '--count', '1000000', '--timeout', '900'];
  const beganMs = performance.now();
  for (let i = 0; i < count; i += 10)
    await Promise.all(Array.from({ length: 10 }, (_, k) => home.start(k % 2 === 0 ? ['sleep', '900'] : printer)));
  const startedS = (performance.now() - beganMs) / 1_000;
  const { pid } = await home.status();
  await new Promise((resolve) => setTimeout(resolve, 5_000));
  const before = usageOf(Number(pid));
  const measuredFrom = performance.now();
  await new Promise((resolve) => setTimeout(resolve, 20_000));
  const after = usageOf(Number(pid));
  const cpuPct = ((after.cpuMs - before.cpuMs) / (performance.now() - measuredFrom)) * 100;
  const listMs: number[] = [];
  const commandMs: number[] = [];
  for (let i = 0; i < 5; i += 1) {
    const askedMs = performance.now();
    const page = await home.ask((client) => client.runs({}));
    listMs.push(performance.now() - askedMs);
    expect(page.items.filter((row) => row.state === 'running')).to.have.length(count);
    commandMs.push((await home.forge.run('ps')).tookMs);
  }
  const stopMs = performance.now();
  await home.ask((client) => client.stopDaemon({ stopJobs: true }));
  const stoppedS = (performance.now() - stopMs) / 1_000;
  expect(survivorsIn(home.home)).to.deep.equal([]);
  await home.forge.run('daemon', 'start');
  await home.end();
  return held(
    `${count} runs: started in ${startedS.toFixed(1)} s; daemon ${cpuPct.toFixed(0)} % of a core, RSS ${after.rssMb} MB; \`ps\` ${Math.round(median(commandMs))} ms (its question ${Math.round(median(listMs))} ms); all stopped and verified in ${stoppedS.toFixed(1)} s`,
  );
};

export const manyFaults: readonly Fault[] = [
  { id: 'M01', what: 'many runs at once, half of them printing', inShort: false, provoke: many },
];
