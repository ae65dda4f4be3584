import { appendFileSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import { createAgentDetectors } from '#detection/agent-detectors';
import { createLineDetectors } from '#detection/line-detectors';
import { createScan, type ScanResult } from '#offline/scan';
import type { Finding } from '#protocol/judgement';
import { createRedactor } from '#redaction/redact';
import { createAgentTap } from '#sampling/agent-tap';
import { createLineTap } from '#sampling/line-tap';
import { RunOutput } from '#sampling/run-output';
import { temporaryDirectory } from '../sampling/temporary-directory.ts';

interface Written {
  readonly atMs: number;
  readonly text: string;
}

const startMs = 1_900_000_000_000;
const session = JSON.stringify({ type: 'system', subtype: 'init', session_id: 's', model: 'm', cwd: '.' });
const callRecord = (n: number): string =>
  JSON.stringify({
    type: 'assistant',
    message: {
      id: `m${n}`,
      role: 'assistant',
      content: [{ type: 'tool_use', id: `t${n}`, name: 'Bash', input: { command: 'make pears' } }],
    },
  });
const answerRecord = (n: number): string =>
  JSON.stringify({
    type: 'user',
    message: {
      role: 'user',
      content: [{ type: 'tool_result', tool_use_id: `t${n}`, content: 'make: no pears', is_error: true }],
    },
  });

describe('a log that a live run wrote', () => {
  const dir = temporaryDirectory();

  /** As sampling and detection do it: what was written is read at its time, told, and folded by the detectors. */
  const live = (written: readonly Written[]): { lines: readonly Finding[]; agent: readonly Finding[] } => {
    const redact = createRedactor();
    const output = new RunOutput({
      runDir: dir.path,
      redact,
      model: null,
      createLineTap,
      createAgentTap,
      onGap: () => undefined,
    });
    const lines = createLineDetectors({ logWindowLines: 10 });
    const agent = createAgentDetectors();
    const buffer = Buffer.allocUnsafe(256 * 1024);
    const heard: Finding[] = [];
    for (const { atMs, text } of written) {
      appendFileSync(path.join(dir.path, 'stdout.log'), text);
      output.read(buffer, atMs);
      const news = output.take(atMs);
      for (const batch of news.lines) lines.observe(batch);
      if (news.events.length > 0) agent.observe(news.events);
      heard.push(...agent.findings(atMs));
    }
    output.close();
    return { lines: lines.episodes(), agent: heard };
  };
  const offline = (): ScanResult => {
    const scan = createScan({ format: 'auto', linesPerSecond: 20, redact: createRedactor(), logWindowLines: 10 });
    scan.feed(readFileSync(path.join(dir.path, 'stdout.log')));
    return scan.finish();
  };
  const shown = (finding: Pick<Finding, 'detector' | 'level' | 'atLine' | 'atMs' | 'count' | 'period'>) => {
    const { detector, level, atLine, atMs, count, period } = finding;
    return { detector, level, atLine, atMs, count, period };
  };
  const stamped = (ms: number, text: string): Written => ({
    atMs: startMs + ms,
    text: `${new Date(startMs + ms).toISOString()} ${text}\n`,
  });

  it('has the same findings offline, at the same lines and times', () => {
    const healthy = Array.from({ length: 200 }, (_, n) => stamped(n * 100, `stored page ${n} of the orchard`));
    const failing = Array.from({ length: 200 }, (_, n) => [
      stamped(20_000 + n * 300, `worker 4${n} starting`),
      stamped(20_050 + n * 300, `error: pear ${n} not found`),
      stamped(20_100 + n * 300, `worker 4${n} exited with code 1, restarting`),
    ]).flat();
    const { lines } = live([...healthy, ...failing]);
    expect(lines.map((finding) => finding.level)).to.include('warn');
    expect(offline().findings.map(shown)).to.deep.equal(lines.map(shown));
  });

  it('has the same findings of an agent, at the same events', () => {
    const records = [session, ...Array.from({ length: 60 }, (_, n) => [callRecord(n), answerRecord(n)]).flat()];
    const { lines, agent } = live(records.map((record, n) => ({ atMs: startMs + n * 1000, text: `${record}\n` })));
    const firstOf = (level: string) => (findings: readonly Pick<Finding, 'level' | 'detector' | 'atLine'>[]) =>
      findings.filter((finding) => finding.level === level).map(({ detector, atLine }) => `${detector} at ${atLine}`);
    const acting = [...new Set(firstOf('act')(agent))];
    expect(acting).to.have.length.above(0);
    expect(firstOf('act')(offline().findings)).to.have.members(acting);
    expect(lines).to.deep.equal([]);
  });
});
