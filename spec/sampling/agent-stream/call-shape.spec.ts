import { expect } from 'chai';
import { effectOf } from '#sampling/agent-stream/call-effect';
import { hashCall } from '#sampling/agent-stream/call-shape';
import { maskNumbers, maskVolatile } from '#sampling/agent-stream/mask-volatile';
import { shapeResult } from '#sampling/agent-stream/result-shape';

describe('the shape of a call', () => {
  it('is the same for the same request, however it is written down', () => {
    const one = hashCall('find', { where: { field: 'north', row: 2 }, what: 'hen' });
    expect(hashCall('find', { what: 'hen', where: { row: 2, field: 'north' } })).to.equal(one);
    expect(hashCall('find', '{"what":"hen","where":{"row":2,"field":"north"}}')).to.equal(one);
    expect(
      hashCall('find', { what: 'hen', where: { row: 2, field: 'north' }, request_id: 'r-9', task_progress: '1/3' }),
    ).to.equal(one);
  });

  it('is another for another tool, value or order of a list', () => {
    const shapes = [
      hashCall('find', { rows: [1, 2] }),
      hashCall('find', { rows: [2, 1] }),
      hashCall('find', { rows: [1, 3] }),
      hashCall('seek', { rows: [1, 2] }),
      hashCall('find', {}),
    ];
    expect(new Set(shapes).size).to.equal(shapes.length);
  });

  it('leaves the description out of a shell call, but not out of any other', () => {
    expect(hashCall('Bash', { command: 'ls', description: 'Look' })).to.equal(
      hashCall('Bash', { command: 'ls', description: 'Look again' }),
    );
    expect(hashCall('Task', { description: 'Look' })).to.not.equal(hashCall('Task', { description: 'Look again' }));
  });

  it('bears arguments that nest for ever', () => {
    let nested: unknown = 'core';
    for (let depth = 0; depth < 5_000; depth++) nested = { nested };
    expect(hashCall('dig', nested)).to.be.a('number');
  });
});

describe('what a call does', () => {
  const command = (text: string) => effectOf('Bash', { command: text });

  it('changes the workspace', () => {
    for (const tool of ['Edit', 'write_to_file', 'str_replace_editor', 'apply_patch', 'sendMessage'])
      expect(effectOf(tool, {}).mutates, tool).to.equal(true);
    for (const text of [
      'git commit -m x',
      'rm -rf build',
      'cd a && mv b c',
      'sed -i s/a/b/ f',
      'echo hi > note.txt',
      'npm install left-pad',
    ])
      expect(command(text).mutates, text).to.equal(true);
  });

  it('looks only', () => {
    for (const tool of ['Read', 'grep_search', 'list_files', 'WebFetch', 'TodoWrite'])
      expect(effectOf(tool, {}).mutates, tool).to.equal(false);
    for (const text of ['git status', 'npm test 2>&1', 'cat rm.txt', 'make > /dev/null', 'ls -la'])
      expect(command(text).mutates, text).to.equal(false);
  });

  it('waits', () => {
    for (const text of ['sleep 30', 'sleep 5 && sleep 5', '', 'wait', 'sleep 2; echo done'])
      expect(command(text).waits, text).to.equal('sleep');
    for (const text of ['sleep 30 && tail build.log']) expect(command(text).waits, text).to.equal('poll');
    expect(effectOf('BashOutput', { bash_id: 'b' }).waits).to.equal('poll');
    expect(effectOf('process', { action: 'poll' }).waits).to.equal('poll');
    for (const text of ['ls', 'npm test', 'cat sleep.txt']) expect(command(text).waits, text).to.equal(false);
  });

  it('starts a sub-agent', () => {
    for (const tool of ['Task', 'spawn_agent', 'dynamic_task__create_task'])
      expect(effectOf(tool, {}).spawns, tool).to.equal(true);
    expect(effectOf('task_list', {}).spawns).to.equal(false);
  });
});

describe('the shape of a result', () => {
  const same = (a: string, b: string): boolean => shapeResult(a, true).resultHash === shapeResult(b, true).resultHash;

  it('does not see what differs each time anyway', () => {
    expect(same('still running (session sess-0, pid 1000)', 'still running (session sess-7, pid 1007)')).to.equal(true);
    expect(same('{"ok": true, "messageId": "om_1"}', '{"ok": true, "messageId": "om_2"}')).to.equal(true);
    expect(same('built in 1.25s', 'built in 2s')).to.equal(true);
    expect(
      same('2026-01-02T10:00:00Z saved to /tmp/tmpab12cd9', '2026-01-02T10:05:09Z saved to /tmp/tmpzz90xx1'),
    ).to.equal(true);
  });

  it('sees every other number: it may be progress', () => {
    expect(same('line 7', 'line 8')).to.equal(false);
    expect(same('12 failed, 100 passed', '11 failed, 101 passed')).to.equal(false);
    expect(same('task 3 of 9', 'task 4 of 9')).to.equal(false);
  });

  it('knows an error that a success prints, and no error in plain words', () => {
    expect(shapeResult('Traceback (most recent call last):\n  File\nKeyError: hen', true).errorHash).to.be.a('number');
    expect(shapeResult('bash: hatch: command not found', true).errorHash).to.be.a('number');
    expect(shapeResult('handles the error case well', true).errorHash).to.equal(null);
  });

  it('knows when there is nothing to see', () => {
    for (const text of ['', '(No content)', ' (no new output) ', '(empty)'])
      expect(shapeResult(text, true).isEmpty, text).to.equal(true);
    expect(shapeResult('[]', true).isEmpty).to.equal(false);
  });

  it('reads both ends of a long result', () => {
    const long = 'x'.repeat(100_000);
    expect(same(`${long}1 left`, `${long}2 left`)).to.equal(false);
  });
});

describe('masks', () => {
  it('take volatile parts alone, or every number', () => {
    expect(maskVolatile('pid 12 saw hen 3 at 10:01:02')).to.equal('<id> saw hen 3 at <time>');
    expect(maskNumbers('hen 3 of 12')).to.equal('hen <n> of <n>');
  });
});
