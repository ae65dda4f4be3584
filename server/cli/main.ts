export const main = async (argv: readonly string[]): Promise<void> => {
  process.stdout.write(`${argv.slice(2).join(' ')}\n`);
};
