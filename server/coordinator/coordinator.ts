import type { MessagePort } from 'node:worker_threads';
import type { AdmissionSettings } from '#config/admission-settings';
import { openPolicyStore } from '#config/policy-store';
import type { CoordinatorControl, GatewaySetup, WorkerStatus } from '#protocol/control';
import type { Fact, WorkerName } from '#protocol/facts';
import type {
  ActionMessage,
  DetectionMessage,
  FactDelivery,
  FactReport,
  RunChange,
  SamplingMessage,
} from '#protocol/messages';
import type { PolicyPreview } from '#protocol/policies';
import type { ContainmentHandle, ContainmentLevel } from '#protocol/run-spec';
import type { SpendingState } from '#protocol/spending';
import type { Clock } from '#runtime/clock';
import { openInlet, openOutlet } from '#runtime/link';
import { createSupervisor, type Supervisor } from '#runtime/supervisor';
import { createAdmission } from './admission.ts';
import { attendWorkers } from './attend-workers.ts';
import { createControl } from './control.ts';
import { createEmergencyStop, type OpenTree } from './emergency-stop.ts';
import { createFactDesk, type FactDesk } from './fact-desk.ts';
import type { Failpoint } from './failpoint.ts';
import { createFleet } from './fleet.ts';
import { openJournal } from './journal.ts';
import { createJournalWatch } from './journal-watch.ts';
import { readCheckpoint, readKeptHead } from './kept-head.ts';
import { createPolicyDesk } from './policy-desk.ts';
import { createSelfWatch, standStill } from './self-watch.ts';
import { createShadowWatch } from './shadow-watch.ts';
import { createLogShortener } from './shorten-logs.ts';
import { createSpendingKeeper } from './spending-keeper.ts';
import { deliveryOf, wires, workers } from './topology.ts';
import { createWorkerSetup } from './worker-setup.ts';

export interface CoordinatorOptions {
  readonly clock: Clock;
  readonly home: string;
  readonly journalDir: string;
  readonly runsDir: string;
  readonly policiesDir: string;
  readonly gateway: GatewaySetup;
  readonly after: 'asked' | 'crash' | 'first';
  readonly bootId: string;
  readonly faultsAllowed: boolean;
  /** More running jobs than this are not acted on by a change of policy without a person's word. */
  readonly mostActedOn: number;
  readonly admission: AdmissionSettings;
  readonly failpoint: Failpoint | null;
  readonly openTree: OpenTree;
  readonly handleFor: (
    level: ContainmentLevel,
    run: { readonly runId: string; readonly tag: number },
  ) => ContainmentHandle;
  readonly log: (level: 'info' | 'warn' | 'error', message: string) => void;
  /** The daemon has to end: asked (code 0), or because it can no longer guard (not 0). */
  readonly onEnd: (code: number) => void;
}

export interface Coordinator {
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Looks at the files of all policies in force again. */
  reloadPolicies(who: string): void;
  readonly control: CoordinatorControl;
}

/** Holds what must not be lost: child handles, the journal, the list of threads. It computes nothing. */
export const createCoordinator = (options: CoordinatorOptions): Coordinator => {
  const { clock } = options;
  const journal = openJournal(options.journalDir, {
    keptHead: readKeptHead(options.home),
    checkpointed: () => readCheckpoint(options.home),
  });
  const toSampling = openOutlet<SamplingMessage>(deliveryOf('run-changes-to-sampling'));
  const toDetection = openOutlet<DetectionMessage>(deliveryOf('run-changes-to-detection'));
  const toAction = openOutlet<ActionMessage>(deliveryOf('orders-to-action'));
  const toGateway = openOutlet<FactDelivery>(deliveryOf('facts-to-gateway'));
  const tellWorkers = (change: RunChange): void => {
    void toSampling.send(change);
    void toDetection.send(change);
    void toAction.send({ kind: 'run-changed', change });
  };
  const orderAction = (message: ActionMessage): void => {
    emergency.ordered(message);
    void toAction.send(message);
  };
  const store = openPolicyStore(options.home);
  const desk: FactDesk = createFactDesk({
    clock,
    journal,
    toGateway,
    onFact: (fact, from) => heard(fact, from),
    failpoint: options.failpoint,
  });
  const fleet = createFleet({
    ...options,
    store,
    policies: () => policies,
    containment: options.gateway.containment,
    admission: createAdmission({ settings: options.admission, clock }),
    desk: () => desk,
    tellWorkers,
    orderAction,
    onDamage: (why) => tellTrouble(why),
  });

  const policies = createPolicyDesk({
    clock,
    store,
    policiesDir: options.policiesDir,
    table: fleet.table,
    say: (body) => void desk.say(body, { sync: true }),
    tellWorkers,
    askDetection: (message) => void toDetection.send(message),
    mostActedOn: options.mostActedOn,
    log: options.log,
  });

  /** Action believes what the others say of its runs; what it said itself it believes already. */
  const heard = (fact: Fact, from: 'self' | 'worker'): void => {
    if (from === 'self' && 'runId' in fact && fact.runId !== null) void toAction.send({ kind: 'fact-seen', fact });
    emergency.heard(fact);
    logs.heard(fact);
    fleet.believe(fact);
  };
  const emergency = createEmergencyStop({
    ...options,
    table: fleet.table,
    history: journal.history,
    say: (body) => void desk.say(body, { sync: true }),
  });

  const logs = createLogShortener({
    ...options,
    keeping: options.gateway.logs,
    table: fleet.table,
    say: (body) => void desk.say(body),
    orderAction,
  });

  const reports = openInlet<FactReport>((report) => desk.take(report));
  const samplingReports = openInlet<FactReport>((report) => desk.take(report));
  const spending = createSpendingKeeper({ home: options.home, now: clock.now, log: options.log });
  const spendingReports = openInlet<SpendingState>((state) => spending.heard(state));
  const previews = openInlet<PolicyPreview>((preview) => policies.heard(preview));
  const gatewayReports = openInlet<FactReport>((report) => desk.take(report));

  const setupOf = createWorkerSetup({
    home: options.home,
    gateway: options.gateway,
    control: () => control,
    introduce: fleet.introduce,
    history: journal.history,
    spent: () => spending.kept(),
    // What a dead action still had on its way is dropped: its successor says it again, from the same history.
    forgetAction: () => reports.disconnect(),
  });

  const supervisor: Supervisor = createSupervisor({
    clock,
    workers,
    wires,
    mainEnds: new Map<string, { connect(port: MessagePort): void }>([
      ['run-changes-to-sampling', toSampling],
      ['run-changes-to-detection', toDetection],
      ['orders-to-action', toAction],
      ['facts-to-gateway', toGateway],
      ['facts-from-action', reports],
      ['facts-from-sampling', samplingReports],
      ['facts-from-gateway', gatewayReports],
      ['previews-from-detection', previews],
      ['spending-from-detection', spendingReports],
    ]),
    setupOf,
    onEvent: attendWorkers({
      desk,
      refill: () => void toSampling.send({ kind: 'refill' }),
      log: options.log,
      onGivenUp: async (worker) => (worker === 'action' ? emergency.stopOwed() : undefined),
      onEnd: options.onEnd,
    }),
  });

  const control: CoordinatorControl = createControl({
    fleet,
    policies,
    spending,
    tellDetection: (message) => void toDetection.send(message),
    orderAction,
    workers: () => supervisor.states().map((state): WorkerStatus => ({ ...state, worker: state.worker as WorkerName })),
    injectFault: options.faultsAllowed
      ? (worker, kind) => (worker === 'coordinator' ? standStill() : supervisor.injectFault(worker, kind))
      : null,
    say: (body) => void desk.say(body, { sync: true }),
    onEnd: options.onEnd,
    clock,
  });

  const tellTrouble = (why: string): void => {
    options.log('error', why);
    desk.say({ kind: 'ledger-trouble', why, lostFrom: null });
  };
  const selfWatch = createSelfWatch({ clock, say: (body) => void desk.say(body) });
  const journalWatch = createJournalWatch({ clock, journal, onTrouble: tellTrouble });

  const shadowWatch = createShadowWatch({
    clock,
    store,
    active: policies.active,
    say: (body) => void desk.say(body),
  });
  return {
    control,
    start: async () => {
      const { pid, version, containment } = options.gateway;
      const known = journal.history().map(({ fact }) => fact);
      desk.say({
        kind: 'daemon-started',
        pid,
        version,
        home: options.home,
        bootId: options.bootId,
        containment,
        after: options.after,
      });
      fleet.adopt(known, journal.settled());
      selfWatch.start();
      journalWatch.start();
      logs.start();
      shadowWatch.start();
      desk.catchUp();
      await supervisor.start();
      void policies.reload('all', { by: 'daemon', who: 'FlowForge started', reason: '' });
    },
    reloadPolicies: (who) => void policies.reload('all', { by: 'daemon', who, reason: '' }),
    stop: async () => {
      selfWatch.stop();
      journalWatch.stop();
      logs.stop();
      shadowWatch.stop();
      await policies.stop();
      await supervisor.stop();
      journal.flush();
      journal.close();
    },
  };
};
