import type { MessagePort } from 'node:worker_threads';
import * as Comlink from 'comlink';
import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs';
import type {
  Answer,
  CoordinatorControl,
  ExtendedBudget,
  GatewaySetup,
  StartedRun,
  WorkerStatus,
} from '#protocol/control';
import type { SealedFact } from '#protocol/facts';
import type { FactDelivery, FactReport, LiveFrame, RecordingBatch } from '#protocol/messages';
import type { ActivePolicy, PolicyChange } from '#protocol/policies';
import { systemClock } from '#runtime/clock';
import { hostWorker } from '#runtime/host';
import { within } from '#runtime/within';
import { createGateway } from './gateway.ts';

interface Setup {
  readonly home: string;
  readonly gateway: GatewaySetup;
  readonly unsettled: readonly SealedFact[];
  readonly coordinator: MessagePort;
}

await hostWorker<Setup>(async (host) => {
  const { home, gateway: setup, coordinator, unsettled } = host.setup;
  const reports = host.outlet<FactReport>('facts-from-gateway');
  const gateway = await createGateway({
    ...setup,
    home,
    unsettled,
    clock: systemClock,
    coordinator: withDeadlines(Comlink.wrap<CoordinatorControl>(nodeEndpoint(coordinator))),
    status: () => ({ pid: setup.pid, containment: setup.containment }),
    report: (fact) => reports.send(fact),
    note: (error) => process.stderr.write(`gateway: ${error instanceof Error ? error.stack : String(error)}\n`),
  });
  // At once: what waits for the database must not keep the next facts from whoever looks.
  host.inlet<FactDelivery>('facts-to-gateway', (delivery) => gateway.facts(delivery), 'at-once');
  host.inlet<LiveFrame>('live', (frame) => gateway.live(frame));
  host.inlet<RecordingBatch>('recordings', (batch) => gateway.record(batch));
  await gateway.listen();
  return () => gateway.stop();
});

type Accepted = Answer<{ accepted: true }>;

/** A call to a coordinator that is busy or gone must not hang a request for ever. */
function withDeadlines(remote: Comlink.Remote<CoordinatorControl>): CoordinatorControl {
  const soon = <T>(what: string, call: Promise<T>): Promise<T> => within(5_000, `the coordinator to ${what}`, call);
  return {
    startRun: (request, by) =>
      within<Answer<StartedRun>>(20_000, 'the coordinator to start the run', remote.startRun(request, by)),
    stopRun: (command) => soon<Accepted>('stop the run', remote.stopRun(command)),
    restartRun: (command) => within<Accepted>(20_000, 'the coordinator to restart the run', remote.restartRun(command)),
    pauseRun: (command) => soon<Accepted>('pause the run', remote.pauseRun(command)),
    resumeRun: (command) => soon<Accepted>('resume the run', remote.resumeRun(command)),
    nudgeRun: (command) => soon<Accepted>('nudge the run', remote.nudgeRun(command)),
    acknowledge: (command) => soon<Accepted>('acknowledge', remote.acknowledge(command)),
    extendBudget: (command) => soon<Answer<ExtendedBudget>>('extend the budget', remote.extendBudget(command)),
    extendFleetBudget: (command) =>
      soon<Answer<ExtendedBudget>>('extend the budget', remote.extendFleetBudget(command)),
    applyPolicy: (wish) =>
      within<Answer<PolicyChange>>(30_000, 'the coordinator to apply the policy', remote.applyPolicy(wish)),
    rollbackPolicy: (wish) =>
      within<Answer<PolicyChange>>(30_000, 'the coordinator to roll back', remote.rollbackPolicy(wish)),
    activePolicies: () => soon<readonly ActivePolicy[]>('name its policies', remote.activePolicies()),
    stopDaemon: (command) =>
      within<Answer<{ runsLeft: number }>>(40_000, 'the coordinator to stop', remote.stopDaemon(command)),
    workers: () => soon<readonly WorkerStatus[]>('name its workers', remote.workers()),
    injectFault: (fault) => soon<Accepted>('inject a fault', remote.injectFault(fault)),
  };
}
