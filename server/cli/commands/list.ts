import { filterRuns } from '#cli/choose-runs';
import { ensureDaemon } from '#cli/ensure-daemon';
import { print, printJson, screen } from '#cli/output';
import { renderIncidentList } from '#cli/render/incident-list';
import { renderRunList } from '#cli/render/run-list';
import { resolvePaths } from '#config/paths';
import type { Page } from '#protocol/gateway-api';
import { isOver } from '#protocol/run-state';
import type { RunRow } from '#protocol/views';

interface ListOptions {
  readonly json: boolean;
  readonly all?: boolean;
  readonly filter?: string;
}

const endedShown = 20;
const mostListed = 5_000;

/** `flowforge ps`: what lives, and what ended last; all of it with `--all` and in JSON. */
export const psCommand = async ({ json, all, filter }: ListOptions): Promise<number> => {
  const client = await ensureDaemon(resolvePaths(process.env));
  const listed = liveFirst(await allOf((cursor) => client.runs({ cursor })));
  const rows = filter === undefined ? listed : filterRuns(listed, filter);
  if (json) {
    printJson(rows);
    return 0;
  }
  const live = rows.filter((row) => !isOver(row.state)).length;
  const shown = all ? rows : rows.slice(0, live + endedShown);
  print(renderRunList(shown, screen()));
  if (shown.length < rows.length) print(`… and ${rows.length - shown.length} that ended earlier: flowforge ps --all\n`);
  return 0;
};

const liveFirst = (rows: readonly RunRow[]): readonly RunRow[] => [
  ...rows.filter((row) => !isOver(row.state)),
  ...rows.filter((row) => isOver(row.state)),
];

/** `flowforge incidents`. */
export const incidentsCommand = async ({ json }: ListOptions): Promise<number> => {
  const client = await ensureDaemon(resolvePaths(process.env));
  const incidents = await allOf((cursor) => client.incidents({ cursor }));
  if (json) printJson(incidents);
  else print(renderIncidentList(incidents, screen()));
  return 0;
};

const allOf = async <Item>(pageAt: (cursor: string | null) => Promise<Page<Item>>): Promise<readonly Item[]> => {
  const items: Item[] = [];
  let cursor: string | null = null;
  do {
    const page: Page<Item> = await pageAt(cursor);
    items.push(...page.items);
    cursor = page.nextCursor;
  } while (cursor !== null && items.length < mostListed);
  return items;
};
