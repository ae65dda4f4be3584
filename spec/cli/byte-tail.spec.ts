import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Writable } from 'node:stream';
import { expect } from 'chai';
import { createByteTail } from '#cli/byte-tail';

describe('following the output of a run', () => {
  let dir = '';
  beforeEach(() => {
    dir = mkdtempSync(path.join(tmpdir(), 'ff-tail-'));
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  it('copies every byte once, whatever the bytes, from a file that is not there at first and then grows', async () => {
    const file = path.join(dir, 'stdout.log');
    const seen: Buffer[] = [];
    const sink = new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        seen.push(Buffer.from(chunk));
        setImmediate(done);
      },
    });
    const tail = createByteTail(file, sink);
    expect(await tail.pump()).to.equal(0);
    const parts = [Buffer.from([0, 255, 254, 10]), Buffer.alloc(200_000, 'x'), Buffer.from('\r\x1b[0m')];
    for (const part of parts) {
      appendFileSync(file, part);
      await tail.pump();
    }
    expect(await tail.pump()).to.equal(0);
    await tail.close();
    expect(Buffer.concat(seen).equals(Buffer.concat(parts))).to.equal(true);
  });

  it('passes over what was given back to the disk before it came there, and not zeros that the job wrote', async () => {
    const file = path.join(dir, 'stdout.log');
    let seen = '';
    const sink = new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        seen += chunk.toString('latin1');
        done();
      },
    });
    appendFileSync(file, Buffer.alloc(300_000));
    appendFileSync(file, 'kept\0\n');
    writeFileSync(path.join(dir, 'given-back'), JSON.stringify({ stdout: 300_000, stderr: 0 }));
    const tail = createByteTail(file, sink);
    await tail.pump();
    await tail.close();
    expect(seen).to.equal('kept\0\n');
  });

  it('goes on reading when its reader has gone', async () => {
    const gone = new Writable({
      write: (_chunk, _encoding, done) => done(Object.assign(new Error('gone'), { code: 'EPIPE' })),
    });
    gone.on('error', () => undefined);
    appendFileSync(path.join(dir, 'f'), 'text');
    const tail = createByteTail(path.join(dir, 'f'), gone);
    expect(await tail.pump()).to.equal(4);
    await tail.close();
  });
});
