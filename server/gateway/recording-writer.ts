import type { FactReport, RecordingBatch } from '#protocol/messages';
import type { Recordings } from '#record/recordings';
import type { Clock } from '#runtime/clock';
import { newUlid } from '#runtime/new-ulid';

export interface RecordingWriter {
  write(batch: RecordingBatch): Promise<void>;
}

interface Parts {
  readonly recordings: Pick<Recordings, 'append'>;
  readonly clock: Clock;
  readonly report: (fact: FactReport) => Promise<void>;
  readonly note: (error: unknown) => void;
}

/**
 * Where the disk takes no more, a batch is given up and the loss told once until it heals: numbers for charts must not
 * hold up detection, which waits for this answer.
 */
export const createRecordingWriter = ({ recordings, clock, report, note }: Parts): RecordingWriter => {
  let isFailing = false;
  return {
    write: async (batch) => {
      try {
        await recordings.append(batch);
        isFailing = false;
      } catch (error) {
        if (!isDiskTrouble(error)) throw error;
        if (isFailing) return;
        isFailing = true;
        const why = `signals are not recorded from here on: ${error.message}`;
        report({
          key: `recordings:${newUlid(clock.now())}`,
          body: { kind: 'ledger-trouble', why, lostFrom: null },
          mustSync: false,
        }).catch(note);
      }
    },
  };
};

const diskCodes: ReadonlySet<unknown> = new Set([
  'ENOSPC',
  'EDQUOT',
  'EROFS',
  'EIO',
  'EMFILE',
  'ENFILE',
  'ENOENT',
  'EACCES',
]);

const isDiskTrouble = (error: unknown): error is Error =>
  error instanceof Error && 'code' in error && diskCodes.has(error.code);
