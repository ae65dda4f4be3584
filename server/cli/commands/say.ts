import { ensureDaemon } from '#cli/ensure-daemon';
import { print } from '#cli/output';
import { escapeControls } from '#cli/render/escape';
import { resolvePaths } from '#config/paths';

const connect = () => ensureDaemon(resolvePaths(process.env));

/** `flowforge ack INCIDENT [--right|--wrong]`. */
export const ackCommand = async (
  incidentId: string,
  options: { readonly right: boolean; readonly wrong: boolean; readonly message: string },
): Promise<number> => {
  const verdict = options.right ? 'right' : options.wrong ? 'wrong' : null;
  await (await connect()).ack(incidentId, { verdict, note: options.message });
  print(`acknowledged${verdict === null ? '' : `: the rule was ${verdict}`}\n`);
  return 0;
};

/** `flowforge nudge RUN MESSAGE`. */
export const nudgeCommand = async (ref: string, message: string): Promise<number> => {
  const client = await connect();
  const { run } = await client.run(ref);
  await client.nudge(run.runId, message);
  print(`${escapeControls(`${run.name}: told`)}\n`);
  return 0;
};
