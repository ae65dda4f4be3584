import { z } from 'zod';
import { audited } from './audit.ts';
import { toReply } from './command-routes.ts';
import type { Refusal } from './problem-details.ts';
import { nothing, type Route, refused, route } from './route.ts';
import { withRun } from './run-routes.ts';
import { incidentRef, runRef } from './shapes.ts';

const ackBody = z.strictObject({
  verdict: z.enum(['right', 'wrong']).nullable().default(null),
  note: z.string().max(500).default(''),
});
const nudgeBody = z.strictObject({ message: z.string().min(1).max(2000) });

/** What people say while a run goes on: I have seen it, try something else, go on spending. */
export const steeringRoutes: readonly Route[] = [
  route({
    method: 'post',
    paths: ['/v1/incidents/:id/ack'],
    door: 'key',
    summary: 'Say that an incident was seen, and whether its rule was right: ladders may ask, and precision counts it.',
    returns: '{ accepted: true }',
    params: incidentRef,
    query: nothing,
    body: ackBody,
    handle: async (call, site) => {
      const { id: incidentId } = call.params;
      const known =
        site.fleet.incidents().find((one) => one.incidentId === incidentId) ?? (await site.ledger.incident(incidentId));
      if (known === null) return refused(noIncident(incidentId));
      const { runId, rule, name } = known;
      return audited(site, { call, action: 'ack', target: name, runId, reason: call.body.note }, async (by) =>
        toReply(await site.coordinator.acknowledge({ incidentId, runId, rule, by, ...call.body }), 202, (done) => done),
      );
    },
  }),
  route({
    method: 'post',
    paths: ['/v1/runs/:id/nudge'],
    door: 'key',
    summary: 'Leave a message where the job can read it ($FLOWFORGE_NUDGES), and on its input where it asked for that.',
    returns: '{ accepted: true }',
    params: runRef,
    query: nothing,
    body: nudgeBody,
    handle: (call, site) =>
      withRun(site, call.params.id, ({ runId, name }) =>
        audited(site, { call, action: 'nudge', target: name, runId, reason: '' }, async (by) =>
          toReply(
            await site.coordinator.nudgeRun({ runId, by, reason: call.body.message, requestId: call.requestId }),
            202,
            (done) => done,
          ),
        ),
      ),
  }),
];

const noIncident = (id: string): Refusal => ({
  status: 404,
  code: 'unknown-incident',
  detail: `There is no incident ${id}.`,
  hint: 'GET /v1/incidents lists them.',
});
