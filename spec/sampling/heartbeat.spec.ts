import { expect } from 'chai';
import { createRedactor } from '#redaction/redact';
import { createHeartbeatReader } from '#sampling/heartbeat';

describe('heartbeat lines', () => {
  const tell = (...chunks: string[]): (number | null)[] => {
    const reader = createHeartbeatReader(createRedactor());
    for (const chunk of chunks) reader.feed('stdout', Buffer.from(chunk), 1000);
    return reader.take().map((mark) => mark.sharePct);
  };

  it('are progress when they say something new', () => {
    expect(tell('::flowforge progress=3/12 token=a::\n::flowforge progress=50% token=b::\n')).to.deep.equal([25, 50]);
  });

  it('are no progress when the token was seen lately, also in turns', () => {
    expect(tell('::flowforge progress=1/4 token=a::\n::flowforge progress=2/4 token=a::\n')).to.deep.equal([25]);
    expect(tell('::flowforge progress=1/4::\n::flowforge progress=2/4::\n'.repeat(3))).to.deep.equal([25, 50]);
  });

  it('may be a token alone, such as the last commit', () => {
    expect(tell('::flowforge token=4f2a::\n::flowforge token=4f2a::\n::flowforge token=91bc::\n')).to.deep.equal([
      null,
      null,
    ]);
  });

  it('may be split anywhere, and may stand behind a time stamp', () => {
    const text = '12:00:01 ::flowforge progress=1/4 token=x1::\n';
    for (let cut = 1; cut < text.length; cut++)
      expect(tell(text.slice(0, cut), text.slice(cut)), `cut at ${cut}`).to.deep.equal([25]);
  });

  it('of the other stream do not mix in', () => {
    const reader = createHeartbeatReader(createRedactor());
    reader.feed('stdout', Buffer.from('::flowforge prog'), 1);
    reader.feed('stderr', Buffer.from('noise\n'), 2);
    reader.feed('stdout', Buffer.from('ress=1/2::\n'), 3);
    expect(reader.take()).to.have.length(1);
    expect(reader.take()).to.have.length(0);
  });

  it('need a form: other lines and endless ones are none', () => {
    expect(
      tell('::flowforge hello::\n', 'progress=1/2\n', `${'x'.repeat(5000)}::flowforge progress`, '=1/2 token\n'),
    ).to.deep.equal([]);
  });
});
