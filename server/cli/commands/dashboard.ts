import { spawn } from 'node:child_process';
import { ensureDaemon } from '#cli/ensure-daemon';
import { dashboardOf } from '#cli/fetch-story';
import { print, printJson } from '#cli/output';
import { CliProblem } from '#cli/problem';
import { resolvePaths } from '#config/paths';

/** `flowforge dashboard`: the address holds a ticket that opens it once; the key itself never stands in an address. */
export const dashboardCommand = async ({
  open,
  json,
}: {
  readonly open: boolean;
  readonly json: boolean;
}): Promise<number> => {
  const client = await ensureDaemon(resolvePaths(process.env));
  const dashboard = await dashboardOf(client);
  if (dashboard === null)
    throw new CliProblem('this daemon listens on its socket only, so it has no dashboard', {
      hint: 'flowforge daemon restart',
    });
  const url = `${dashboard}${(await client.ticket()).path}`;
  if (json) printJson({ url, dashboard });
  else print(`${url}\n`);
  if (!json && process.stdout.isTTY)
    process.stderr.write(
      `flowforge: this address opens the dashboard once, within a minute; after that: ${dashboard}\n`,
    );
  if (open && !openBrowser(url))
    process.stderr.write('flowforge: no way to open a browser was found; open the address above\n');
  return 0;
};

/** False where it is known that nothing can be opened. */
const openBrowser = (url: string): boolean => {
  const isMac = process.platform === 'darwin';
  const hasScreen =
    isMac ||
    process.env.DISPLAY !== undefined ||
    process.env.WAYLAND_DISPLAY !== undefined ||
    process.env.BROWSER !== undefined;
  if (!hasScreen) return false;
  const opener = process.env.BROWSER ?? (isMac ? 'open' : 'xdg-open');
  const child = spawn(opener, [url], { detached: true, stdio: 'ignore' });
  child.on('error', () => process.stderr.write(`flowforge: ${opener} could not be started; open the address above\n`));
  child.unref();
  return true;
};
