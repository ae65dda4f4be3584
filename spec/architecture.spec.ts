import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import { resolvePaths } from '#config/paths';

const root = resolvePaths({}).packageRoot;

/** Room -> the rooms it may import. `spec` may import anything, `protocol` and `runtime` nothing of ours. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  protocol: [],
  runtime: [],
  redaction: ['protocol'],
  policy: ['protocol'],
  sampling: ['protocol', 'runtime', 'redaction'],
  detection: ['protocol', 'runtime', 'policy'],
  action: ['protocol', 'runtime', 'policy', 'redaction'],
  offline: ['protocol', 'policy', 'redaction', 'sampling', 'detection'],
  coordinator: ['protocol', 'runtime', 'redaction', 'config', 'action'],
  record: ['protocol', 'redaction', 'migrations'],
  gateway: ['protocol', 'runtime', 'policy', 'redaction', 'offline', 'record', 'config'],
  config: ['protocol', 'policy'],
  cli: ['protocol', 'policy', 'redaction', 'offline', 'config', 'gateway', 'coordinator', 'action'],
  migrations: [],
  client: ['protocol'],
};

/** Edges that are narrower than a room: the file of the left room may import only these files of the right one. */
const narrow: Readonly<Record<string, RegExp>> = {
  'coordinator -> action': /^(process-identity|containment\/)/,
  'cli -> gateway': /^client$/,
  'cli -> coordinator': /^(main|run-files)$/,
  'cli -> action': /^containment\/probe$/,
};

const roomDirs: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    ['protocol', 'runtime', 'redaction', 'policy', 'sampling', 'detection', 'action', 'offline'].map((room) => [
      room,
      `workers/${room}`,
    ]),
  ),
  ...Object.fromEntries(['coordinator', 'record', 'gateway', 'config', 'cli'].map((room) => [room, `server/${room}`])),
  migrations: 'migrations',
  client: 'client/src',
};

describe('the house', () => {
  for (const [room, dir] of Object.entries(roomDirs)) {
    it(`${room} imports only what the table allows`, () => {
      const strangers = sourceFiles(path.join(root, dir)).flatMap((file) => strangersIn(room, file));
      expect(strangers).to.deep.equal([]);
    });
  }

  it('has no import that climbs out of its room', () => {
    const climbing = Object.values(roomDirs)
      .flatMap((dir) => sourceFiles(path.join(root, dir)))
      .flatMap((file) =>
        importsOf(file)
          .filter((name) => name.startsWith('../../'))
          .map((name) => `${path.relative(root, file)}: ${name}`),
      );
    expect(climbing).to.deep.equal([]);
  });

  it('has no file of more than 250 lines and no folder without a subject', () => {
    const files = Object.values(roomDirs).flatMap((dir) => sourceFiles(path.join(root, dir)));
    const long = files
      .filter((file) => readFileSync(file, 'utf8').split('\n').length > 251)
      .map((file) => path.relative(root, file));
    const homeless = files.filter((file) => /\/(utils|helpers|common|core|base|manager|misc)\//.test(file));
    expect({ long, homeless }).to.deep.equal({ long: [], homeless: [] });
  });
});

const strangersIn = (room: string, file: string): string[] =>
  importsOf(file).flatMap((name) => {
    const [, target = '', rest = ''] = /^#([a-z]+)\/(.*)$/.exec(name) ?? [];
    if (target === '' || target === room) return [];
    const edge = `${room} -> ${target}`;
    const isAllowed = (allowed[room] ?? []).includes(target) && (narrow[edge]?.test(rest) ?? true);
    return isAllowed ? [] : [`${path.relative(root, file)}: ${name}`];
  });

const importsOf = (file: string): string[] =>
  [...readFileSync(file, 'utf8').matchAll(/(?:from|import\()\s*'([^']+)'/g)].map((match) => match[1] ?? '');

const sourceFiles = (dir: string): string[] =>
  readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(ts|svelte)$/.test(entry.name))
    .map((entry) => path.join(entry.parentPath, entry.name));
