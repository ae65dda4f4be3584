import { mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect } from 'chai';
import { connectDaemon } from '#cli/daemon-client';
import type { RunId } from '#protocol/ids';
import { createSealer, newRunId, requested, started } from '../record/told-facts.ts';
import { withGateway } from './running-gateway.ts';

const begun = { containment: 'cgroup2', after: 'crash' } as const;

describe('the gateway in trouble', () => {
  it('shows what happens while another process holds the database, and loses none of it', () =>
    withGateway(async ({ tell, get, gateway, home, send }) => {
      const runId = newRunId();
      await tell(requested(runId));
      const other = new Database(join(home, 'flowforge.db'));
      other.exec('BEGIN IMMEDIATE');
      const told = tell(started(runId));
      const detail = await get(`/v1/runs/${runId}`);
      expect(detail.body.run.state).to.equal('running');
      expect((await get('/v1/runs')).body.items[0].state).to.equal('running');
      expect((await get('/timeline')).body.items[0].kind).to.equal('run-started');
      expect(gateway.lastSeq()).to.equal(1);
      while ((await send({ path: '/readyz' })).status !== 503) await new Promise(setImmediate);
      expect((await get('/v1/status')).body.trouble).to.match(/locked/);
      other.exec('ROLLBACK');
      other.close();
      await told;
      expect(gateway.lastSeq()).to.equal(2);
      expect((await send({ path: '/readyz' })).status).to.equal(200);
    }));

  it('tells once, as a fact to record, that facts are missing', () =>
    withGateway(async ({ tell, reports, gateway }) => {
      const runId = newRunId();
      await tell(requested(runId));
      const sealed = createSealer()(requested(runId), started(runId), started(runId));
      await gateway.facts({ sealed: sealed.slice(2) });
      await gateway.facts({ sealed: sealed.slice(2) });
      expect(reports.map(({ body }) => body.kind === 'ledger-trouble' && body.lostFrom)).to.deep.equal([3]);
    }));

  it('tells the end of runs whose end the record has lost, once this daemon began', () =>
    withGateway(async ({ tell, reports, home }) => {
      const [exited, unknown, live] = [newRunId(1), newRunId(2), newRunId(3)];
      const dirOf = (runId: RunId): string => join(home, 'runs', runId);
      for (const runId of [exited, unknown, live]) mkdirSync(dirOf(runId), { recursive: true });
      for (const runId of [exited, unknown]) {
        writeFileSync(join(dirOf(runId), 'settled'), '');
        utimesSync(join(dirOf(runId), 'settled'), 1, 1); // long before this daemon
      }
      writeFileSync(join(dirOf(exited), 'exit'), JSON.stringify({ code: 7, endedAtMs: 5 }));
      for (const runId of [exited, unknown, live]) await tell(requested(runId), started(runId));
      expect(reports, 'it may still be on its way').to.deep.equal([]);
      await tell({ kind: 'daemon-started', pid: process.pid, version: '0', home, bootId: 'b', ...begun });
      while (reports.length < 4) await new Promise(setImmediate);
      expect(reports.map(({ body }) => body)).to.have.deep.members([
        { kind: 'run-exited', runId: exited, code: 7, signal: null, endedAtMs: 5 },
        { kind: 'run-settled', runId: exited, next: 'none' },
        { kind: 'run-lost', runId: unknown, why: 'it ended, but the part of the record that told how is lost' },
        { kind: 'run-settled', runId: unknown, next: 'none' },
      ]);
    }));

  it('records a command that failed, and answers without its insides', () =>
    withGateway(
      async ({ tell, post, reports, noted }) => {
        const runId = newRunId();
        await tell(requested(runId));
        const reply = await post(`/v1/runs/${runId}/stop`, { reason: 'x' });
        expect(reply.status).to.equal(500);
        expect(reply.text).to.not.contain('secret inside');
        expect(reports[0]?.body).to.include({ kind: 'audit-recorded', outcome: 'refused' });
        expect(noted).to.have.length(1);
      },
      {
        coordinator: {
          stopRun: () => Promise.reject(new Error('secret inside')),
        },
      },
    ));

  it('speaks the language of the command line', () =>
    withGateway(async ({ tell, address, asked }) => {
      const runId = newRunId();
      await tell(requested(runId, { name: 'looper' }), started(runId));
      const client = connectDaemon(address.socketPath);
      expect((await client.status()).running).to.equal(true);
      expect((await client.runs({})).items).to.have.length(1);
      expect((await client.run('looper')).run.runId).to.equal(runId);
      expect((await client.wait(runId, 0)).run.state).to.equal('running');
      expect((await client.timeline({ runId })).items).to.have.length(2);
      expect((await client.incidents({})).items).to.deep.equal([]);
      expect((await client.log(runId, { tail: 5 })).lines).to.deep.equal([]);
      expect((await client.ticket()).path).to.contain('/enter?ticket=');
      await client.command(runId, 'stop', { reason: 'spec', graceMs: 5 });
      expect(await client.stopDaemon({ stopJobs: false })).to.deep.equal({ runsLeft: 0 });
      expect(asked.map(({ verb }) => verb)).to.deep.equal(['stop']);
    }));
});
