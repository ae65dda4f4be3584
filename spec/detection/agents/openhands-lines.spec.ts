import { expect } from 'chai';
import { judgedStream, type Told, times } from './judged-stream.ts';

const ran = (command: string, content: string): readonly Told[] => [
  { type: 'action', action: 'run', command },
  { type: 'observation', content },
];

describe('OpenHands lines', () => {
  it('that name neither calls nor kinds of observation show a loop', () => {
    expect(judgedStream(times(5, () => ran('rspec', '1 example failed')))).to.equal('act');
  });

  it('that name neither show work as work', () => {
    expect(judgedStream(times(9, (i) => ran('rspec', `${9 - i} examples failed`)))).to.equal('none');
  });

  it('give an answer to the call before it, though one before was never answered', () => {
    const lost: Told = { type: 'action', action: 'read', path: 'beds.rb' };
    const rounds = times(9, (i) => [lost, ...ran(`weed --bed ${i}`, 'weeded')].slice(i === 0 ? 0 : 1));
    expect(judgedStream(rounds)).to.equal('none');
  });
});
