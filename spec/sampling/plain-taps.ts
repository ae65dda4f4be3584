import type { AgentEvent, AgentKind } from '#protocol/agent-events';
import type { LineBatch } from '#protocol/observations';
import type { CreateAgentTap, CreateLineTap } from '#sampling/taps';

const hash = (text: string): number =>
  [...text].reduce((sum, letter) => (Math.imul(sum, 31) + letter.charCodeAt(0)) >>> 0, 7) || 1;

/** Lines as they are: no masks, no flags. */
export const createPlainLineTap: CreateLineTap = ({ firstLine }) => {
  const carried = { stdout: '', stderr: '' };
  let lines = firstLine - 1;
  let lastLine: string | null = null;
  let taken: { text: string; atMs: number }[] = [];
  const push = (text: string, atMs: number): void => {
    lines++;
    if (text !== '') lastLine = text;
    taken.push({ text, atMs });
  };
  return {
    feed: (stream, chunk, atMs) => {
      const parts = (carried[stream] + chunk.toString('latin1')).split('\n');
      carried[stream] = parts.pop() ?? '';
      for (const part of parts) push(part, atMs);
    },
    take: (): LineBatch | null => {
      if (taken.length === 0) return null;
      const batch = {
        count: taken.length,
        firstLine: lines - taken.length + 1,
        l1: Uint32Array.from(taken, (line) => hash(line.text)),
        l2: Uint32Array.from(taken, (line) => hash(line.text)),
        flags: new Uint8Array(taken.length),
        atMs: Float64Array.from(taken, (line) => line.atMs),
        samples: taken.map((line) => ({ l1: hash(line.text), l2: hash(line.text), text: line.text })),
      };
      taken = [];
      return batch;
    },
    takeMatches: () => [],
    usePatterns: () => undefined,
    flush: (atMs) => {
      for (const stream of ['stdout', 'stderr'] as const) {
        if (carried[stream] !== '') push(carried[stream], atMs);
        carried[stream] = '';
      }
    },
    get waiting() {
      return taken.length;
    },
    get lines() {
      return lines;
    },
    get lastLine() {
      return lastLine;
    },
  };
};

/** Recognises a stream that begins with `{"agent"`, and makes an event of each JSON line. */
export const createPlainAgentTap: CreateAgentTap = () => {
  let agentKind: AgentKind | null = null;
  let isFirst = true;
  let carried = '';
  let events: AgentEvent[] = [];
  return {
    feed: (stream, chunk, atMs) => {
      if (stream === 'stderr') return;
      const parts = (carried + chunk.toString('utf8')).split('\n');
      carried = parts.pop() ?? '';
      for (const part of parts) {
        if (isFirst && part.startsWith('{"agent"')) agentKind = 'claude';
        isFirst = false;
        if (agentKind !== null && part.startsWith('{'))
          events.push({
            kind: 'said',
            atMs,
            line: 1,
            agent: 'main',
            textHash: hash(part),
            shapeHash: hash(part),
            chars: part.length,
            thought: false,
            sample: part,
          });
      }
    },
    take: () => {
      const taken = events;
      events = [];
      return taken;
    },
    flush: () => undefined,
    get agentKind() {
      return agentKind;
    },
  };
};
