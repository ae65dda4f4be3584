// The usual list of specs, and its totals in a file for the closing line of `npm test`.
const { writeFileSync } = require('node:fs');
const Mocha = require('mocha');

module.exports = class extends Mocha.reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    runner.once(Mocha.Runner.constants.EVENT_RUN_END, () => {
      const { passes = 0, failures = 0, pending = 0 } = runner.stats ?? {};
      if (process.env.FLOWFORGE_TALLY)
        writeFileSync(process.env.FLOWFORGE_TALLY, JSON.stringify({ passes, failures, pending }));
    });
  }
};
