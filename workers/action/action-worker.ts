import type { ActionMessage, FactReport, History, RunChange } from '#protocol/messages';
import { systemClock } from '#runtime/clock';
import { hostWorker } from '#runtime/host';
import { newUlid } from '#runtime/new-ulid';
import { createAction } from './action-actor.ts';
import { openBoundary } from './containment/boundary.ts';

await hostWorker<{ readonly history: History; readonly introductions: readonly RunChange[] }>(async (host) => {
  const action = createAction({
    clock: systemClock,
    newId: () => newUlid(),
    history: host.setup.history,
    introductions: host.setup.introductions,
    facts: host.outlet<FactReport>('facts-from-action'),
    openBoundary: (run) => openBoundary(run.containment, run.identity),
  });
  // Action keeps the order of what concerns one run; hundreds that are stopped at once need not wait for one another.
  host.inlet<ActionMessage>('orders-to-action', (message) => action.receive(message), 'at-once');
  host.inlet<ActionMessage>('assessments', (message) => action.receive(message));
  return async () => undefined;
});
