import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { unitFile, unitSteps } from '#cli/render/unit-file';
import { resolvePaths } from '#config/paths';

describe('the unit file', () => {
  it('gives the daemon a cgroup of its own, and leaves jobs alone when it ends', () => {
    const unit = unitFile(
      resolvePaths({ FLOWFORGE_HOME: '/home/me/100% "mine"/$ff', FLOWFORGE_PORT: '0' }),
      '/bin/node',
    );
    expect(unit.split('\n')).to.include.members(['Delegate=yes', 'KillMode=process', 'RestartPreventExitStatus=75 78']);
    expect(unit).to.contain('"/home/me/100%% \\"mine\\"/$$ff/daemon.log"');
    expect(unit).to.contain('Environment="FLOWFORGE_HOME=/home/me/100%% \\"mine\\"/$ff" FLOWFORGE_PORT=0');
  });

  it('says how to take over from a daemon that runs', () => {
    expect(unitSteps).to.match(/flowforge daemon stop && systemctl --user enable --now flowforge$/);
  });

  it('is a unit that systemd understands', function () {
    if (spawnSync('systemd-analyze', ['--version']).status !== 0) return this.skip();
    const dir = mkdtempSync(path.join(tmpdir(), 'ff-unit-'));
    try {
      const file = path.join(dir, 'flowforge.service');
      writeFileSync(file, unitFile(resolvePaths({ FLOWFORGE_HOME: dir }), process.execPath));
      const said = execFileSync('systemd-analyze', ['verify', '--user', '--man=no', file], {
        env: { ...process.env, XDG_RUNTIME_DIR: dir },
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      expect(said).to.equal('');
    } finally {
      rmSync(dir, { recursive: true });
    }
  });
});
