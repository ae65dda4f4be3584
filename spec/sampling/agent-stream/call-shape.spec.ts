import { expect } from 'chai';
import { effectOf } from '#sampling/agent-stream/call-effect';
import { argumentsOf, hashCall } from '#sampling/agent-stream/call-shape';
import { maskNumbers, maskVolatile } from '#sampling/agent-stream/mask-volatile';
import { shapeResult } from '#sampling/agent-stream/result-shape';

describe('the shape of a call', () => {
  it('is the same for the same request, however it is written down', () => {
    const one = hashCall('find', { where: { field: 'north', row: 2 }, what: 'hen' });
    expect(hashCall('find', { what: 'hen', where: { row: 2, field: 'north' } })).to.equal(one);
    expect(hashCall('find', argumentsOf('{"what":"hen","where":{"row":2,"field":"north"}}'))).to.equal(one);
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

  it('does not see what is there to get past a cache', () => {
    const fetch = (url: string): number => hashCall('fetch', { url });
    const one = fetch('https://hens.test/eggs?day=3&_=1790000000123');
    expect(fetch('https://hens.test/eggs?day=3&_=1790000009999')).to.equal(one);
    expect(fetch('https://hens.test/eggs?day=4&_=1790000000123')).to.not.equal(one);
    const shell = (command: string): number => hashCall('bash', { command });
    expect(shell("curl 'hens.test/eggs?cb=81' -s")).to.equal(shell("curl 'hens.test/eggs?cb=9x2' -s"));
    expect(shell('curl hens.test/eggs?t=1790000000')).to.equal(shell('curl hens.test/eggs?t=1790000060'));
    expect(shell('curl hens.test/film?t=10')).to.not.equal(shell('curl hens.test/film?t=20'));
    expect(shell('curl hens.test/eggs?page=1')).to.not.equal(shell('curl hens.test/eggs?page=2'));
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
    for (const text of ['ls', 'npm test', 'cat sleep.txt', 'echo "do not sleep 9 hours"'])
      expect(command(text).waits, text).to.equal(false);
  });

  it('asks again on purpose wherever in its command it sleeps', () => {
    for (const text of [
      'cd /shed && sleep 45 && head -2 kettle.log',
      'podman ps; sleep 45',
      'for pot in 1 2; do sleep 8; done; podman ps',
      'until nc -z shed 99; do sleep 1; done',
      'python -c "import time; time.sleep(9); print(open(1))"',
    ])
      expect(command(text).waits, text).to.equal('poll');
  });

  it('asks how something is doing that goes on without it', () => {
    for (const tool of ['kettle_status', 'Monitor', 'watchOven', 'get_job_progress', 'browser_scroll', 'press_key'])
      expect(effectOf(tool, { of: 'shed' }).waits, tool).to.equal('poll');
    for (const text of [
      'gh run view 7 --json status',
      'sudo systemctl status hens',
      'kubectl rollout status coop',
      'podman ps',
    ])
      expect(command(text).waits, text).to.equal('poll');
    expect(effectOf('computer', { action: 'scroll', by: 3 }).waits).to.equal('poll');
    for (const tool of ['git_status', 'view', 'set_status', 'todo_status', 'click', 'list_hens'])
      expect(effectOf(tool, { of: 'shed' }).waits, tool).to.equal(false);
    for (const text of ['git status', 'cat status', 'rg view src', 'npm run watch', 'ls ps'])
      expect(command(text).waits, text).to.equal(false);
  });

  it('is known behind the shell that runs it', () => {
    for (const wrapped of [
      "bash -lc 'sleep 45'",
      '/bin/zsh -c "sleep 45"',
      'sleep 45',
      'timeout 99 bash -l -c "sleep 45"',
      ['bash', '-lc', 'sleep 45'],
    ])
      expect(effectOf('shell', { command: wrapped }).waits, String(wrapped)).to.equal('sleep');
    expect(effectOf('shell', { command: ['sh', '-c', 'sed -i s/a/b/ hens.txt'] }).mutates).to.equal(true);
    expect(effectOf('shell', { command: "bash -lc 'echo it'\\''s; rm hens.txt'" }).mutates).to.equal(true);
    expect(effectOf('shell', { command: 'bash hens.sh' })).to.include({ mutates: false, waits: false });
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

  it('does not see ids, ports and paths of chance', () => {
    for (const [a, b] of [
      ['Chunk ID: 7be01d\nweeded', 'Chunk ID: 440912\nweeded'],
      ['Chunk ID: facade\nweeded 2', 'Chunk ID: 0c1d2e\nweeded 2'],
      ['{"took":4,"eggs":[]}', '{"took":19,"eggs":[]}'],
      ['{"latency_ms":4,"eggs":[]}', '{"latency_ms":19,"eggs":[]}'],
      ['[1] 4711', '[1] 4815'],
      ['wrote /var/folders/q7/T/hen-aR3xz9/out', 'wrote /var/folders/q7/T/hen-Zp08ab/out'],
      ['wrote /tmp/hen-aR3xz9/out', 'wrote /tmp/hen-Zp08ab/out'],
      ['on 127.0.0.1:41823, then gone', 'on 127.0.0.1:50122, then gone'],
      ['run 4kz81m2x failed: no corn', 'run k2p07xx failed: no corn'],
      ['see out/9fz2kq81mx4/report', 'see out/q1b2x3d4e5f/report'],
    ] as const)
      expect(same(a, b), `${a} | ${b}`).to.equal(true);
  });

  it('sees every other number: it may be progress', () => {
    for (const [a, b] of [
      ['job import42 is done', 'job import43 is done'],
      ['id: 100234 is next', 'id: 100235 is next'],
      ['on port 8080', 'on port 8081'],
      ['{"remaining_seconds":40}', '{"remaining_seconds":30}'],
      ['wrote /tmp/beds/bed1.txt', 'wrote /tmp/beds/bed2.txt'],
    ] as const)
      expect(same(a, b), `${a} | ${b}`).to.equal(false);
    expect(same('line 7', 'line 8')).to.equal(false);
    expect(same('12 failed, 100 passed', '11 failed, 101 passed')).to.equal(false);
    expect(same('task 3 of 9', 'task 4 of 9')).to.equal(false);
  });

  it('knows an error that a success prints, and no error in plain words', () => {
    expect(shapeResult('Traceback (most recent call last):\n  File\nKeyError: hen', true).errorHash).to.be.a('number');
    expect(shapeResult('bash: hatch: command not found', true).errorHash).to.be.a('number');
    expect(shapeResult('handles the error case well', true).errorHash).to.equal(null);
  });

  it('sees no error in a code alone', () => {
    for (const text of ['', 'Exit code 1', '\nexit code 2', 'exit status 1', '(no output)\nExit code 1'])
      expect(shapeResult(text, false).errorHash, text).to.equal(null);
    for (const text of ['Exit code 1\ncoop is locked', 'exit code 1: coop is locked', 'refused'])
      expect(shapeResult(text, false).errorHash, text).to.be.a('number');
  });

  it('tells that something is not there from other failures', () => {
    for (const text of ['hen not found', 'Exit code 2\nls: /coop: No such file or directory', 'no matches'])
      expect(shapeResult(text, false).isAbsence, text).to.equal(true);
    for (const text of ['No such tool available: hatch', 'hatch: command not found', 'permission denied', ''])
      expect(shapeResult(text, false).isAbsence, text).to.equal(false);
    expect(shapeResult('hen not found', true).isAbsence).to.equal(false);
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
