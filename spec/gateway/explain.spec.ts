import { join } from 'node:path';
import { expect } from 'chai';
import { resolvePaths } from '#config/paths';
import { readPolicyText } from '#config/policy-files';
import { openPolicyStore } from '#config/policy-store';
import type { DecisiveEvent } from '#protocol/decisive-events';
import type { ExplainedTickRule } from '#protocol/policies';
import { newRunId, requested, started } from '../record/told-facts.ts';
import { withGateway } from './running-gateway.ts';

const text = `apiVersion: flowforge/v1
kind: Policy
metadata: { name: mine }
rules:
  - { id: loop, when: tools.repeats > 3, action: alert }
  - { id: lines, when: output.cycles > 3, action: alert }
  - { id: hot, when: cpu.pct > 90, action: alert }
`;

const call: DecisiveEvent = { detector: 'tool-cycle', kind: 'call', hash: 0x4a8e, resultHash: 0x4d, count: 6 };
const line: DecisiveEvent = { detector: 'periodic-lines', kind: 'line', hash: 17, resultHash: null, count: 40 };

describe('what a rule went by', () => {
  it('tells which call and which line repeated at that tick, to the rules that look at such things', () =>
    withGateway(async ({ home, gateway, tell, get }) => {
      const policiesDir = join(resolvePaths({}).packageRoot, 'policies');
      const policy = readPolicyText({ kind: 'file', path: '/home/sam/mine.yaml', text }, policiesDir);
      openPolicyStore(home).keep(policy);
      const runId = newRunId();
      await tell(requested(runId), started(runId));
      const row = { runId, policyHash: policy.hash, isFirst: false, acknowledged: [], extraUsd: {}, extraTokens: {} };
      const signals = { 'tools.repeats': 6, 'output.cycles': 40 } as const;
      await gateway.record({ atMs: 1000, rows: [{ ...row, signals, decisive: [call, line] }] });
      await gateway.record({ atMs: 2000, rows: [{ ...row, signals: {}, decisive: [] }] });
      const decisiveAt = async (atMs: number): Promise<Readonly<Record<string, readonly DecisiveEvent[]>>> => {
        const { body } = await get(`/v1/runs/${runId}/explain?at_ms=${atMs}`);
        const rules: readonly ExplainedTickRule[] = body.rules;
        const told = rules.filter(({ rule }) => ['loop', 'lines', 'hot'].includes(rule));
        return Object.fromEntries(told.map(({ rule, decisive }) => [rule, decisive]));
      };
      expect(await decisiveAt(1500)).to.deep.equal({ loop: [call], lines: [line], hot: [] });
      expect(await decisiveAt(2500)).to.deep.equal({ loop: [], lines: [], hot: [] });
    }));
});
