import { get as httpGet, type IncomingMessage } from 'node:http';
import { expect } from 'chai';
import type { RunId } from '#protocol/ids';
import type { SignalVector } from '#protocol/signals';
import { exited, newRunId, requested, started } from '../record/told-facts.ts';
import { apiKey, type RunningGateway, withGateway } from './running-gateway.ts';

const host = { cpuPct: 1, load1: 0.1, memTotalBytes: 1, memAvailableBytes: 1, diskFreeBytes: null };

const live = (runId: RunId, signals: SignalVector) => ({
  atMs: 1,
  host,
  rows: [{ runId, atMs: 1, signals, lastLine: null, rules: [], findings: [] }],
});

interface Event {
  readonly event: string;
  readonly id: string | null;
  readonly data: string;
}

/** Reads a stream until told to stop; `until` resolves with the events once they satisfy. */
const openStream = ({ address }: RunningGateway, headers: Record<string, string> = {}) =>
  new Promise<{
    status: number;
    response: IncomingMessage;
    until(enough: (events: readonly Event[]) => boolean): Promise<readonly Event[]>;
    close(): void;
  }>((resolve, reject) => {
    const request = httpGet(
      {
        host: '127.0.0.1',
        port: address.port,
        path: '/stream',
        agent: false,
        headers: { authorization: `Bearer ${apiKey}`, ...headers },
      },
      (response) => {
        let text = '';
        let check = (): void => undefined;
        const events = (): readonly Event[] =>
          text
            .split('\n\n')
            .slice(0, -1)
            .flatMap((block) => {
              const field = (name: string): string | null =>
                new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1] ?? null;
              const event = field('event');
              return event === null ? [] : [{ event, id: field('id'), data: field('data') ?? '' }];
            });
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          text += chunk;
          check();
        });
        response.on('error', () => undefined); // closed by the spec itself
        resolve({
          status: response.statusCode ?? 0,
          response,
          until: (enough) =>
            new Promise((found) => {
              check = () => {
                if (enough(events())) found(events());
              };
              check();
            }),
          close: () => request.destroy(),
        });
      },
    );
    request.on('error', reject);
  });

describe('the stream of facts', () => {
  it('tells facts as they happen, with their seq as id', () =>
    withGateway(async (running) => {
      const stream = await openStream(running);
      expect(stream.response.headers['content-type']).to.contain('text/event-stream');
      const runId = newRunId();
      await running.tell(requested(runId), started(runId));
      const events = await stream.until((seen) => seen.length >= 2);
      expect(events.map(({ event, id }) => [event, id])).to.deep.equal([
        ['fact', '1'],
        ['fact', '2'],
      ]);
      expect(JSON.parse(events[1]?.data ?? '')).to.include({ kind: 'run-started', runId });
      stream.close();
    }));

  it('goes on after the last event that was seen: nothing twice, nothing missing, whatever happens meanwhile', () =>
    withGateway(async (running) => {
      const runId = newRunId();
      await running.tell(requested(runId));
      for (let n = 0; n < 30; n += 1) await running.tell(...Array.from({ length: 50 }, () => started(runId)));
      const stream = await openStream(running, { 'last-event-id': '100' });
      for (let n = 0; n < 20; n += 1) await running.tell(started(runId));
      await running.tell(exited(runId));
      const events = await stream.until((seen) => seen.at(-1)?.id === '1522');
      expect(events.map(({ id }) => Number(id))).to.deep.equal(Array.from({ length: 1422 }, (_, at) => 101 + at));
      stream.close();
    }));

  it('shows numbers when they change by what a person can see', () =>
    withGateway(async (running) => {
      const runId = newRunId();
      await running.tell(requested(runId), started(runId));
      const stream = await openStream(running);
      running.gateway.live(live(runId, { 'cpu.pct': 99.7, 'mem.rss': 1_048_576, 'progress.age': 3 }));
      const events = await stream.until((seen) =>
        seen.some(({ event, data }) => event === 'tick' && JSON.parse(data).rows.length > 0),
      );
      const tick = events.find(({ event, data }) => event === 'tick' && JSON.parse(data).rows.length > 0);
      expect(JSON.parse(tick?.data ?? '').rows).to.deep.equal([[runId, 100, 1_048_576, null, 3, null, null]]);
      stream.close();
    }));

  it('S18: gives eight places to one peer, takes one back, and answers others meanwhile', () =>
    withGateway(async (running) => {
      const streams = [];
      for (let n = 0; n < 8; n += 1) streams.push(await openStream(running));
      expect(streams.every(({ status }) => status === 200)).to.equal(true);
      const ninth = await running.get('/stream');
      expect(ninth.status).to.equal(429);
      expect(ninth.body.code).to.equal('too-many-streams');
      expect((await running.get('/v1/runs')).status).to.equal(200);
      streams[0]?.close();
      let again = 429;
      while (again === 429) {
        const stream = await openStream(running);
        again = stream.status;
        stream.close();
      }
      expect(again).to.equal(200);
      for (const stream of streams) stream.close();
    }));

  it('S19: cuts off a reader who does not read, before it costs memory', () =>
    withGateway(async (running) => {
      const stream = await openStream(running);
      const gone = new Promise((resolve) => stream.response.on('close', resolve));
      stream.response.pause();
      const runId = newRunId();
      await running.tell(requested(runId, { name: 'n'.repeat(100) }));
      const before = process.memoryUsage().rss;
      const long = { ...started(runId), bootId: 'b'.repeat(20_000) };
      let wasCut = false;
      void gone.then(() => {
        wasCut = true;
      });
      for (let n = 0; n < 100 && !wasCut; n += 1) await running.tell(...Array.from({ length: 20 }, () => long));
      stream.response.resume();
      await gone;
      expect(process.memoryUsage().rss - before).to.be.below(200 * 1_048_576);
    }));
});
