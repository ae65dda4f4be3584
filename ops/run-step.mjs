// One named, timed step. Its own output is kept back and shown only when it fails; meanwhile a line tells that it is alive.
import { spawn } from 'node:child_process';

const keptLines = 60;
const sayEveryMs = process.stderr.isTTY ? 1_000 : 15_000;

/** `optional` turns a failure into a line on stderr; `phase` names what the step is busy with. */
export const runStep = async ({ title, command, args, cwd, env = process.env, phase = () => '', optional = false }) => {
  const startedMs = Date.now();
  const seconds = () => ((Date.now() - startedMs) / 1000).toFixed(0);
  if (!optional) say(`flowforge: ${title} …`);
  const telling = setInterval(
    () => sayAgain(`flowforge: ${title}: ${seconds()} s ${phase() && `(${phase()})`}`),
    sayEveryMs,
  );
  const { code, output } = await capture(command, args, { cwd, env });
  clearInterval(telling);
  if (code === 0) {
    if (!optional) say(`flowforge: ${title}: done in ${((Date.now() - startedMs) / 1000).toFixed(1)} s`);
    return { kind: 'done' };
  }
  if (optional) return { kind: 'done' };
  return { kind: 'failed', problem: `${title} failed (${command} ${args.join(' ')}, code ${code}).\n${output}` };
};

const say = (line) => process.stderr.write(process.stderr.isTTY ? `\r\x1b[K${line}\n` : `${line}\n`);
const sayAgain = (line) => process.stderr.write(process.stderr.isTTY ? `\r\x1b[K${line}` : `${line}\n`);

const capture = (command, args, options) =>
  new Promise((resolve) => {
    let lines = [];
    const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    const keep = (chunk) => {
      lines = (lines.join('\n') + chunk).split('\n').slice(-keptLines);
    };
    child.stdout.setEncoding('utf8').on('data', keep);
    child.stderr.setEncoding('utf8').on('data', keep);
    child.on('error', (error) => resolve({ code: 127, output: error.message }));
    child.on('close', (code, signal) => resolve({ code: code ?? signal, output: lines.join('\n') }));
  });
