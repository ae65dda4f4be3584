import { ensureDaemon } from '#cli/ensure-daemon';
import { print, printJson } from '#cli/output';
import { CliProblem } from '#cli/problem';
import { resolvePaths } from '#config/paths';
import { parseDuration } from '#config/quantities';

/** `flowforge policy suggest [--from RUN…]`: a policy on stdout, how it came about on stderr. 3 where runs are too few. */
export const policySuggest = async (options: {
  readonly from: readonly string[];
  readonly since: string;
  readonly json: boolean;
}): Promise<number> => {
  const client = await ensureDaemon(resolvePaths(process.env));
  const sinceMs = Date.now() - parseDuration(options.since);
  const runs = await Promise.all(options.from.map(async (ref) => (await client.run(ref)).run.runId));
  const told = await client.suggest({ runs, sinceMs });
  if (options.json) {
    printJson(told);
    return told.suggestions.length > 0 ? 0 : tooFew;
  }
  const seen = `${told.asked} runs, ${told.healthy} of them ended well and are recorded`;
  if (told.suggestions.length === 0)
    throw new CliProblem(`${seen}: too few, or nothing in them to hold a rule to`, {
      exitCode: tooFew,
      hint: 'at least three healthy runs of ten seconds and more are needed; --since 30d looks further back',
    });
  process.stderr.write(`${seen}\n`);
  print(told.yaml);
  return 0;
};

const tooFew = 3;
