/** The end of every `switch` over a union: the compiler proves it unreachable, and a stranger's data that gets here says so. */
export const assertNever = (value: never): never => {
  throw new TypeError(`unhandled case: ${JSON.stringify(value)}`);
};
