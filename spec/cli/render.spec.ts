import { expect } from 'chai';
import fc from 'fast-check';
import pc from 'picocolors';
import { progressLine } from '#cli/commands/progress';
import { escapeControls } from '#cli/render/escape';
import { formatBytes, formatSpan } from '#cli/render/quantity';
import { renderRunList } from '#cli/render/run-list';
import { renderStop, renderWhy } from '#cli/render/run-story';
import { formatCommand } from '#protocol/format-command';
import { interventionId, requested, runId, storyOf, storyOfAStop } from './story-of-a-stop.ts';

const plain = { nowMs: Date.UTC(2026, 0, 2, 3, 5, 5), width: null, colors: pc.createColors(false) };

describe('what the terminal is shown', () => {
  it('tells a stop in four lines: what, why with the numbers, how to go on, where to look', () => {
    expect(renderStop(storyOfAStop())).to.deep.equal([
      'flowforge: looper was stopped by FlowForge (policy) after 14.0 s, verified empty',
      '  why: rule cpu-and-repeating: CPU 99 % while the last 206 lines repeat; “retrying \\x1b[31mrequest”; CPU pressure: 100 % of one core (limit 60 %); repeated output: a block of 1 line came 206 times in 10.2 s; no progress for 12.0 s',
      `  go on: flowforge restart ${runId} · or run it again with --shadow-mode to only watch · or with --max-cpu above 60`,
      `  look: flowforge why ${runId} · http://127.0.0.1:8080/incidents/01JZZZZZZZZZZZZZZZZZZZZZZ3`,
    ]);
  });

  it('answers why with the pressure, the repeated line and its count, the missing progress, and each step', () => {
    const why = renderWhy(storyOfAStop());
    for (const words of [
      'CPU pressure: 100 % of one core (limit 60 %)',
      'the same line came 206 times in 10 s',
      '“retrying',
      'no progress for 12.0 s',
      'alert: first step',
      'stop: still so after 4 s',
      'verified empty after 29 ms',
    ]) {
      expect(why).to.contain(words);
    }
  });

  it('says of a run that ended by itself that nothing was done', () => {
    const quiet = storyOf([
      [0, requested],
      [5, { kind: 'run-started', runId, pid: 1, startTicks: 1, bootId: 'b' }],
      [1_005, { kind: 'run-exited', runId, code: 0, signal: null, endedAtMs: Date.UTC(2026, 0, 2, 3, 4, 6) }],
    ]);
    expect(renderWhy(quiet))
      .to.contain('looper ended by itself after 995 ms: code 0')
      .and.contain('no rule fired: FlowForge did nothing');
  });

  it('says of a run that ended by itself what it left behind, and what became of that', () => {
    const stop = { runId, interventionId, cause: 'orphans', restartAfter: false } as const;
    const reason = 'its main process ended and left 1 behind';
    const left = storyOf([
      [0, requested],
      [5, { kind: 'run-started', runId, pid: 1, startTicks: 1, bootId: 'b' }],
      [1_005, { kind: 'run-exited', runId, code: 0, signal: null, endedAtMs: Date.UTC(2026, 0, 2, 3, 4, 6) }],
      [1_010, { kind: 'stop-began', ...stop, incidentId: null, by: 'daemon', reason, graceMs: 400, processes: 1 }],
      [1_020, { kind: 'stop-verified', ...stop, tookMs: 10, killed: 1 }],
    ]);
    expect(renderWhy(left)).to.contain(
      `Why    no rule fired\n         ${reason}, which FlowForge ended, verified empty; run --keep-orphans spares it\n`,
    );
    expect(renderWhy(left)).to.not.contain('did nothing');
  });

  it('lists runs in columns, without colour where there is none', () => {
    const { row } = storyOfAStop();
    expect(renderRunList([row], plain)).to.equal(
      [
        'RUN                         NAME    STATE                AGE  CPU  MEM  PROCS  RULE  COMMAND',
        "01JZZZZZZZZZZZZZZZZZZZZZZ1  looper  stopped (policy)  14.0 s    -    -      -  -     python3 'a b.py'",
        '',
      ].join('\n'),
    );
    expect(renderRunList([], plain)).to.contain('flowforge run -- COMMAND');
  });

  it('cuts the last column to the terminal', () => {
    const { row } = storyOfAStop();
    for (const line of renderRunList([{ ...row, command: ['x'.repeat(300)] }], { ...plain, width: 110 }).split('\n'))
      expect(line.length).to.be.at.most(110);
  });

  it('shows no control character of a job as one', () => {
    expect(escapeControls('a\u001b]0;title\u0007\r\u009b31m\u202eb\tc é 漢')).to.equal(
      'a\\x1b]0;title\\x07\\x0d\\x9b31m\\u202eb\tc é 漢',
    );
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) =>
        [...escapeControls(text)].every(
          (character) => character === '\t' || (character >= ' ' && !(character >= '\u007f' && character <= '\u009f')),
        ),
      ),
    );
  });

  it('writes quantities that can be compared by eye', () => {
    expect([0, 1023, 1536, 2 ** 30].map(formatBytes)).to.deep.equal(['0 B', '1023 B', '1.5 KiB', '1.0 GiB']);
    expect([5, 1_500, 65_000, 7_260_000, 100_000_000].map(formatSpan)).to.deep.equal([
      '5 ms',
      '1.5 s',
      '1m 05s',
      '2h 01m',
      '1d 3h',
    ]);
    expect(formatCommand(['sh', '-c', "echo 'x'", 'plain-1.0/y'])).to.equal(`sh -c 'echo '\\''x'\\''' plain-1.0/y`);
  });

  it('prints the progress line that any job may print', () => {
    expect(progressLine({ share: '12/100', token: 'a b::c', message: null })).to.equal(
      '::flowforge progress=12/100 token=a-b-c::',
    );
    for (const share of ['13/12', '1/0', '101%', 'half', '-1/3'])
      expect(() => progressLine({ share, token: null, message: null }), share).to.throw('expected a share');
    expect(() => progressLine({ share: null, token: null, message: null })).to.throw('nothing to report');
  });
});
