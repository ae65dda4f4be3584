import { expect } from 'chai';
import { createAgentLines } from '#sampling/agent-lines';

describe('the lines of an agent that are not JSON', () => {
  const text = '{"type":"a"}\nplain words\n  {"type":"b"}\n\nlast {x}\n';

  it('stay, and each JSON line leaves an empty one', () => {
    expect(createAgentLines().strip(Buffer.from(text)).toString()).to.equal('\nplain words\n\n\nlast {x}\n');
  });

  it('are the same however the output is cut', () => {
    for (let cut = 1; cut < text.length; cut++) {
      const lines = createAgentLines();
      const stripped =
        lines.strip(Buffer.from(text.slice(0, cut))).toString() + lines.strip(Buffer.from(text.slice(cut))).toString();
      expect(stripped, `cut at ${cut}`).to.equal('\nplain words\n\n\nlast {x}\n');
    }
  });
});
