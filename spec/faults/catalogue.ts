import { adoptionFaults } from './adoption.fault.ts';
import { containmentFaults } from './containment.fault.ts';
import { daemonFaults } from './daemon.fault.ts';
import { databaseFaults } from './database.fault.ts';
import type { Fault } from './fault.ts';
import { guardingFaults } from './guarding.fault.ts';
import { haltFaults } from './halt.fault.ts';
import { machineFaults } from './machine.fault.ts';
import { manyFaults } from './many.fault.ts';
import { outputFaults } from './output.fault.ts';
import { recordFaults } from './record.fault.ts';
import { restoreFaults } from './restore.fault.ts';
import { sleepingFaults } from './sleeping.fault.ts';
import { walFaults } from './wal.fault.ts';
import { workerFaults } from './worker.fault.ts';

/** Every fault that is let loose, in the order of the ids. */
export const catalogue: readonly Fault[] = [
  ...containmentFaults,
  ...sleepingFaults,
  ...daemonFaults,
  ...guardingFaults,
  ...adoptionFaults,
  ...recordFaults,
  ...databaseFaults,
  ...walFaults,
  ...restoreFaults,
  ...outputFaults,
  ...haltFaults,
  ...machineFaults,
  ...manyFaults,
  ...workerFaults,
].sort((a, b) => a.id.localeCompare(b.id));
