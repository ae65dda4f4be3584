import { expect } from 'chai';
import { createRedactor } from '#redaction/redact';
import { parseTracked } from '#sampling/best-values';
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

describe('tracked metrics', () => {
  const tell = (tracked: string, ...lines: string[]): string[] => {
    const reader = createHeartbeatReader(createRedactor(), parseTracked(tracked) ?? []);
    for (const line of lines) reader.feed('stdout', Buffer.from(`${line}\n`), 1000);
    return reader.take().map(({ source, detail }) => `${source}: ${detail}`);
  };

  it('are progress each time they are better than ever before', () => {
    expect(tell('loss', 'step 1 loss=2.5', 'step 2 loss=2.7', 'step 3 loss=2.1', 'step 4 loss=2.1')).to.deep.equal([
      'metric: loss 2.1, best so far',
    ]);
    expect(tell('acc', '{"acc": 0.5}', '{"acc": 0.4}', '{"acc": 6e-1}')).to.deep.equal([
      'metric: acc 0.6, best so far',
    ]);
  });

  it('shrink or grow as their name says, or as they are told to', () => {
    expect(tell('open:lower', 'open: 9', 'open: 12', 'open: 7')).to.deep.equal(['metric: open 7, best so far']);
    expect(tell('loss:higher,left', 'loss 1 left 5', 'loss 3', 'left 4')).to.deep.equal([
      'metric: loss 3, best so far',
      'metric: left 4, best so far',
    ]);
  });

  it('are not other words, words without a number, nor what is no number', () => {
    expect(tell('loss', 'loss=3', 'closs=2', 'loss is 1', 'loss=nan', 'losses=1')).to.deep.equal([]);
  });

  it('may be told by the program itself, without any option', () => {
    expect(
      tell('', '::flowforge metric=wer:0.4::', '::flowforge metric=wer:0.5::', '::flowforge metric=wer:0.3::'),
    ).to.deep.equal(['metric: wer 0.3, best so far']);
    expect(tell('', '::flowforge metric=err:1:higher::', '::flowforge metric=err:2:higher::')).to.have.length(1);
  });

  it('are found wherever the pieces of the output are cut', () => {
    const text = 'epoch 1 loss=2.5 ok\nepoch 2 loss=1.5 ok\n';
    for (let cut = 1; cut < text.length; cut++) {
      const reader = createHeartbeatReader(createRedactor(), parseTracked('loss') ?? []);
      reader.feed('stdout', Buffer.from(text.slice(0, cut)), 1);
      reader.feed('stdout', Buffer.from(text.slice(cut)), 2);
      expect(reader.take(), `cut at ${cut}`).to.have.length(1);
    }
  });

  it('are refused when they are no name', () => {
    expect(parseTracked('loss,')).to.equal(null);
    expect(parseTracked('9lives')).to.equal(null);
    expect(parseTracked('loss:down')).to.equal(null);
  });
});
