import { takeLease } from '#coordinator/lease';

/** Takes the lease of each home that its parent names, says what came of it, and keeps what it got until it is ended. */
process.on('message', (home: string) => process.send?.(takeLease(home).kind));
