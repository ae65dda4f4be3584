// usage: npm run bench:detection -- DIR [--rate 20] [--out FILE]
// Scores the detectors on a labelled corpus, against the rules of others, and prints Markdown (scores only, no data).
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { readCases, readManifest } from '../../dist/workers/offline/corpus-manifest.js';
import { corpusTable } from '../../dist/workers/offline/corpus-table.js';
import { scanCorpus } from '../../dist/workers/offline/scan-corpus.js';
import { eventRules, lineRules } from './peer-rules.mjs';

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { rate: { type: 'string', default: '20' }, out: { type: 'string' } },
});
const [dir] = positionals;
if (dir === undefined)
  throw new Error('which corpus? npm run bench:detection -- DIR (a directory with a manifest.jsonl)');

const report = await scanCorpus(dir, { format: 'auto', linesPerSecond: Number(values.rate), logWindowLines: 10 });
const isAlarm = (level) => level === 'warn' || level === 'act';
const isBad = (label) => label === 'runaway' || label === 'stuck';
const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? '-';

const detectionTable = () => {
  const rows = report.streams
    .filter(({ entry, result }) => isBad(entry.label) && isAlarm(result.level))
    .map(({ entry, result }) => {
      const first = result.findings
        .filter((finding) => isAlarm(finding.level))
        .toSorted((a, b) => (a.atLine ?? 0) - (b.atLine ?? 0))[0];
      const afterMs = first.atMs - (first.evidence.firstAtMs ?? first.atMs);
      return {
        kind: `${entry.label}: ${entry.kind}`,
        detector: first.detector,
        line: first.atLine,
        seconds: afterMs / 1000,
      };
    });
  const kinds = [...new Set(rows.map((row) => row.kind))].toSorted();
  const lines = kinds.map((kind) => {
    const own = rows.filter((row) => row.kind === kind);
    const detectors = [...new Set(own.map((row) => row.detector))].join(', ');
    return `| ${kind} | ${own.length} | ${detectors} | ${median(own.map((row) => row.line))} | ${median(own.map((row) => row.seconds)).toFixed(1)} |`;
  });
  return [
    '| kind | caught | first by | median line or event | median s of the pattern |',
    '|---|---|---|---|---|',
    ...lines,
  ].join('\n');
};

const ours = (streams) =>
  `| **FlowForge** | ${streams.filter((one) => isBad(one.entry.label) && isAlarm(one.result.level)).length} of ${streams.filter((one) => isBad(one.entry.label)).length} | ${streams.filter((one) => one.entry.label === 'healthy' && isAlarm(one.result.level)).length} of ${streams.filter((one) => one.entry.label === 'healthy').length} |`;

const streamPeers = () => {
  const streams = report.streams.filter(({ entry }) => !entry.file.endsWith('.jsonl'));
  const texts = readManifest(dir)
    .filter((entry) => !entry.file.endsWith('.jsonl') && (isBad(entry.label) || entry.label === 'healthy'))
    .map((entry) => ({ bad: isBad(entry.label), lines: readFileSync(entry.path, 'utf8').split('\n') }));
  const rows = Object.entries(lineRules).map(([name, rule]) => {
    const fired = texts.map(({ bad, lines }) => ({ bad, at: rule(lines) }));
    const count = (bad) =>
      `${fired.filter((one) => one.bad === bad && one.at !== null).length} of ${fired.filter((one) => one.bad === bad).length}`;
    return `| ${name} | ${count(true)} | ${count(false)} |`;
  });
  return [
    '| rule on log streams | runaway and stuck caught | false alarms on healthy |',
    '|---|---|---|',
    ...rows,
    ours(streams),
  ].join('\n');
};

const casePeers = () => {
  const cases = readCases(dir).filter((one) => one.kind === 'agent_events' && one.tier === 'core');
  const parsed = cases.map((one) => ({
    loop: one.expected === 'loop',
    events: one.text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line)),
  }));
  const loops = parsed.filter((one) => one.loop).length;
  const rows = Object.entries(eventRules).map(([name, rule]) => {
    const fired = parsed.map(({ loop, events }) => ({ loop, at: rule(events) })).filter((one) => one.at !== null);
    return `| ${name} | ${fired.filter((one) => one.loop).length} of ${loops} | ${fired.filter((one) => !one.loop).length} of ${parsed.length - loops} |`;
  });
  const own = report.cases.filter((one) => one.kind === 'agent_events' && one.tier === 'core' && isAlarm(one.level));
  rows.push(
    `| **FlowForge** | ${own.filter((one) => one.expected === 'loop').length} of ${loops} | ${own.filter((one) => one.expected !== 'loop').length} of ${parsed.length - loops} |`,
  );
  return ['| rule on agent events, core cases | loops caught | false alarms |', '|---|---|---|', ...rows].join('\n');
};

const costTable = () => {
  const lines = report.streams.filter(({ entry }) => !entry.file.endsWith('.jsonl'));
  const sum = (pick) => lines.reduce((total, one) => total + pick(one.result), 0);
  const usPerLine = (1000 * sum((result) => result.tookMs)) / sum((result) => result.lines);
  return `${sum((result) => result.lines)} lines of ${lines.length} logs, ${(sum((result) => result.bytes) / 1e6).toFixed(1)} MB: ${usPerLine.toFixed(2)} µs a line, cold start of each scan included.`;
};

const parts = [corpusTable(report), detectionTable(), streamPeers()];
if (report.cases.length > 0) parts.push(casePeers());
const text = `${[...parts, costTable()].join('\n\n')}\n`;
process.stdout.write(text);
if (values.out !== undefined) writeFileSync(values.out, text);
