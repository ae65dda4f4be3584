// What `./flowforge` runs: the install and the build are brought up to date, then the command line starts in this process.
import './require-node.mjs';

const launch = async () => {
  const { ensureReady } = await import('./ensure.mjs');
  const readied = await ensureReady({ upTo: 'build' });
  if (readied.kind === 'failed') {
    process.stderr.write(`flowforge: ${readied.problem}\n`);
    process.exitCode = 125;
    return;
  }
  const { main } = await import('../dist/server/cli/main.js');
  await main(process.argv);
};

launch();
