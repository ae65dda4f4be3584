/** What one line of /proc/PID/stat says; times in clock ticks. */
export interface ProcStat {
  /** Of its main thread, or of another where that one has ended before the others. */
  readonly state: string;
  readonly ppid: number;
  readonly group: number;
  readonly session: number;
  /** utime + stime of all its threads, ended ones included. */
  readonly cpuTicks: number;
  /** The same of the children it has waited for, and of those they had waited for. */
  readonly reapedTicks: number;
  readonly threads: number;
  readonly startTicks: number;
  readonly rssPages: number;
}

const space = 0x20;
const closingParenthesis = 0x29;
const minus = 0x2d;
const zero = 0x30;
const nine = 0x39;
const newline = 0x0a;

// Numbers of the fields that follow "pid (name) state", in order: field 4 of the manual page is entry 0.
const numbers = new Float64Array(21);

/** A name may hold spaces and parentheses, so the fields begin behind the last one. null where the text is cut short. */
export const parseProcStat = (bytes: Uint8Array, length: number): ProcStat | null => {
  const close = lastIndexOf(bytes, { length, byte: closingParenthesis });
  if (close === -1 || close + 3 >= length) return null;
  let at = close + 4;
  for (let field = 0; field < numbers.length; field++) {
    let value = 0;
    let digits = 0;
    let sign = 1;
    for (; at < length; at++) {
      const byte = bytes[at] ?? 0;
      if (byte === space || byte === newline) break;
      if (byte === minus) sign = -1;
      else if (byte >= zero && byte <= nine) {
        value = value * 10 + byte - zero;
        digits++;
      } else return null;
    }
    if (digits === 0) return null;
    numbers[field] = sign * value;
    at++;
  }
  return {
    state: String.fromCharCode(bytes[close + 2] ?? 0),
    ppid: numbers[0] ?? 0,
    group: numbers[1] ?? 0,
    session: numbers[2] ?? 0,
    cpuTicks: (numbers[10] ?? 0) + (numbers[11] ?? 0),
    reapedTicks: (numbers[12] ?? 0) + (numbers[13] ?? 0),
    threads: numbers[16] ?? 0,
    startTicks: numbers[18] ?? 0,
    rssPages: numbers[20] ?? 0,
  };
};

/** The name of the program, at most 15 bytes of it: what the kernel keeps. */
export const commandOfStat = (bytes: Uint8Array, length: number): string => {
  const close = lastIndexOf(bytes, { length, byte: closingParenthesis });
  const open = bytes.indexOf(0x28);
  return close === -1 || open === -1 ? '' : Buffer.from(bytes.subarray(open + 1, close)).toString('utf8');
};

const lastIndexOf = (bytes: Uint8Array, sought: { length: number; byte: number }): number => {
  for (let at = sought.length - 1; at >= 0; at--) if (bytes[at] === sought.byte) return at;
  return -1;
};

/** A zombie holds a pid and nothing else: it is counted, and it is not alive. */
export const isDead = (state: string): boolean => state === 'Z' || state === 'X' || state === 'x';

/** Its main thread has ended, and others run on. */
export const isHeadless = ({ state, threads }: Pick<ProcStat, 'state' | 'threads'>): boolean =>
  isDead(state) && threads > 1;
