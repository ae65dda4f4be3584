import { ensureDaemon } from '#cli/ensure-daemon';
import { fetchStory } from '#cli/fetch-story';
import { print, printJson } from '#cli/output';
import { CliProblem } from '#cli/problem';
import { renderInspect } from '#cli/render/inspect';
import { renderWhy } from '#cli/render/run-story';
import { resolvePaths } from '#config/paths';

/** `flowforge inspect RUN`: the row that `ps` shows and all that is known besides. */
export const inspectCommand = async (ref: string, { json }: { readonly json: boolean }): Promise<number> => {
  const story = await fetchStory(await ensureDaemon(resolvePaths(process.env)), ref);
  const { limits, profile, restart, adoption, verifiedEmpty, survivors } = story.run;
  if (json)
    printJson({
      ...story.row,
      profile,
      limits,
      restart,
      adoption,
      verifiedEmpty,
      survivors,
      incidents: story.incidents,
    });
  else print(renderInspect(story));
  return 0;
};

/** `flowforge why [RUN]`: of the named run; else of the newest run with an incident; else of the newest run. */
export const whyCommand = async (ref: string | undefined, { json }: { readonly json: boolean }): Promise<number> => {
  const client = await ensureDaemon(resolvePaths(process.env));
  const newest = async (): Promise<string> => {
    const [runs, incidents] = await Promise.all([client.runs({}), client.incidents({})]);
    const last = incidents.items[0]?.runId ?? runs.items[0]?.runId;
    if (last === undefined)
      throw new CliProblem('there is no run yet', {
        hint: 'flowforge run -- COMMAND starts one; flowforge demo shows a stop',
      });
    return last;
  };
  const story = await fetchStory(client, ref ?? (await newest()));
  if (json) printJson({ ...story.row, incidents: story.incidents, timeline: story.timeline });
  else print(renderWhy(story));
  return 0;
};
