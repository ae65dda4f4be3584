import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { io, type Socket } from 'socket.io-client';
import type { ClientToServer, ServerToClient } from '#protocol/gateway-api';
import { newRunId, requested, started } from '../record/told-facts.ts';
import { apiKey, type RunningGateway, withGateway } from './running-gateway.ts';

type Client = Socket<ServerToClient, ClientToServer>;

const dial = ({ address }: RunningGateway, headers: Record<string, string>, transports = ['websocket']): Client =>
  io(`http://127.0.0.1:${address.port}`, { transports, extraHeaders: headers, reconnection: false, forceNew: true });

/** What came of trying to connect, with everything that was said to us before. */
const outcomeOf = (client: Client): Promise<{ connected: boolean; heard: number }> =>
  new Promise((resolve) => {
    let heard = 0;
    client.onAny(() => {
      heard += 1;
    });
    client.on('connect', () => resolve({ connected: true, heard }));
    client.on('connect_error', () => resolve({ connected: false, heard }));
  });

const next = <Name extends keyof ServerToClient>(
  client: Client,
  name: Name,
): Promise<Parameters<ServerToClient[Name]>[0]> =>
  new Promise((resolve) => {
    const heard = (value: Parameters<ServerToClient[Name]>[0]): void => resolve(value);
    Reflect.apply(client.once, client, [name, heard]);
  });

const withKey = { authorization: `Bearer ${apiKey}` };

describe('the live socket', () => {
  it('S3: gives nothing to another origin, another host, or a stranger', () =>
    withGateway(async (running) => {
      const strangers: readonly Record<string, string>[] = [
        { ...withKey, origin: 'https://evil.example' },
        { ...withKey, origin: 'null' },
        { ...withKey, host: 'evil.example' },
        {},
        { authorization: 'Bearer wrong' },
      ];
      for (const headers of strangers) {
        const client = dial(running, headers);
        expect(await outcomeOf(client), JSON.stringify(headers)).to.deep.equal({ connected: false, heard: 0 });
        client.close();
      }
    }));

  it('S3: knows no transport but the one that it watches', () =>
    withGateway(async (running) => {
      const client = dial(running, withKey, ['polling']);
      expect(await outcomeOf(client)).to.deep.equal({ connected: false, heard: 0 });
      client.close();
    }));

  it('gives a snapshot first, then facts in order, then the rows that they changed', () =>
    withGateway(async (running) => {
      const runId = newRunId();
      await running.tell(requested(runId));
      const client = dial(running, { ...withKey, origin: `http://127.0.0.1:${running.address.port}` });
      const snapshot = await next(client, 'snapshot');
      expect(snapshot).to.include({ seq: 1 });
      expect(snapshot.runs.map(({ runId: id, state }) => [id, state])).to.deep.equal([[runId, 'starting']]);
      const [facts, rows] = [next(client, 'facts'), next(client, 'rows')];
      await running.tell(started(runId));
      expect((await facts).map(({ seq }) => seq)).to.deep.equal([2]);
      expect((await rows).map(({ state }) => state)).to.deep.equal(['running']);
      client.close();
    }));

  it('follows a log from its end for whoever looks', () =>
    withGateway(async (running) => {
      const runId = newRunId();
      await running.tell(requested(runId), started(runId));
      const directory = join(running.home, 'runs', runId);
      mkdirSync(directory, { recursive: true });
      writeFileSync(join(directory, 'stdout.log'), 'before\n');
      const client = dial(running, withKey);
      await next(client, 'snapshot');
      const problem = await new Promise((resolve) => client.emit('watchLog', runId, resolve));
      expect(problem).to.equal(null);
      const chunk = next(client, 'log');
      appendFileSync(join(directory, 'stdout.log'), 'after\nunfinished');
      expect((await chunk).lines.map(({ offset, text }) => [offset, text])).to.deep.equal([[7, 'after']]);
      const unknown = await new Promise<{ code?: string } | null>((resolve) =>
        client.emit('watchLog', 'nowhere', resolve),
      );
      expect(unknown?.code).to.equal('unknown-run');
      client.close();
    }));

  it('stops with clients connected', () =>
    withGateway(async (running) => {
      const client = dial(running, withKey);
      await next(client, 'snapshot');
      const ended = new Promise((resolve) => client.on('disconnect', resolve));
      await running.gateway.stop();
      await ended;
      client.close();
    }));
});
