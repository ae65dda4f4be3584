import { expect } from 'chai';
import { resolvePaths, userConfigFile } from '#config/paths';

describe('where things lie', () => {
  it('follows FLOWFORGE_HOME, then XDG, then the home of the user', () => {
    expect(resolvePaths({ FLOWFORGE_HOME: '/tmp/h', XDG_STATE_HOME: '/tmp/x' }).home).to.equal('/tmp/h');
    expect(resolvePaths({ XDG_STATE_HOME: '/tmp/x', HOME: '/tmp/me' }).home).to.equal('/tmp/x/flowforge');
    expect(resolvePaths({ HOME: '/tmp/me' }).home).to.equal('/tmp/me/.local/state/flowforge');
    expect(userConfigFile({ HOME: '/tmp/me' })).to.equal('/tmp/me/.config/flowforge/config.yaml');
  });

  it('puts the socket elsewhere where the home is too long for one, always at the same place', () => {
    expect(resolvePaths({ FLOWFORGE_HOME: '/tmp/h' }).socketPath).to.equal('/tmp/h/daemon.sock');
    const long = { FLOWFORGE_HOME: `/tmp/${'long/'.repeat(30)}`, XDG_RUNTIME_DIR: '/run/user/7' };
    const { socketPath } = resolvePaths(long);
    expect(socketPath).to.match(/^\/run\/user\/7\/flowforge-\d+-[0-9a-f]{12}\/daemon\.sock$/);
    expect(Buffer.byteLength(socketPath)).to.be.below(100);
    expect(resolvePaths(long).socketPath).to.equal(socketPath);
  });

  it('listens on 8080 unless told otherwise, and refuses what is no port', () => {
    expect(resolvePaths({}).port).to.equal(8080);
    expect(resolvePaths({ FLOWFORGE_PORT: '0' }).port).to.equal(0);
    expect(() => resolvePaths({ FLOWFORGE_PORT: 'http' })).to.throw(
      'FLOWFORGE_PORT: expected a port from 0 to 65535, got "http"',
    );
    expect(() => resolvePaths({ FLOWFORGE_PORT: '70000' })).to.throw('FLOWFORGE_PORT');
  });
});
