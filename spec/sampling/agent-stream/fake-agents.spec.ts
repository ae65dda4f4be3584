import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect } from 'chai';
import { createAgentDetectors } from '#detection/agent-detectors';
import type { Finding } from '#protocol/judgement';
import type { SignalVector } from '#protocol/signals';
import { createAgentTap } from '#sampling/agent-tap';
import { fixtureDir, plainRedactor } from './read-stream.ts';

interface Watched {
  /** The first moment at which something reached "act": after how much time, in which line. */
  readonly acted: { readonly finding: Finding; readonly afterMs: number; readonly calls: number } | null;
  readonly warned: boolean;
  readonly signals: SignalVector;
}

/** Runs a fake agent at full speed and plays its lines back at the pace it would have had. */
const watch = (script: string, paceMs: number): Watched => {
  const { stdout, status } = spawnSync('python3', [join(fixtureDir, script), '--pace', '0', '--timeout', '20']);
  expect(status).to.equal(0);
  const lines = stdout
    .toString()
    .split('\n')
    .filter((line) => line !== '');
  const tap = createAgentTap({ redact: plainRedactor, model: null });
  const detectors = createAgentDetectors();
  let nowMs = 1_760_000_000_000;
  const beganMs = nowMs;
  let acted: Watched['acted'] = null;
  let warned = false;
  for (const line of lines) {
    tap.feed('stdout', Buffer.from(`${line}\n`), nowMs);
    detectors.observe(tap.take());
    const held = detectors.findings(nowMs);
    warned ||= held.some((finding) => finding.level !== 'observe');
    const finding = held.find((each) => each.level === 'act');
    if (finding !== undefined)
      acted ??= { finding, afterMs: nowMs - beganMs, calls: Number(detectors.signals(nowMs)['tools.calls']) };
    nowMs += paceMs;
  }
  return { acted, warned, signals: detectors.signals(nowMs) };
};

describe('fake agents, as programs', () => {
  it('one that repeats a failing call is caught by the fifth', () => {
    const { acted } = watch('repeats_failing_call.py', 250);
    expect(acted?.calls).to.be.at.most(5);
  });

  it('one that polls a growing build forty times is left alone', () => {
    expect(watch('polls_growing_build.py', 250)).to.include({ acted: null, warned: false });
  });

  it('one that fans out two hundred children in a minute is caught within five seconds', () => {
    const { acted } = watch('fans_out_children.py', 300);
    expect(acted?.finding).to.include({ detector: 'agent-explosion', hard: true });
    expect(acted?.afterMs).to.be.at.most(5_000);
  });

  it('one that spends without end shows what it costs, and is no loop', () => {
    const { acted, signals } = watch('over_budget.py', 250);
    expect(acted).to.equal(null);
    expect(signals['cost.usd']).to.be.greaterThan(50);
  });

  it('one that edits and tests until all is well is left alone', () => {
    expect(watch('healthy_agent.py', 300)).to.include({ acted: null, warned: false });
  });
});
