import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect } from 'chai';
import { resolvePaths } from '#config/paths';

const { packageRoot } = resolvePaths({});

describe('the pages that are printed from code', () => {
  it('are current (npm run golden rewrites them)', async () => {
    const { referencePages } = await import(pathToFileURL(path.join(packageRoot, 'ops', 'reference-pages.mjs')).href);
    const pages: Record<string, string> = referencePages();
    expect(Object.keys(pages)).to.have.length.above(2);
    for (const [file, text] of Object.entries(pages)) {
      expect(existsSync(path.join(packageRoot, file)), file).to.equal(true);
      expect(readFileSync(path.join(packageRoot, file), 'utf8'), file).to.equal(text);
    }
  });
});

describe('the documents', () => {
  const documents = ['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'docs/architecture.md', 'docs/glossary.md'];

  for (const document of documents) {
    it(`${document} names only files that are there`, () => {
      const text = readFileSync(path.join(packageRoot, document), 'utf8');
      const links = [...text.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map((match) =>
        path.join(path.dirname(document), match[1] ?? ''),
      );
      const mentioned = [
        ...text.matchAll(/`((?:\.\/)?(?:ops|docs|fixtures|policies|server|workers|spec)\/[\w./-]+)`/g),
      ].map((match) => match[1] ?? '');
      const missing = [...links, ...mentioned].filter((file) => !existsSync(path.join(packageRoot, file)));
      expect(missing).to.deep.equal([]);
    });
  }
});
