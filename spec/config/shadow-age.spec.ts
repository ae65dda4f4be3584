import { mkdtempSync, rmSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { openPolicyStore, type PolicyStore } from '#config/policy-store';
import { overdueShadows, sayOverdue } from '#config/shadow-age';
import { createShadowWatch } from '#coordinator/shadow-watch';
import { hashOf } from '#policy/compile-policy';
import type { FactBody } from '#protocol/facts';
import type { PolicyText } from '#protocol/messages';
import { createManualClock } from '#runtime/clock';

const dayMs = 86_400_000;
const nowMs = Date.UTC(2031, 4, 20);
const policyOf = (body: string): PolicyText => {
  const files = [
    { path: 'trial.yaml', text: `apiVersion: flowforge/v1\nkind: Policy\nmetadata: { name: trial }\n${body}\n` },
  ];
  return { name: 'trial.yaml', hash: hashOf(files), files, patterns: [] };
};
const hot = (threshold: number, rollout: string): PolicyText =>
  policyOf(`rules: [{ id: hot, when: cpu.pct > ${threshold}, action: stop${rollout} }]`);
const inShadow = ', rollout: { mode: shadow, remind_after: 7d }';

describe('a shadow', () => {
  let home: string;
  let store: PolicyStore;
  beforeEach(() => {
    home = mkdtempSync(path.join(tmpdir(), 'ff-shadow-'));
    store = openPolicyStore(home);
  });
  afterEach(() => rmSync(home, { recursive: true, force: true }));
  const keep = (policy: PolicyText, daysAgo: number): PolicyText => {
    store.keep(policy);
    const at = new Date(nowMs - daysAgo * dayMs);
    utimesSync(path.join(home, 'policies', `${policy.hash}.json`), at, at);
    return policy;
  };

  it('is as old as its first text, whatever else was edited since', () => {
    keep(hot(60, inShadow), 8);
    const now = keep(hot(70, inShadow), 1);
    const [overdue] = overdueShadows(now, store, nowMs);
    expect(overdue).to.deep.equal({ rule: 'hot', sinceMs: nowMs - 8 * dayMs });
    expect(sayOverdue('trial.yaml', overdue ?? { rule: null, sinceMs: 0 }, nowMs)).to.match(
      /^rule hot of trial.yaml has been in shadow for 8 days/,
    );
  });

  it('begins anew after it was let act, and is not told of before its time', () => {
    keep(hot(60, inShadow), 30);
    keep(hot(60, ''), 6);
    expect(overdueShadows(keep(hot(70, inShadow), 5), store, nowMs)).to.deep.equal([]);
    expect(overdueShadows(hot(60, ''), store, nowMs)).to.deep.equal([]);
  });

  it('of a whole policy waits for fourteen days where nothing else is said, and is told of once a day', () => {
    const policy = keep(policyOf('rollout: { mode: shadow }\nrules: [{ id: hot, when: cpu.pct > 60 }]'), 14);
    const clock = createManualClock(nowMs);
    const said: FactBody[] = [];
    const { name, hash } = policy;
    const active = () => [{ key: 'file:/trial.yaml', name, hash, runIds: [], problem: null }];
    const watch = createShadowWatch({ clock, store, active, say: (body) => void said.push(body) });
    watch.start();
    for (let hour = 0; hour < 23; hour++) clock.advance(3_600_000);
    expect(said.map((fact) => fact.kind === 'shadow-overdue' && [fact.rule, fact.severity])).to.deep.equal([
      [null, 'info'],
    ]);
    for (let hour = 0; hour < 3; hour++) clock.advance(3_600_000);
    expect(said).to.have.length(2);
    watch.stop();
  });
});
