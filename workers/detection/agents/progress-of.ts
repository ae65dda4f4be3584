import type { AgentEvent } from '#protocol/agent-events';
import type { ProgressMark } from '#protocol/observations';
import { HashRing } from '../hash-ring.ts';
import { mixHash } from './step.ts';

type Called = Pick<Extract<AgentEvent, { kind: 'tool-called' }>, 'callHash' | 'mutates' | 'waits' | 'tool'>;
type Returned = Extract<AgentEvent, { kind: 'tool-returned' }>;

const openCalls = 64;
// An answer that comes back after five hundred others is as good as new; 4 KB.
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
  const seen = new HashRing(rememberedResults);

  const remember = ({ callId, callHash, mutates, waits, tool }: Called & { readonly callId: string }): void => {
    open.set(callId, { callHash, mutates, waits, tool });
    const oldest = open.keys().next();
    if (open.size > openCalls && oldest.done !== true) open.delete(oldest.value);
  };
  const markOf = (returned: Returned): ProgressMark | null => {
    const called = open.get(returned.callId);
    open.delete(returned.callId);
    if (called === undefined || !returned.ok || returned.isEmpty || called.waits === 'sleep') return null;
    const both = mixHash(called.callHash, returned.resultHash);
    if (!seen.add(both)) return null;
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
    bytes: () => open.size * 150 + seen.bytes,
  };
};
