import type { AgentEvent } from '#protocol/agent-events';
import type { ProgressMark } from '#protocol/observations';
import { mixHash } from './step.ts';

type Called = Extract<AgentEvent, { kind: 'tool-called' }>;
type Returned = Extract<AgentEvent, { kind: 'tool-returned' }>;

const openCalls = 64;
// An answer that comes back after five hundred others is as good as new; 12 KB.
const rememberedResults = 512;

/**
 * Evidence of progress in what an agent does: a call that succeeded with a result not seen before for it. Writing the
 * same again, asking and being told the same, and going back to an answer that was there before are none.
 */
export const createProgressFold = (): {
  observe(events: readonly AgentEvent[]): readonly ProgressMark[];
  bytes(): number;
} => {
  const open = new Map<string, Called>();
  const seen = new Set<number>();

  const remember = (called: Called): void => {
    open.set(called.callId, called);
    forgetOldest(open, openCalls);
  };
  const markOf = (returned: Returned): ProgressMark | null => {
    const called = open.get(returned.callId);
    open.delete(returned.callId);
    if (called === undefined || !returned.ok || returned.isEmpty || called.waits === 'sleep') return null;
    const both = mixHash(called.callHash, returned.resultHash);
    if (seen.has(both)) return null;
    seen.add(both);
    forgetOldest(seen, rememberedResults);
    const detail = called.mutates ? `${called.tool} changed something` : `${called.tool} gave a new result`;
    return { atMs: returned.atMs, source: 'result', sharePct: null, detail };
  };

  return {
    observe: (events) => {
      const marks: ProgressMark[] = [];
      for (const event of events) {
        if (event.kind === 'tool-called') remember(event);
        const mark = event.kind === 'tool-returned' ? markOf(event) : null;
        if (mark !== null) marks.push(mark);
      }
      return marks;
    },
    bytes: () => open.size * 500 + seen.size * 24,
  };
};

const forgetOldest = <Key>(
  kept: { readonly size: number; keys(): Iterator<Key>; delete(key: Key): boolean },
  limit: number,
): void => {
  if (kept.size <= limit) return;
  const oldest = kept.keys().next();
  if (oldest.done !== true) kept.delete(oldest.value);
};
