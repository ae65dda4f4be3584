import { expect } from 'chai';
import { parse } from 'yaml';
import { planPromotion, promoteText } from '#policy/promote-text';

const text = `# ours
metadata: { name: p } # short
rollout:
  mode: shadow # until we trust it
rules:
  - id: hot
    when: cpu.pct > 60 # of one core
    rollout: { mode: shadow }
`;
const shadow = { mode: 'shadow', percent: 100, salt: 'p' } as const;
const canary = (percent: number) => ({ mode: 'canary', percent, salt: 'p' }) as const;

describe('a promotion', () => {
  it('changes the rollout of a policy and leaves every other word and comment as it is', () => {
    const next = promoteText(text, { rule: null, to: 'canary', percent: 10 });
    expect(parse(next).rollout).to.deep.equal({ mode: 'canary', percent: 10 });
    expect(next).to.include('# until we trust it').and.include('when: cpu.pct > 60 # of one core');
    const enforced = promoteText(next, { rule: null, to: 'enforce', percent: 100 });
    expect(parse(enforced)).to.deep.equal({ ...parse(text), rollout: { mode: 'enforce' } });
  });

  it('changes one rule, also one that a parent wrote', () => {
    const own = parse(promoteText(text, { rule: 'hot', to: 'enforce', percent: 100 }));
    expect(own.rules).to.deep.equal([{ ...parse(text).rules[0], rollout: { mode: 'enforce' } }]);
    const inherited = parse(promoteText(text, { rule: 'loop', to: 'canary', percent: 25 }));
    expect(inherited.rules[1]).to.deep.equal({ id: 'loop', rollout: { mode: 'canary', percent: 25 } });
    expect(
      parse(promoteText('metadata: { name: q }\n', { rule: 'loop', to: 'enforce', percent: 100 })).rules,
    ).to.have.length(1);
  });

  it('only ever widens: ten, a quarter, half, all', () => {
    const percents = [shadow, canary(10), canary(25), canary(50)].map((from) =>
      planPromotion(from, { to: 'canary', percent: null }),
    );
    expect(percents).to.deep.equal([10, 25, 50, 100].map((percent) => ({ kind: 'plan', percent })));
    expect(planPromotion(canary(50), { to: 'canary', percent: 20 })).to.deep.include({ kind: 'refused' });
    expect(planPromotion({ ...shadow, mode: 'enforce' }, { to: 'canary', percent: 20 }).kind).to.equal('refused');
  });
});
