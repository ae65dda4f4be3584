import type { LogLine, LogPage } from '#protocol/gateway-api';
import { parseRunId, type RunId } from '#protocol/ids';
import { isOver } from '#protocol/run-state';
import type { Refusal } from './problem-details.ts';
import type { Site } from './site.ts';

const lookEveryMs = 250;
const linesPerChunk = 200;
const mostRooms = 32;

interface Chunk {
  readonly runId: RunId;
  readonly lines: readonly LogLine[];
  readonly dropped: number;
}

/** Follows the logs that somebody looks at, each once however many look, from where they ended when the first came. */
export interface LogRooms {
  open(runId: string): Promise<Refusal | null>;
  left(runId: string): void;
  close(): void;
}

interface Room {
  watchers: number;
  next: LogPage['next'];
  cancel: () => void;
}

export const createLogRooms = (site: Site, send: (runId: RunId, chunk: Chunk) => void): LogRooms => {
  const rooms = new Map<RunId, Room>();

  const look = async (runId: RunId, room: Room): Promise<void> => {
    const view = site.fleet.view(runId);
    const ended = view === null || isOver(view.state);
    const page = await site.logs.page(runId, { ...room.next, stream: null, tail: null, limit: 5000, ended });
    room.next = page.next;
    const lines = page.lines.slice(-linesPerChunk);
    if (lines.length > 0) send(runId, { runId, lines, dropped: page.lines.length - lines.length });
  };
  const lookAgain = (runId: RunId, room: Room): void => {
    room.cancel = site.clock.after(lookEveryMs, () => {
      look(runId, room)
        .catch(site.note)
        .finally(() => {
          if (rooms.get(runId) === room) lookAgain(runId, room);
        });
    });
  };

  return {
    open: async (text) => {
      const runId = parseRunId(text);
      const known = rooms.get(runId);
      if (known !== undefined) {
        known.watchers += 1;
        return null;
      }
      if (rooms.size >= mostRooms) return tooManyRooms;
      const room: Room = { watchers: 1, next: { stdout: 0, stderr: 0 }, cancel: () => undefined };
      rooms.set(runId, room);
      room.next = await site.logs.end(runId);
      lookAgain(runId, room);
      return null;
    },
    left: (text) => {
      for (const [runId, room] of rooms) {
        if (runId !== text) continue;
        room.watchers -= 1;
        if (room.watchers > 0) continue;
        room.cancel();
        rooms.delete(runId);
      }
    },
    close: () => {
      for (const room of rooms.values()) room.cancel();
      rooms.clear();
    },
  };
};

const tooManyRooms: Refusal = {
  status: 429,
  code: 'too-many-logs',
  detail: `${mostRooms} logs are followed already.`,
  hint: 'Close another log first; GET /v1/runs/:id/log still reads it.',
};
