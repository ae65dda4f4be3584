import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { resolvePaths } from '#config/paths';
import { readPolicyText } from '#config/policy-files';
import { openPolicyStore } from '#config/policy-store';
import { foldRuleRecords } from '#gateway/rule-records';
import type { CheckPolicyReply, PoliciesReply, RunThresholds, TestPolicyReply } from '#protocol/policy-views';
import { withHome } from '../record/temporary-home.ts';
import {
  createSealer,
  decisionMade,
  incidentOpened,
  newIncidentId,
  newRunId,
  requested,
  started,
} from '../record/told-facts.ts';
import { startGateway, withGateway } from './running-gateway.ts';

const policiesDir = join(resolvePaths({}).packageRoot, 'policies');
const shippedText = (file: string): string => readFileSync(join(policiesDir, file), 'utf8');

const draft = (rule: string): string =>
  `apiVersion: flowforge/v1\nkind: Policy\nmetadata: { name: mine }\nextends: [standard]\nrules:\n  - id: mine\n${rule}`;

describe('the policies of a gateway', () => {
  it('are those that ship, with their rules, their runs and what became of each rule', () =>
    withHome(async (elsewhere) => {
      const runId = newRunId();
      const policy = readPolicyText({ kind: 'shipped', name: 'standard' }, policiesDir);
      const active = [{ key: 'shipped:standard', name: 'standard', hash: policy.hash, runIds: [runId], problem: null }];
      const { gateway, home, tell, get } = await startGateway(elsewhere, {
        coordinator: { activePolicies: async () => active },
      });
      openPolicyStore(home).keep(policy);
      await tell(requested(runId), started(runId));
      const body: PoliciesReply = (await get('/v1/policies')).body;
      expect(body.items.map(({ name }) => name)).to.have.members(['standard', 'local-default', 'agent-fleet']);
      expect(body.items[0]?.runs).to.deep.equal([{ runId, name: 'looper' }]);
      const rules = body.items[0]?.outline?.rules ?? [];
      const loop = rules.find(({ id }) => id === 'cpu-and-repeating');
      expect(loop).to.include({ severity: 'critical', dwellMs: 8000, unless: 'progress.age < 2*s' });
      expect(loop?.ladder.map(({ verb }) => verb)).to.deep.equal(['alert', 'stop']);
      expect(loop?.place?.path).to.equal('policies/standard.yaml');
      expect(rules.find(({ id }) => id === 'host-memory')?.place?.path).to.equal('policies/local-default.yaml');
      await gateway.stop();
    }));

  it('count pending, fired and acted per rule, an incident once, and by day', () => {
    const seal = createSealer();
    const [runId, incidentId] = [newRunId(), newIncidentId()];
    const shadow = { ...decisionMade(runId, newIncidentId()), enforced: false, does: 'continue' } as const;
    const facts = seal(
      { kind: 'rule-pending', runId, rule: 'cpu-and-repeating', policyHash: 'f', summary: '', dwellMs: 1 },
      incidentOpened(runId, incidentId),
      decisionMade(runId, incidentId),
      decisionMade(runId, incidentId),
      shadow,
    ).map(({ fact }) => fact);
    const nowMs = 1_700_000_001_000;
    const nameOf = () => 'standard';
    const [record] = foldRuleRecords(facts, { nowMs, nameOf });
    expect(record).to.include({ pending: 1, fired: 1, acted: 1, wouldHaveActed: 1 });
    expect(record?.policy).to.equal('standard');
    expect(record?.firedByDay).to.deep.equal([0, 0, 0, 0, 0, 0, 1]);
    expect(foldRuleRecords(facts, { nowMs: nowMs + 8 * 86_400_000, nameOf })).to.deep.equal([]);
  });

  it('are checked as they are typed: the place of each mistake, and who would be judged', () =>
    withGateway(async ({ gateway, tell, post }) => {
      const runId = newRunId();
      await tell(requested(runId), started(runId));
      const wrong = await post('/v1/policies/check', { text: draft('    when: cpu.pctt > 5\n') });
      const refused: CheckPolicyReply = wrong.body;
      expect(refused.kind).to.equal('refused');
      if (refused.kind === 'refused') {
        expect(refused.problems[0]).to.include({ line: 7, column: 11 });
        expect(refused.problems[0]?.message).to.contain('Did you mean cpu.pct');
      }
      const host = { cpuPct: 1, load1: 1, memTotalBytes: 1, memAvailableBytes: 1, diskFreeBytes: 1 };
      const signals = { 'cpu.pct': 91, 'mem.rss': 1000 } as const;
      gateway.live({ atMs: 1, host, rows: [{ runId, atMs: 1, signals, lastLine: null, rules: [], findings: [] }] });
      const good: CheckPolicyReply = (await post('/v1/policies/check', { text: draft('    when: cpu.pct > 90\n') }))
        .body;
      expect(good.kind).to.equal('good');
      if (good.kind !== 'good') return;
      expect(good.matches).to.deep.include({ liveRuns: 1, matched: 1 });
      expect(good.matches.holding).to.deep.equal([{ runId, name: 'looper', rule: 'mine', isHeldBack: false }]);
      expect(good.matches.readings).to.deep.include({ signal: 'cpu.pct', value: 91, name: 'looper' });
    }));

  it('tell what a run is held against: numbers, limits of its own, and rules that match it alone', () =>
    withHome(async (elsewhere) => {
      const runId = newRunId();
      const rules = [
        '    when: cpu.pct > 90 && mem.rss >= 2*GiB || cpu.pct > 0.5 * limit.cpu_pct || cpu.pct_10s > limit.cpu_pct',
        '  - id: others\n    match: { name: somebody-else }\n    when: cpu.pct > 20',
      ];
      const policy = {
        ...readPolicyText(
          { kind: 'file', path: '/home/sam/mine.yaml', text: draft(`${rules.join('\n')}\n`) },
          policiesDir,
        ),
        name: 'mine.yaml',
      };
      const active = [
        { key: 'file:/home/sam/mine.yaml', name: policy.name, hash: policy.hash, runIds: [runId], problem: null },
      ];
      const { gateway, home, tell, get } = await startGateway(elsewhere, {
        coordinator: { activePolicies: async () => active },
      });
      openPolicyStore(home).keep(policy);
      await tell(requested(runId), started(runId));
      const early: RunThresholds = (await get(`/v1/runs/${runId}/thresholds`)).body;
      expect(early).to.include({ policy: 'mine.yaml', policyHash: policy.hash, isEarly: true });
      const host = { cpuPct: 1, load1: 1, memTotalBytes: 1, memAvailableBytes: 1, diskFreeBytes: 1 };
      const signals = { 'cpu.pct': 91, 'limit.cpu_pct': 60 } as const;
      gateway.live({ atMs: 1, host, rows: [{ runId, atMs: 1, signals, lastLine: null, rules: [], findings: [] }] });
      const told: RunThresholds = (await get(`/v1/runs/${runId}/thresholds`)).body;
      expect(told.isEarly).to.equal(false);
      expect(told.items.filter(({ rule }) => rule === 'mine')).to.deep.equal([
        { rule: 'mine', signal: 'cpu.pct', value: 90 },
        { rule: 'mine', signal: 'mem.rss', value: 2 * 1024 ** 3 },
        { rule: 'mine', signal: 'cpu.pct_10s', value: 60 },
      ]);
      expect(told.items.map(({ rule }) => rule)).to.not.include('others');
      await gateway.stop();
    }));

  it('name no file of this machine as a parent, whatever a draft asks for', () =>
    withGateway(async ({ post }) => {
      const text = draft('    when: cpu.pct > 90\n').replace('[standard]', '["../../../../../../etc/hostname"]');
      const { body } = await post('/v1/policies/check', { text, key: 'file:/etc/flowforge.yaml' });
      expect(body.kind).to.equal('refused');
      expect(body.problems[0].message).to.contain('unknown parent');
    }));

  it('are tested by their own tests on another thread', () =>
    withGateway(async ({ post }) => {
      const text = shippedText('local-default.yaml');
      const tests = shippedText('local-default.test.yaml');
      const reply: TestPolicyReply = (await post('/v1/policies/test', { text, tests })).body;
      expect(reply.kind).to.equal('ran');
      if (reply.kind !== 'ran') return;
      expect(reply.cases.length).to.be.greaterThan(5);
      expect(reply.cases.flatMap(({ failures }) => failures)).to.deep.equal([]);
      const broken = text.replace('host.mem.available_pct <', 'host.mem.available_pct > 1000*');
      const failed: TestPolicyReply = (await post('/v1/policies/test', { text: broken, tests })).body;
      expect(failed.kind === 'ran' && failed.cases.some(({ failures }) => failures.length > 0)).to.equal(true);
    })).timeout(30_000);

  it('come with a page that may bring its own style, and no other', () =>
    withGateway(async ({ send }) => {
      const headers = { accept: 'text/html' };
      const [one, two] = [await send({ path: '/policies', headers }), await send({ path: '/', headers })];
      const nonceOf = (text: string) => /nonce="([\w-]{20,})"/.exec(text)?.[1];
      for (const reply of [one, two]) {
        const csp = String(reply.headers['content-security-policy']);
        expect(csp).to.contain(`style-src 'self' 'nonce-${nonceOf(reply.text)}'`);
        expect(/script-src [^;]*/.exec(csp)?.[0]).to.equal("script-src 'self'");
      }
      expect(nonceOf(one.text)).to.not.equal(nonceOf(two.text));
    }));
});
