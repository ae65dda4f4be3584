import { print, printJson } from '#cli/output';
import { policyJsonSchema } from '#policy/policy-schema';
import { signalNames, signals } from '#protocol/signals';

/** `flowforge policy signals`: all that a condition may speak of. */
export const policySignals = async ({ json }: { readonly json: boolean }): Promise<number> => {
  if (json) printJson(signals);
  else
    for (const name of signalNames) {
      const { unit, source, meaning } = signals[name];
      print(`${name.padEnd(26)} ${unit.padEnd(8)} ${source.padEnd(9)} ${meaning}\n`);
    }
  return 0;
};

/** `flowforge policy schema`: for editors. */
export const policySchemaCommand = async (): Promise<number> => {
  printJson(policyJsonSchema());
  return 0;
};
