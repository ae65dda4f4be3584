import type { Response } from 'express';
import type { RunId } from '#protocol/ids';
import type { RunView } from '#protocol/views';
import type { Site } from './site.ts';

const longestMs = 25_000;

/** Resolves once the fold of the run is newer than `since`, after 25 s in any case. A run that is over may still be restarted. */
export const waitForChange = (
  site: Pick<Site, 'fleet' | 'feed' | 'clock'>,
  asked: { readonly view: RunView; readonly since: number; readonly closed: Response },
): Promise<void> =>
  new Promise((resolve) => {
    const { runId } = asked.view;
    const hasChanged = (): boolean => (site.fleet.view(runId) ?? asked.view).lastSeq > asked.since;
    if (hasChanged()) {
      resolve();
      return;
    }
    const finish = (): void => {
      unsubscribe();
      cancel();
      asked.closed.off('close', finish);
      resolve();
    };
    const unsubscribe = site.feed.subscribe(() => {
      if (hasChanged()) finish();
    });
    const cancel = site.clock.after(longestMs, finish);
    asked.closed.on('close', finish);
  });

const knownWithinMs = 2000;

/** A run that was just started is known here once its first fact has come: whoever asks next must find it. */
export const waitForRun = (site: Pick<Site, 'fleet' | 'feed' | 'clock'>, runId: RunId): Promise<void> =>
  new Promise((resolve) => {
    const finish = (): void => {
      unsubscribe();
      cancel();
      resolve();
    };
    const unsubscribe = site.feed.subscribe(() => {
      if (site.fleet.view(runId) !== null) finish();
    });
    const cancel = site.clock.after(knownWithinMs, finish);
    if (site.fleet.view(runId) !== null) finish();
  });
