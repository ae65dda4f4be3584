import type { Delivery } from '#runtime/link';
import type { WirePlan, WorkerPlan } from '#runtime/worker-plan';

const entry = (relative: string): URL => new URL(relative, import.meta.url);
/** OTP's idea: this many deaths in this long, then giving up is itself an incident. */
const intensity = { maxDeaths: 10, windowMs: 60_000, firstDelayMs: 10, maxDelayMs: 100 };

/** The one table of threads. Readers stand before their writers. */
export const workers: readonly WorkerPlan[] = [
  {
    name: 'gateway',
    entry: entry('../gateway/gateway-worker.js'),
    stallMs: 1_200,
    maxHeapMb: 512,
    maxBufferMb: 384,
    intensity,
  },
  {
    name: 'action',
    entry: entry('../../workers/action/action-worker.js'),
    stallMs: 600,
    maxHeapMb: 256,
    maxBufferMb: 384,
    intensity,
  },
  {
    name: 'detection',
    entry: entry('../../workers/detection/detection-worker.js'),
    stallMs: 600,
    maxHeapMb: 512,
    maxBufferMb: 384,
    intensity,
  },
  {
    name: 'sampling',
    entry: entry('../../workers/sampling/sampling-worker.js'),
    stallMs: 700,
    maxHeapMb: 512,
    maxBufferMb: 384,
    intensity,
  },
];

/** The one table of wires. Ask of each: may a later message replace an earlier one? */
export const wires: readonly WirePlan[] = [
  { wire: 'run-changes-to-sampling', from: 'main', to: 'sampling', delivery: { kind: 'must-arrive', window: 64 } },
  { wire: 'run-changes-to-detection', from: 'main', to: 'detection', delivery: { kind: 'must-arrive', window: 64 } },
  { wire: 'orders-to-action', from: 'main', to: 'action', delivery: { kind: 'must-arrive', window: 64 } },
  { wire: 'observations', from: 'sampling', to: 'detection', delivery: { kind: 'must-arrive', window: 16 } },
  { wire: 'assessments', from: 'detection', to: 'action', delivery: { kind: 'must-arrive', window: 16 } },
  { wire: 'facts-from-action', from: 'action', to: 'main', delivery: { kind: 'must-arrive', window: 32 } },
  { wire: 'facts-from-sampling', from: 'sampling', to: 'main', delivery: { kind: 'must-arrive', window: 32 } },
  { wire: 'previews-from-detection', from: 'detection', to: 'main', delivery: { kind: 'must-arrive', window: 4 } },
  { wire: 'spending-from-detection', from: 'detection', to: 'main', delivery: { kind: 'latest-wins' } },
  { wire: 'facts-from-gateway', from: 'gateway', to: 'main', delivery: { kind: 'must-arrive', window: 32 } },
  // The fact desk holds back while the ledger keeps up; while it does not, the gateway is told all the same.
  { wire: 'facts-to-gateway', from: 'main', to: 'gateway', delivery: { kind: 'must-arrive', window: 4_096 } },
  { wire: 'live', from: 'detection', to: 'gateway', delivery: { kind: 'latest-wins' } },
  { wire: 'recordings', from: 'detection', to: 'gateway', delivery: { kind: 'must-arrive', window: 8 } },
];

/** @throws Error when no such wire was planned. */
export const deliveryOf = (wire: string): Delivery => {
  const plan = wires.find((known) => known.wire === wire);
  if (plan === undefined) throw new Error(`topology.ts has no wire "${wire}"`);
  return plan.delivery;
};
