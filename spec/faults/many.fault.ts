import { execFileSync } from 'node:child_process';
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

/** In the full form; the short one has a tenth of the runs and holds them to nothing but being there, and gone. */
const limits = { startedS: 60, cpuPct: 20, rssMb: 320, listMs: 400, stoppedS: 3 } as const;
const settleMs = 10_000;
const measuredMs = 20_000;

interface Population {
  readonly who: string;
  readonly argvAt: (at: number) => readonly string[];
}

// Where `python3` is a script of a version manager, five hundred of those would be most of what is measured.
const python = execFileSync('python3', ['-c', 'import sys; print(sys.executable)'], { encoding: 'utf8' }).trim();
const printer = [python, script('prints_lines.py'), '--rate', '10', '--count', '1000000', '--timeout', '900'];
const populations: readonly Population[] = [
  { who: 'half printing', argvAt: (at) => (at % 2 === 0 ? ['sleep', '900'] : printer) },
  { who: 'all printing', argvAt: () => printer },
];

const many = async (setting: FaultSetting): Promise<Verdict> => {
  const figures: string[] = [];
  for (const population of populations) figures.push(await crowd(population, setting));
  return held(`${setting.short ? 60 : 500} runs, 10 lines a second each; ${figures.join('; ')}`);
};

const crowd = async ({ who, argvAt }: Population, { short }: FaultSetting): Promise<string> => {
  const count = short ? 60 : 500;
  const home = await openHome({ load: null });
  const beganMs = performance.now();
  for (let i = 0; i < count; i += 10)
    await Promise.all(Array.from({ length: 10 }, (_, k) => home.start(argvAt(i + k))));
  const startedS = (performance.now() - beganMs) / 1_000;
  const { cpuPct, rssMb } = await usageOver(Number((await home.status()).pid));
  const commandMs: number[] = [];
  for (let i = 0; i < 5; i += 1) {
    const page = await home.ask((client) => client.runs({}));
    expect(page.items.filter((row) => row.state === 'running')).to.have.length(count);
    commandMs.push((await home.forge.run('ps')).tookMs);
  }
  const stopMs = performance.now();
  await home.ask((client) => client.stopDaemon({ stopJobs: true }));
  const stoppedS = (performance.now() - stopMs) / 1_000;
  expect(survivorsIn(home.home)).to.deep.equal([]);
  await home.forge.run('daemon', 'start');
  await home.end();
  const seen = { startedS, cpuPct, rssMb, listMs: median(commandMs), stoppedS };
  if (!short) holdTo(seen, who);
  return `${who}: started in ${startedS.toFixed(1)} s; daemon ${cpuPct.toFixed(0)} % of a core, RSS ${rssMb} MB; \`ps\` ${Math.round(seen.listMs)} ms; all stopped and verified in ${stoppedS.toFixed(1)} s`;
};

/** Once the newest is no longer young. */
const usageOver = async (pid: number): Promise<{ readonly cpuPct: number; readonly rssMb: number }> => {
  await new Promise((resolve) => setTimeout(resolve, settleMs));
  const before = usageOf(pid);
  const fromMs = performance.now();
  await new Promise((resolve) => setTimeout(resolve, measuredMs));
  const after = usageOf(pid);
  return { cpuPct: ((after.cpuMs - before.cpuMs) / (performance.now() - fromMs)) * 100, rssMb: after.rssMb };
};

const holdTo = (seen: Record<keyof typeof limits, number>, who: string): void => {
  for (const [what, most] of Object.entries(limits))
    expect(seen[what as keyof typeof limits], `${who}: ${what} of ${JSON.stringify(seen)}`).to.be.at.most(most);
};

export const manyFaults: readonly Fault[] = [{ id: 'M01', what: 'many runs at once', inShort: false, provoke: many }];
