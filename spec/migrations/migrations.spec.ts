import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { DataSource } from 'typeorm';
import { migrations } from '#migrations/all';
import { withHome } from '../record/temporary-home.ts';

const golden = fileURLToPath(new URL('../../../migrations/schema.sql', import.meta.url));

const withDatabase = (tell: (source: DataSource) => Promise<void>): Promise<void> =>
  withHome(async (home) => {
    const source = await new DataSource({
      type: 'better-sqlite3',
      database: join(home, 'spec.db'),
      migrations,
      logging: false,
    }).initialize();
    try {
      await tell(source);
    } finally {
      await source.destroy();
    }
  });

const schemaOf = async (source: DataSource): Promise<string> => {
  const rows = await source.query<{ sql: string }[]>(
    "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND tbl_name NOT IN ('migrations', 'sqlite_sequence') ORDER BY type = 'trigger', type = 'index', name",
  );
  return rows.map(({ sql }) => `${sql};\n`).join('\n');
};

describe('the migrations', () => {
  it('make the schema that is written down', () =>
    withDatabase(async (source) => {
      await source.runMigrations();
      const schema = await schemaOf(source);
      if (process.env.FLOWFORGE_GOLDEN === '1') writeFileSync(golden, schema);
      expect(schema).to.equal(readFileSync(golden, 'utf8'));
    }));

  it('do no harm when they run up, up again, down and up', () =>
    withDatabase(async (source) => {
      await source.runMigrations();
      const schema = await schemaOf(source);
      await source.runMigrations();
      const runner = source.createQueryRunner();
      for (const Migration of migrations) await new Migration().up(runner);
      expect(await schemaOf(source)).to.equal(schema);
      for (const _migration of migrations) await source.undoLastMigration();
      expect(await schemaOf(source)).to.equal('');
      for (const Migration of [...migrations].reverse()) await new Migration().down(runner);
      await source.runMigrations();
      expect(await schemaOf(source)).to.equal(schema);
    }));

  it('run again after one that failed in the middle', () =>
    withDatabase(async (source) => {
      const runner = source.createQueryRunner();
      await runner.query('CREATE TABLE runs (broken TEXT)');
      const failure = await source.runMigrations().then(
        () => null,
        (error: unknown) => error,
      );
      expect(failure).to.be.instanceOf(Error);
      await runner.query('DROP TABLE runs');
      await source.runMigrations();
      expect(await schemaOf(source)).to.contain('CREATE TABLE runs');
    }));
});
