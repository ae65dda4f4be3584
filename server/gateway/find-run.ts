import { isOver } from '#protocol/run-state';
import type { RunView } from '#protocol/views';
import type { Refusal } from './problem-details.ts';
import type { Site } from './site.ts';

export type FoundRun =
  | { readonly kind: 'found'; readonly view: RunView }
  | { readonly kind: 'refused'; readonly refusal: Refusal };

/** A run by id, by name, or by the beginning of its id. A name means the live run of that name, else the newest. */
export const findRun = async (site: Pick<Site, 'fleet' | 'ledger'>, ref: string): Promise<FoundRun> => {
  const known = site.fleet.view(ref.toUpperCase()) ?? (await site.ledger.run(ref.toUpperCase()));
  if (known !== null) return { kind: 'found', view: known };
  return (await findByName(site, ref)) ?? (await findByPrefix(site, ref.toUpperCase())) ?? notFound(ref);
};

/** The one run that is meant when none is named. */
export const findOnlyLive = (site: Pick<Site, 'fleet'>): FoundRun => {
  const live = site.fleet.views().filter((view) => !isOver(view.state));
  const [only] = live;
  if (only === undefined) return notFound('');
  return live.length === 1 ? { kind: 'found', view: only } : several(live, 'No runId was sent, and');
};

const findByName = async (site: Pick<Site, 'fleet' | 'ledger'>, name: string): Promise<FoundRun | null> => {
  const named = site.fleet.views().filter((view) => view.name === name);
  const live = named.filter((view) => !isOver(view.state));
  if (live.length > 1) return several(live, `The name ${name} is not enough:`);
  const newest = live[0] ?? named[0];
  if (newest !== undefined) return { kind: 'found', view: newest };
  const page = await site.ledger.runs({ name, cursor: null, limit: 1, states: [], labels: [] });
  const [stored] = page.items;
  return stored === undefined ? null : { kind: 'found', view: stored };
};

const findByPrefix = async (site: Pick<Site, 'fleet' | 'ledger'>, prefix: string): Promise<FoundRun | null> => {
  if (prefix === '') return null;
  const inMemory = site.fleet.views().filter((view) => view.runId.startsWith(prefix));
  const stored = await site.ledger.runsByPrefix(prefix, 5);
  const found = [...new Map([...stored, ...inMemory].map((view) => [view.runId, view])).values()];
  const [only] = found;
  if (only === undefined) return null;
  return found.length === 1 ? { kind: 'found', view: only } : several(found, `${prefix} is not enough:`);
};

const several = (views: readonly RunView[], why: string): FoundRun => ({
  kind: 'refused',
  refusal: {
    status: 409,
    code: 'several-runs',
    detail: `${why} there are ${views.length} runs: ${views
      .slice(0, 20)
      .map((view) => `${view.runId} (${view.name})`)
      .join(', ')}.`,
    hint: 'Name one of them by its runId.',
  },
});

const notFound = (ref: string): FoundRun => ({
  kind: 'refused',
  refusal: {
    status: 404,
    code: 'unknown-run',
    detail: ref === '' ? 'No run is live.' : `There is no run ${JSON.stringify(ref)}.`,
    hint: '`flowforge ps --all` or GET /v1/runs lists what there is.',
  },
});
