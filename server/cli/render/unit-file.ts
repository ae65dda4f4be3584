import path from 'node:path';
import type { Paths } from '#config/paths';

const file = '~/.config/systemd/user/flowforge.service';

/** How the unit gets into its place and takes over from a daemon that runs already. Jobs live on and are adopted. */
export const unitSteps = `mkdir -p ${path.dirname(file)} && flowforge doctor --unit >${file} && systemctl --user daemon-reload && flowforge daemon stop && systemctl --user enable --now flowforge`;

/**
 * A unit for `systemd --user` that starts the same keeper as the command line does, with a cgroup of its own to put jobs
 * in. `KillMode=process`: what systemd ends is the keeper, which passes it on; jobs outlive every end of the daemon.
 */
export const unitFile = (paths: Paths, node: string): string => {
  const keeper = path.join(paths.packageRoot, 'server', 'coordinator', 'keeper.sh');
  const entry = path.join(paths.packageRoot, 'dist', 'server', 'coordinator', 'main.js');
  return `# ${unitSteps}
# To have it without a session of yours: loginctl enable-linger
[Unit]
Description=FlowForge guards scripts and agents
StartLimitIntervalSec=60
StartLimitBurst=5

[Service]
Type=exec
ExecStart=/bin/sh ${[keeper, node, entry, paths.daemonLog].map(argument).join(' ')}
Environment=${assigned(`FLOWFORGE_HOME=${paths.home}`)} FLOWFORGE_PORT=${paths.port}
WorkingDirectory=-${plain(paths.packageRoot)}
UMask=0077
Delegate=yes
KillMode=process
TimeoutStopSec=30
Restart=on-failure
RestartSec=1
# 75: another daemon guards this home. 78: its settings are wrong. Trying again would not help.
RestartPreventExitStatus=75 78

[Install]
WantedBy=default.target
`;
};

/** systemd replaces % in every setting, and $ in those that are command lines. */
const plain = (text: string): string => text.replaceAll('%', '%%');
const assigned = (text: string): string => `"${plain(text).replace(/["\\]/g, '\\$&')}"`;
const argument = (text: string): string => assigned(text).replaceAll('$', '$$$$');
