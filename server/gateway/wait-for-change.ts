import type { Response } from 'express';
import { isOver } from '#protocol/run-state';
import type { RunView } from '#protocol/views';
import type { Site } from './site.ts';

const longestMs = 25_000;

/** Resolves once the fold of the run is newer than `since`, at once where nothing more can come, and after 25 s in any case. */
export const waitForChange = (
  site: Pick<Site, 'fleet' | 'feed' | 'clock'>,
  asked: { readonly view: RunView; readonly since: number; readonly closed: Response },
): Promise<void> =>
  new Promise((resolve) => {
    const { runId } = asked.view;
    const hasChanged = (): boolean => {
      const view = site.fleet.view(runId) ?? asked.view;
      return view.lastSeq > asked.since || (isOver(view.state) && view.restartDueAtMs === null);
    };
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
