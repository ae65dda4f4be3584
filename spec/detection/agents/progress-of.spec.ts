import { expect } from 'chai';
import { createProgressFold } from '#detection/agents/progress-of';
import { type AgentStory, story } from './agent-story.ts';

const marksOf = (told: AgentStory): readonly string[] =>
  createProgressFold()
    .observe(told.events)
    .map((mark) => mark.detail);

describe('progress of an agent', () => {
  it('is a result that was not there before', () => {
    expect(marksOf(story().does('status', {}, '1 of 3').does('status', {}, '2 of 3'))).to.have.length(2);
  });

  it('is not the same result again, nor going back to an old one', () => {
    const told = story()
      .does('status', {}, 'a')
      .does('status', {}, 'a')
      .does('status', {}, 'b')
      .does('status', {}, 'a');
    expect(marksOf(told)).to.have.length(2);
  });

  it('is not a failure, nor a sleep', () => {
    expect(
      marksOf(story().does('read', {}, 'gone', { ok: false }).does('bash', { command: 'sleep 9' }, '')),
    ).to.deep.equal([]);
  });

  it('is a change to the workspace, once', () => {
    const told = story().times(3, (s) => s.does('write', { path: 'a', content: 'x' }, 'ok'));
    expect(marksOf(told)).to.deep.equal(['write changed something']);
  });

  it('carries over from batch to batch', () => {
    const told = story().does('status', {}, 'a').does('status', {}, 'a');
    const fold = createProgressFold();
    const marks = told.events.flatMap((event) => fold.observe([event]));
    expect(marks.map((mark) => mark.source)).to.deep.equal(['result']);
  });
});
