import { expect } from 'chai';
import { judgedStream, type Told, times } from './judged-stream.ts';

/** One call and its result, as an agent on a chat API logs them: the arguments are JSON text. */
const did = (id: string, args: unknown, output: string): readonly Told[] => [
  {
    role: 'assistant',
    content: null,
    tool_calls: [{ id, type: 'function', function: { name: 'bash', arguments: JSON.stringify(args) } }],
  },
  { role: 'tool', tool_call_id: id, content: output },
];

describe('chat logs', () => {
  it('a sleep is known in arguments that are JSON text', () => {
    expect(judgedStream(times(10, (i) => did(`c${i}`, { command: 'sleep 45' }, '')))).to.equal('none');
  });

  it('a change is known in arguments that are JSON text', () => {
    const rounds = times(12, (i) => [
      ...did(`e${i}`, { command: `sed -i s/seed${i}/plant/ beds.rb` }, ''),
      ...did(`t${i}`, { command: 'rake test' }, 'all green'),
    ]);
    expect(judgedStream(rounds)).to.equal('none');
  });

  it('the same command with the same answer is a loop, in either form', () => {
    expect(judgedStream(times(5, (i) => did(`c${i}`, { command: 'cat beds.rb' }, 'north, south')))).to.equal('act');
  });
});
