import { expect } from 'chai';
import { withHome } from '../record/temporary-home.ts';
import {
  decisionMade,
  exited,
  incidentOpened,
  newIncidentId,
  newRunId,
  requested,
  started,
} from '../record/told-facts.ts';
import { startGateway, withGateway } from './running-gateway.ts';

describe('the API', () => {
  it('says that it is alive and ready, and no more', () =>
    withGateway(async ({ send }) => {
      const health = await send({ path: '/healthz' });
      expect(health.status).to.equal(200);
      expect(health.text.length).to.be.at.most(64);
      expect((await send({ path: '/readyz' })).body).to.deep.equal({ ready: true });
    }));

  it('lists runs and finds one by id, by name and by the beginning of its id', () =>
    withGateway(async ({ tell, get }) => {
      const [older, newer] = [newRunId(1_600_000_000_000), newRunId(1_700_000_000_000)];
      await tell(
        requested(older, { name: 'first', labels: { team: 'a' } }),
        started(older),
        requested(newer, { name: 'second' }),
      );
      const all = await get('/v1/runs');
      expect(all.body.items.map((row: { name: string }) => row.name)).to.deep.equal(['second', 'first']);
      expect((await get('/v1/runs?state=running')).body.items).to.have.length(1);
      expect((await get('/v1/runs?state=live&label=team%3Da')).body.items[0].runId).to.equal(older);
      for (const ref of [older, 'first', older.slice(0, 12).toLowerCase()]) {
        expect((await get(`/v1/runs/${ref}`)).body.run.runId, ref).to.equal(older);
      }
      const unknown = await get('/v1/runs/nowhere');
      expect(unknown.status).to.equal(404);
      expect(unknown.headers['content-type']).to.contain('application/problem+json');
      expect(unknown.body).to.include({ status: 404, code: 'unknown-run', requestId: unknown.headers['x-request-id'] });
    }));

  it('pages by cursor', () =>
    withGateway(async ({ tell, get }) => {
      const ids = [1, 2, 3, 4, 5].map((n) => newRunId(n * 1000));
      await tell(...ids.map((id) => requested(id)));
      const first = await get('/v1/runs?limit=3');
      const second = await get(`/v1/runs?limit=3&cursor=${first.body.nextCursor}`);
      const seen = [...first.body.items, ...second.body.items].map((row: { runId: string }) => row.runId);
      expect(seen).to.deep.equal([...ids].reverse());
      expect(second.body.nextCursor).to.equal(null);
    }));

  it('tells an incident as it was decided, at its old path and its new', () =>
    withGateway(async ({ tell, get }) => {
      const runId = newRunId();
      const incidentId = newIncidentId();
      await tell(requested(runId), incidentOpened(runId, incidentId), decisionMade(runId, incidentId));
      for (const prefix of ['', '/v1']) {
        expect((await get(`${prefix}/incidents`)).body.items[0]).to.include({ incidentId, action: 'stop' });
        expect((await get(`${prefix}/timeline?incident_id=${incidentId}`)).body.items).to.have.length(2);
        expect((await get(`${prefix}/timeline`)).body.items[0].kind).to.equal('decision-made');
        expect((await get(`${prefix}/worker/lifecycle`)).body).to.deep.equal({ items: [] });
      }
      expect((await get(`/v1/incidents/${incidentId}`)).body.rule).to.equal('cpu-and-repeating');
      expect((await get(`/v1/runs/${runId}`)).body.incidents).to.have.length(1);
      expect((await get(`/v1/runs/${runId}/timeline`)).body.items[0].kind).to.equal('run-requested');
    }));

  it('asks the coordinator to stop a run, and reports who asked and why', () =>
    withGateway(async ({ tell, post, asked, reports }) => {
      const runId = newRunId();
      await tell(requested(runId), started(runId));
      const reply = await post(`/v1/runs/${runId}/stop`, { reason: 'it is stuck', graceMs: 100 });
      expect(reply.status).to.equal(202);
      expect(reply.body).to.deep.equal({ accepted: true, runId });
      expect(asked).to.deep.equal([
        {
          verb: 'stop',
          command: { runId, by: 'api', reason: 'it is stuck', graceMs: 100, requestId: reply.headers['x-request-id'] },
        },
      ]);
      expect(reports[0]?.body).to.include({
        kind: 'audit-recorded',
        actor: 'api',
        action: 'stop',
        outcome: 'accepted',
        reason: 'it is stuck',
      });
    }));

  it('knows which run is meant while only one is live, and asks when there are several', () =>
    withGateway(async ({ tell, post, asked }) => {
      const [first, second] = [newRunId(), newRunId()];
      expect((await post('/process/kill', {})).status).to.equal(404);
      await tell(requested(first));
      expect((await post('/process/kill', {})).status).to.equal(202);
      await tell(requested(second));
      const several = await post('/v1/process/restart', {});
      expect(several.status).to.equal(409);
      expect(several.body.detail).to.contain(first).and.to.contain(second);
      expect((await post('/process/restart', { runId: second, reason: 'again' })).status).to.equal(202);
      await tell(exited(second));
      expect((await post('/process/kill', {})).body.runId).to.equal(first);
      expect(asked.map(({ verb }) => verb)).to.deep.equal(['stop', 'restart', 'stop']);
    }));

  it('answers a wait as soon as the run changes', () =>
    withGateway(async ({ tell, get }) => {
      const runId = newRunId();
      await tell(requested(runId));
      const waiting = get(`/v1/runs/${runId}/wait?since=1`);
      await tell(started(runId));
      expect((await waiting).body.run).to.include({ state: 'running', lastSeq: 2 });
      expect((await get(`/v1/runs/${runId}/wait?since=0`)).body.run.lastSeq).to.equal(2);
    }));

  it('describes every route it has', () =>
    withGateway(async ({ get }) => {
      const { body } = await get('/v1/openapi.json');
      expect(Object.keys(body.paths)).to.include.members([
        '/v1/runs',
        '/v1/runs/{id}',
        '/process/kill',
        '/stream',
        '/v1/openapi.json',
        '/healthz',
      ]);
      expect(body.paths['/v1/runs/{id}/stop'].post.requestBody).to.not.equal(undefined);
    }));

  it('tells the catalogue of signals and the state of the daemon', () =>
    withGateway(async ({ get, address, home }) => {
      expect((await get('/v1/signals')).body['cpu.pct'].unit).to.equal('pct');
      expect((await get('/v1/status')).body).to.include({
        running: true,
        port: address.port,
        home,
        version: '0.0.0-spec',
        containment: 'cgroup2',
      });
    }));

  it('goes on where it was when it comes back', () =>
    withHome(async (home) => {
      const runId = newRunId();
      const before = await startGateway(home);
      await before.tell(requested(runId), started(runId));
      await before.gateway.stop();
      const after = await startGateway(home);
      expect(after.gateway.lastSeq()).to.equal(2);
      expect((await after.get(`/v1/runs/${runId}`)).body.row.state).to.equal('running');
      await after.gateway.stop();
    }));
});
