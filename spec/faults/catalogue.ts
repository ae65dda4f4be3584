import { adoptionFaults } from './adoption.fault.ts';
import { containmentFaults } from './containment.fault.ts';
import { daemonFaults } from './daemon.fault.ts';
import type { Fault } from './fault.ts';
import { machineFaults } from './machine.fault.ts';
import { manyFaults } from './many.fault.ts';
import { outputFaults } from './output.fault.ts';
import { recordFaults } from './record.fault.ts';
import { workerFaults } from './worker.fault.ts';

/** Every fault that is let loose, in the order of the ids. */
export const catalogue: readonly Fault[] = [
  ...containmentFaults,
  ...daemonFaults,
  ...adoptionFaults,
  ...recordFaults,
  ...outputFaults,
  ...machineFaults,
  ...manyFaults,
  ...workerFaults,
].sort((a, b) => a.id.localeCompare(b.id));
