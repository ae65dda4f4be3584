declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

/** One execution of a job. A ULID, so ids sort by time. */
export type RunId = Branded<'RunId'>;
/** A command with its policy, labels, directory and environment. A restart is a new run of the same job. A ULID. */
export type JobId = Branded<'JobId'>;
/** What a job *is* across invocations: SHA-256 (hex, 32 characters) of directory and argv. Canary buckets hang on it. */
export type JobKey = Branded<'JobKey'>;
/** One episode of a rule that fired on a run. A ULID. */
export type IncidentId = Branded<'IncidentId'>;
/** One attempt to end, pause or resume a run. A ULID. */
export type InterventionId = Branded<'InterventionId'>;

const ulidShape = /^[0-9A-HJKMNP-TV-Z]{26}$/;

/** True for the 26 Crockford base-32 characters of a ULID; the only ids that may become part of a path. */
export const isUlid = (text: string): boolean => ulidShape.test(text);

/** @throws TypeError when the text is not a ULID. */
export const parseRunId = (text: string): RunId => parseUlid(text, 'run id') as RunId;
/** @throws TypeError when the text is not a ULID. */
export const parseJobId = (text: string): JobId => parseUlid(text, 'job id') as JobId;
/** @throws TypeError when the text is not a ULID. */
export const parseIncidentId = (text: string): IncidentId => parseUlid(text, 'incident id') as IncidentId;
/** @throws TypeError when the text is not a ULID. */
export const parseInterventionId = (text: string): InterventionId =>
  parseUlid(text, 'intervention id') as InterventionId;
/** @throws TypeError when the text is not 32 hexadecimal characters. */
export const parseJobKey = (text: string): JobKey => {
  if (!/^[0-9a-f]{32}$/.test(text))
    throw new TypeError(`a job key is 32 hexadecimal characters, got ${JSON.stringify(text)}`);
  return text as JobKey;
};

const parseUlid = (text: string, what: string): string => {
  if (!isUlid(text)) throw new TypeError(`a ${what} is a 26-character ULID, got ${JSON.stringify(text)}`);
  return text;
};
