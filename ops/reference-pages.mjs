// The pages that are printed from code: `npm run golden` writes them, a spec checks that they are current. Needs a build.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildProgram } from '../dist/server/cli/program.js';
import { allRoutes } from '../dist/server/gateway/app.js';
import { adoptionOutcomes } from '../dist/workers/protocol/run-facts.js';
import { arrows, runStates } from '../dist/workers/protocol/run-state.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
const printed = 'This page is printed from the code by `npm run golden`; a spec checks that it is current.';

/** File in the checkout → what must stand in it. */
export const referencePages = () => ({
  'docs/reference/cli.md': cliPage(),
  'docs/reference/api.md': apiPage(),
  'docs/lifecycle.md': lifecyclePage(),
});

const cliPage = () => {
  const program = buildProgram(async () => undefined, version);
  // Eighty columns, whatever the terminal of who prints it.
  const all = leavesOf(program).map((command) =>
    command.configureOutput({ getOutHelpWidth: () => 100, getOutHasColors: () => false }),
  );
  const parts = all.map(
    (command) => `## ${pathOf(command)}\n\n\`\`\`text\n${command.helpInformation().trimEnd()}\n\`\`\`\n`,
  );
  return `# The command line\n\n${printed}\n\n${exitCodes}\n${parts.join('\n')}`;
};

const leavesOf = (command) =>
  command.commands.flatMap((child) =>
    child.name() === 'help' ? [] : child.commands.length > 0 ? leavesOf(child) : [child],
  );
const pathOf = (command) => (command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`);

const exitCodes = `| exit code of \`run\` | means |
|---|---|
| n | the code of the command itself; 128+n when signal n ended it, also after \`flowforge stop\` |
| 124 | a policy, a limit or a budget stopped it |
| 125 | FlowForge itself failed, or its options are wrong: the command was not run |
| 126, 127 | the command cannot be executed, or is not there |

Every other command ends with 0, with 1 when it failed, and with 2 when it was typed wrongly. \`daemon status\` ends with 3
where no daemon runs; \`policy check\` and \`policy test\` with 2 where a file is not valid; \`scan\` with 3 for a warning and 4
where it would act.
`;

const doors = { open: 'none', key: 'API key or session', owner: 'unix socket only' };

const apiPage = () => {
  const rows = allRoutes(version).flatMap(({ method, paths, door, summary, returns }) =>
    paths.map(
      (at) =>
        `| \`${method.toUpperCase()} ${at}\` | ${doors[door] ?? door} | ${cell(summary)} | ${cell(`\`${returns}\``)} |`,
    ),
  );
  return `# The API

${printed} The same routes as OpenAPI 3.1, with every parameter: \`GET /v1/openapi.json\`.

The gateway listens on 127.0.0.1 (\`FLOWFORGE_PORT\`, 8080) and on a unix socket in the home. Send \`Authorization: Bearer <key>\`;
\`flowforge key --show\` prints the key. Changes need \`content-type: application/json\`. Errors are RFC 9457 problem details with a
hint. Lists are pages: \`{ items, nextCursor }\`; go on with \`?cursor=\`.

| route | needs | does | returns |
|---|---|---|---|
${rows.join('\n')}
`;
};

const cell = (text) => text.replaceAll('|', '\\|');

const lifecyclePage = () => {
  const rows = arrows.map(({ from, to, by, when }) => `| ${from} | ${to} | \`${by}\` | ${when} |`);
  const drawing = arrows.filter(({ from }) => from !== 'none').map(({ from, to }) => `  ${from} --> ${to}`);
  return `# The life of a run

${printed} The table is \`arrows\` in \`workers/protocol/run-state.ts\`.

States: ${runStates.map((state) => `\`${state}\``).join(', ')}. \`exited\` is by itself, \`stopped\` by FlowForge or its user, \`failed\` could not be
started, \`lost\` is of unknown end.

\`\`\`mermaid
stateDiagram-v2
${[...new Set(drawing)].join('\n')}
\`\`\`

| from | to | fact | when |
|---|---|---|---|
${rows.join('\n')}

## What a new daemon finds

Each run that an earlier daemon left gets a \`run-adopted\` with one of these outcomes. \`--keep-orphans\` spares what an ended run left behind.

| outcome | means |
|---|---|
${Object.entries(adoptionOutcomes)
  .map(([outcome, meaning]) => `| \`${outcome}\` | ${meaning} |`)
  .join('\n')}
`;
};
