import { CreateRecord } from './0001-create-record.ts';

/** Oldest first. A migration that was released is never edited: the next one changes what it made. */
export const migrations = [CreateRecord];
