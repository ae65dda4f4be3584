import path from 'node:path';
import { expect } from 'chai';
import { resolvePaths } from '#config/paths';
import type { ScanResult } from '#offline/scan';
import { scanFile } from '#offline/scan-file';
import { createRedactor } from '#redaction/redact';

const scanned = (name: string): Promise<ScanResult> =>
  scanFile(path.join(resolvePaths({}).packageRoot, 'fixtures/logs', name), {
    format: 'auto',
    linesPerSecond: 20,
    redact: createRedactor(),
    logWindowLines: 10,
  });

describe('the fixture baseline', () => {
  it('warns of the runaway within ten seconds of its first round', async () => {
    const { level, findings, lines } = await scanned('runaway.txt');
    expect(level).to.equal('warn');
    expect(lines).to.equal(370);
    const [first] = findings;
    expect(first).to.include({ detector: 'periodic-lines', level: 'warn', period: 3, atLine: 111 });
    expect(first?.evidence.samples.join('\n')).to.contain('tray is empty');
  });

  it('says nothing about the healthy log', async () => {
    const { level, findings } = await scanned('healthy.txt');
    expect({ level, findings }).to.deep.equal({ level: 'none', findings: [] });
  });
});
