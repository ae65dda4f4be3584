import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import fc from 'fast-check';
import { ulid } from 'ulid';
import {
  closeStdin,
  parseExecFailedFile,
  parseExitFile,
  parsePidFile,
  readExitFile,
  readPidFile,
} from '#coordinator/run-files';
import { parseSpecFile } from '#coordinator/run-spec-file';

const parseExit = (text: string) => parseExitFile(text, 9);

const bootId = '1b2c3d4e-0000-4000-8000-000000000001';
const pidText = JSON.stringify({
  pid: 4242,
  startTicks: 77,
  bootId,
  shimPid: 4240,
  shimStartTicks: 76,
  inCgroup: true,
});

const spec = {
  ...{ runId: ulid(), jobId: ulid(), jobKey: 'a'.repeat(32), generation: 1, requestedAtMs: 1 },
  ...{ name: null, argv: ['true'], cwd: '/', env: {}, labels: {}, profile: 'standard', model: null, stdin: 'null' },
  ...{ policy: { kind: 'shipped', name: 'standard' }, rollout: null, noKill: false, keepOrphans: false, umask: 0o022 },
  queue: false,
  handle: { level: 'tag-scan', tag: 7 },
  restartsAtMs: [],
  restart: { mode: 'no', max: 0 },
  limits: { maxCpuPct: 60, maxMemBytes: null, timeoutMs: null, graceMs: 1, pollIntervalMs: 500, logWindowLines: 10 },
};

describe('the files of a run directory', () => {
  let runDir: string;
  beforeEach(() => {
    runDir = mkdtempSync(join(tmpdir(), 'flowforge-'));
  });
  afterEach(() => rmSync(runDir, { recursive: true }));

  it('are read back as they were written', () => {
    expect(parsePidFile(pidText)).to.deep.equal({
      kind: 'read',
      value: {
        identity: { bootId, pid: 4242, startTicks: 77 },
        shim: { bootId, pid: 4240, startTicks: 76 },
        inCgroup: true,
      },
    });
    expect(parseExit('{"code":143,"endedAtMs":5}')).to.deep.equal({ kind: 'read', value: { code: 143, endedAtMs: 5 } });
    expect(parseExit('{"code":143}')).to.deep.equal({ kind: 'read', value: { code: 143, endedAtMs: 9 } });
    expect(parseExecFailedFile('127\nnope: not found\n')).to.deep.equal({
      kind: 'read',
      value: { exitCode: 127, reason: 'nope: not found' },
    });
    expect(parseSpecFile(JSON.stringify(spec))).to.deep.equal({ kind: 'read', value: spec });
  });

  it('are missing until somebody writes them', () => {
    expect(readPidFile(runDir)).to.deep.equal({ kind: 'missing' });
    expect(readExitFile(join(runDir, 'no', 'such'))).to.deep.equal({ kind: 'missing' });
  });

  it('tell of an end once they are not empty, and of its time by their own', () => {
    writeFileSync(join(runDir, 'exit'), '');
    expect(readExitFile(runDir)).to.deep.equal({ kind: 'missing' });
    writeFileSync(join(runDir, 'exit'), '{"code":3}\n');
    utimesSync(join(runDir, 'exit'), 1_000, 1_000.25);
    expect(readExitFile(runDir)).to.deep.equal({ kind: 'read', value: { code: 3, endedAtMs: 1_000_250 } });
    rmSync(join(runDir, 'exit'));
  });

  it('are damaged wherever a crash cut them short', () => {
    for (const text of [pidText, JSON.stringify(spec), '{"code":143,"endedAtMs":5}']) {
      for (let length = 0; length < text.length; length += 1) {
        const cut = text.slice(0, length);
        for (const parse of [parsePidFile, parseExit, parseSpecFile]) expect(parse(cut).kind).to.equal('damaged');
      }
    }
  });

  it('are values, whatever somebody put there', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        for (const parse of [parsePidFile, parseExit, parseExecFailedFile, parseSpecFile]) {
          expect(parse(text).kind).to.be.oneOf(['read', 'damaged']);
        }
      }),
    );
    writeFileSync(join(runDir, 'pid'), Buffer.from([0, 255, 254, 10]));
    expect(readPidFile(runDir).kind).to.equal('damaged');
    expect(readExitFile('/proc/self/mem\0').kind).to.equal('damaged');
  });

  it('never name init, a process group or our own group as the job', () => {
    for (const pid of [1, 0, -1, -4242, 1.5, '4242', null]) {
      expect(parsePidFile(JSON.stringify({ ...JSON.parse(pidText), pid })).kind).to.equal('damaged');
    }
  });

  it('hold no id that is none', () => {
    expect(parseSpecFile(JSON.stringify({ ...spec, runId: '../../etc' })).kind).to.equal('damaged');
  });

  it('have no input to close where there is no pipe', () => {
    expect(closeStdin(runDir)).to.equal(false);
  });
});
