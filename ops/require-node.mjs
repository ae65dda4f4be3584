// Plain old syntax on purpose: this file must load in the very versions that it turns away.
const version = process.versions.node.split('.').map(Number);
const isSupported = version[0] > 20 || (version[0] === 20 && version[1] >= 19);

if (!isSupported) {
  process.stderr.write(
    `flowforge: Node 20.19 or newer is needed, this is ${process.versions.node} (${process.execPath}).\n` +
      '           Install a newer one from https://nodejs.org or with your package manager, then run this again.\n',
  );
  process.exit(125);
}
