/**
 * What to tell of facts that wait for the database: nothing of them is lost and jobs are guarded on, so the words say
 * that before they say what a person can do. The cause is told in SQLite's words.
 */
export const remedyOf = (trouble: string, home: string): string =>
  remedies.find(([shape]) => shape.test(trouble))?.[1](home) ??
  'look at flowforge daemon logs, and at the disk that holds the home';

const remedies: readonly (readonly [RegExp, (home: string) => string])[] = [
  [/full|ENOSPC|quota/i, (home) => `make room on the disk that holds ${home} (df -h ${home})`],
  [/locked|busy/i, (home) => `end the other program that holds the database (fuser -v ${home}/flowforge.db)`],
  [
    /read-?only|EROFS|EACCES|permission/i,
    (home) => `make ${home} and flowforge.db in it writable for you again (ls -l ${home}; mount | grep 'ro,')`,
  ],
  [/I\/O|EIO/i, (home) => `see whether the disk that holds ${home} fails (dmesg), and flowforge backup FILE elsewhere`],
];

/** In one sentence, for wherever the state of the daemon is shown. */
export const troubleWords = (trouble: string, home: string): string =>
  `facts wait for the database (${trouble}). Jobs are guarded on and nothing is lost, it stays in the journal; ${remedyOf(trouble, home)}`;
