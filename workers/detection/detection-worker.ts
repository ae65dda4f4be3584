import type {
  ActionMessage,
  Assessment,
  DetectionMessage,
  LiveFrame,
  RecordingBatch,
  RunChange,
} from '#protocol/messages';
import type { ObservationBatch } from '#protocol/observations';
import type { PolicyPreview } from '#protocol/policies';
import type { KeptSpending, SpendingState } from '#protocol/spending';
import { systemClock } from '#runtime/clock';
import { hostWorker } from '#runtime/host';
import { createAgentDetectors } from './agent-detectors.ts';
import { createDetection } from './detection-actor.ts';
import { createLineDetectors } from './line-detectors.ts';
import { mergeFrames } from './live-frame.ts';
import { createResourceDetectors } from './resource-detectors.ts';

await hostWorker<{ readonly introductions: readonly RunChange[]; readonly spent: KeptSpending }>(async (host) => {
  const toAction = host.outlet<ActionMessage>('assessments');
  const detection = createDetection({
    clock: systemClock,
    spent: host.setup.spent,
    outlets: {
      assessments: { send: (assessments: readonly Assessment[]) => toAction.send({ kind: 'assessed', assessments }) },
      live: host.outlet<LiveFrame>('live', mergeFrames),
      recordings: host.outlet<RecordingBatch>('recordings'),
      previews: host.outlet<PolicyPreview>('previews-from-detection'),
      spending: host.outlet<SpendingState>('spending-from-detection'),
    },
    createLineDetectors,
    createAgentDetectors,
    createResourceDetectors,
  });
  for (const change of host.setup.introductions) detection.change(change);
  host.inlet<DetectionMessage>('run-changes-to-detection', (change) => detection.change(change));
  host.inlet<ObservationBatch>('observations', (batch) => detection.observe(batch));
  return () => detection.stop();
});
