import { expect } from 'chai';
import { readLogKeeping } from '#config/log-settings';

describe('the settings of logs', () => {
  it('have usual values, and are read from the environment', () => {
    expect(readLogKeeping({})).to.include({ capBytes: 256 * 1024 ** 2, archives: true, archiveAfterMs: 600_000 });
    const env = { FLOWFORGE_ARCHIVE: 'off', FLOWFORGE_LOGS_MAX: '1GB', FLOWFORGE_LOGS_KEEP: '2d' };
    expect(readLogKeeping(env)).to.include({ archives: false, homeBytes: 1e9, keepMs: 2 * 86_400_000 });
  });

  it('are refused by name where they cannot be meant', () => {
    for (const [name, value, says] of [
      ['FLOWFORGE_ARCHIVE', 'maybe', /FLOWFORGE_ARCHIVE: expected on or off, got "maybe"/],
      ['FLOWFORGE_LOG_CAP', '5', /FLOWFORGE_LOG_CAP: a size needs a unit, got 5. Write 5MiB/],
      ['FLOWFORGE_RECORD_KEEP', 'long', /FLOWFORGE_RECORD_KEEP: expected a duration like/],
    ] as const)
      expect(() => readLogKeeping({ [name]: value })).to.throw(says);
  });
});
