import { appendFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import { ulid } from 'ulid';
import { readGivenBack } from '#coordinator/given-back-file';
import { fallocate, type Punch } from '#coordinator/hole-punch';
import { createLogCap } from '#coordinator/log-cap';
import type { FactBody } from '#protocol/facts';
import { parseRunId } from '#protocol/ids';
import type { LogKeeping } from '#protocol/log-keeping';
import { printIndexEntry } from '#protocol/output-index';
import { createManualClock } from '#runtime/clock';
import { temporaryDirectory } from '../sampling/temporary-directory.ts';

const mib = 1024 * 1024;
const keeping: LogKeeping = {
  ...{ capBytes: 2 * mib, archives: false, archiveAfterMs: 1, homeBytes: 1e9, keepMs: 1e9, keepFactsMs: 1e9 },
};
const line = `${'x'.repeat(1023)}\n`;
const lookMs = 250;

describe('the cap of a log', () => {
  const directory = temporaryDirectory();
  const runId = parseRunId(ulid());
  let holes: { readonly from: number; readonly length: number; end(why: string | null): void }[] = [];
  let said: FactBody[] = [];
  beforeEach(() => {
    holes = [];
    said = [];
  });

  const guard = () => {
    const clock = createManualClock();
    const punch: Punch = (_file, hole, end) => void holes.push({ ...hole, end });
    const say = (body: FactBody) => void said.push(body);
    createLogCap({ clock, keeping, runs: () => [{ runId, runDir: directory.path }], say, punch }).start();
    return clock;
  };
  let written = 0;
  const print = (lines: number): void => {
    written += lines * line.length;
    appendFileSync(path.join(directory.path, 'stdout.log'), line.repeat(lines));
    const entry = { stream: 'stdout', offset: written, atMs: 1, lines: 1 } as const;
    appendFileSync(path.join(directory.path, 'index'), printIndexEntry(entry));
  };
  const given = () => readGivenBack(directory.path).stdout;
  beforeEach(() => {
    written = 0;
    writeFileSync(path.join(directory.path, 'stderr.log'), '');
  });

  it('tells readers to pass over a head while it is given back, and not when that was refused', () => {
    print(2 * 1024);
    const clock = guard();
    expect([holes.length, given()]).to.deep.equal([1, written - mib / 2]);
    holes[0]?.end('Operation not supported');
    expect(given()).to.equal(0);
    expect(said).to.deep.equal([
      {
        ...{ kind: 'log-uncapped', runId, stream: 'stdout', capBytes: keeping.capBytes, bytes: 2 * mib },
        why: 'Operation not supported',
      },
    ]);
    clock.advance(2 * lookMs);
    expect(holes, 'it is not tried at each look').to.have.length(1);
  });

  it('tries again, says no more, and gives back from the last byte that really was', () => {
    print(2 * 1024);
    const clock = guard();
    holes[0]?.end('no such program');
    print(512);
    clock.advance(10_000);
    expect(holes[1]).to.include({ from: 0, length: written - mib / 2 });
    holes[1]?.end(null);
    const first = given();
    expect(first).to.equal(written - mib / 2);
    print(512);
    clock.advance(lookMs);
    expect(holes[2]).to.include({ from: first, length: mib / 2 });
    holes[2]?.end('now it does not');
    expect(given()).to.equal(first);
    print(512);
    clock.advance(10_000);
    expect(holes[3]).to.include({ from: first, length: mib });
    expect(said.map(({ kind }) => kind)).to.deep.equal(['log-uncapped', 'output-gap', 'log-uncapped']);
  });

  it('waits for the last of several holes before it takes anything back', () => {
    print(2 * 1024);
    const clock = guard();
    print(512);
    clock.advance(lookMs);
    expect(holes.map(({ from }) => from)).to.deep.equal([0, 0]);
    holes[0]?.end('a hiccup');
    expect(given()).to.equal(written - mib / 2);
    holes[1]?.end(null);
    expect(given()).to.equal(written - mib / 2);
  });

  it('says why where the program or the file is missing', async () => {
    const why = await new Promise((resolve) => fallocate('/proc/no/such/file', { from: 0, length: 1 }, resolve));
    expect(why).to.match(/no such file/i);
  });
});
