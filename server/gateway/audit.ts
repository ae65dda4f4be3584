import type { Actor } from '#protocol/actor';
import type { RunId } from '#protocol/ids';
import { actorOf } from './authenticate.ts';
import type { Call, Reply } from './route.ts';
import type { Site } from './site.ts';

interface Audited {
  readonly call: Call<unknown, unknown, unknown>;
  readonly action: string;
  readonly target: string;
  readonly runId: RunId | null;
  readonly reason: string;
}

/** Does what was asked and reports who asked, why, and whether it was taken. The report is written before the answer goes out. */
export const audited = async (
  site: Pick<Site, 'report'>,
  what: Audited,
  perform: (by: Actor) => Promise<Reply>,
): Promise<Reply> => {
  const actor = actorOf(what.call.principal);
  const report = (outcome: 'accepted' | 'refused'): Promise<void> =>
    site.report({
      key: `audit:${what.call.requestId}`,
      body: {
        kind: 'audit-recorded',
        actor,
        action: what.action,
        target: what.target,
        runId: what.runId,
        reason: what.reason,
        requestId: what.call.requestId,
        outcome,
      },
      mustSync: false,
    });
  let reply: Reply;
  try {
    reply = await perform(actor);
  } catch (cause) {
    await report('refused');
    throw cause;
  }
  await report(reply.kind === 'refused' ? 'refused' : 'accepted');
  return reply;
};
