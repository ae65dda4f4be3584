import { expect } from 'chai';
import { createEventWriter } from '#sampling/agent-stream/event-writer';
import { plainRedactor } from './read-stream.ts';

const paragraph = 'Let me see whether the beans have come up. ';

describe('the writer of events', () => {
  it('hears one long stream of the same words', () => {
    const writer = createEventWriter(plainRedactor);
    for (let i = 0; i < 40; i++) writer.streamed(paragraph);
    expect(writer.take().map((event) => event.kind)).to.include('text-degenerated');
  });

  it('begins to listen anew where a stream is sent again', () => {
    const writer = createEventWriter(plainRedactor);
    for (let i = 0; i < 40; i++) {
      writer.streamed(paragraph);
      writer.noted('stream-retried');
    }
    expect(writer.take().map((event) => event.kind)).to.not.include('text-degenerated');
  });
});
