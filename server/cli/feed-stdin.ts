import { closeSync, constants, fstatSync, openSync, readFileSync, statSync, write } from 'node:fs';
import path from 'node:path';

/** `null` where there is nothing to forward: no descriptor, /dev/null, or a terminal that another job is in front of. */
export const stdinModeOf = (descriptor: number): 'null' | 'fifo' => {
  try {
    const stat = fstatSync(descriptor);
    if (stat.isCharacterDevice() && stat.rdev === statSync('/dev/null').rdev) return 'null';
    return stat.isCharacterDevice() && isInBackground() ? 'null' : 'fifo';
  } catch {
    return 'null'; // closed
  }
};

/** Reading a terminal from the background stops the reader: `flowforge run … &` would stand still. */
const isInBackground = (): boolean => {
  try {
    const stat = readFileSync('/proc/self/stat', 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const [group, foreground] = [Number(fields[2]), Number(fields[5])];
    return foreground > 0 && group !== foreground;
  } catch {
    return false; // no /proc: macOS
  }
};

/** Forwards what is typed or piped to whichever run of the job is current, and lets its input end when ours does. */
export interface StdinFeed {
  follow(runDir: string): void;
  stop(): void;
}

const tryAgainMs = 20;

export const createStdinFeed = (source: NodeJS.ReadStream): StdinFeed => {
  let pipe: number | null = null;
  let runDir = '';
  let hasEnded = false;
  let isWriting = false;
  let retry: NodeJS.Timeout | null = null;

  // The pipes of a run appear when its shim does, and the shim listens for the end a moment later: what cannot be
  // opened yet is tried again until it can, or until another run is followed.
  const attempt = (): void => {
    pipe ??= openPipe(path.join(runDir, 'stdin'));
    if (pipe !== null && !hasEnded) source.resume();
    const isDone = hasEnded ? closeInput(runDir) : pipe !== null;
    retry = isDone ? null : setTimeout(attempt, tryAgainMs);
    // We hold the pipe open as well: the job sees the end of its input when both of us have let go.
    if (isDone && hasEnded) letGo();
  };
  const attemptNow = (): void => {
    if (retry !== null) clearTimeout(retry);
    attempt();
  };
  const letGo = (): void => {
    if (retry !== null) clearTimeout(retry);
    if (pipe !== null) closeSync(pipe);
    pipe = null;
  };
  // The end is told with the last chunk, which the job may still have to make room for.
  const end = (): void => {
    hasEnded = true;
    if (!isWriting) attemptNow();
  };
  const forward = (chunk: Buffer): void => {
    source.pause();
    if (pipe === null) return;
    isWriting = true;
    writeAll(pipe, chunk, () => {
      isWriting = false;
      if (hasEnded) attemptNow();
      else source.resume();
    });
  };
  source.on('data', forward);
  source.once('end', end);
  source.on('error', end);
  source.pause();
  return {
    follow: (nextDir) => {
      letGo();
      source.pause();
      runDir = nextDir;
      attempt();
    },
    stop: () => {
      source.off('data', forward);
      source.pause();
      letGo();
    },
  };
};

// Open for reading as well: that never blocks and never fails for want of a reader, whatever the shim is doing.
const openPipe = (file: string): number | null => {
  try {
    return openSync(file, constants.O_RDWR | constants.O_NOFOLLOW);
  } catch {
    return null; // not there yet, or gone with its run
  }
};

const writeAll = (descriptor: number, bytes: Buffer, done: () => void): void => {
  write(descriptor, bytes, 0, bytes.length, null, (error, written) => {
    if (error === null && written < bytes.length) writeAll(descriptor, bytes.subarray(written), done);
    else done();
  });
};

/** The shim holds the job's input open through the death of any writer; opening this pipe tells it to let go. False: nobody listens there yet. */
const closeInput = (runDir: string): boolean => {
  try {
    closeSync(openSync(path.join(runDir, 'stdin.close'), constants.O_WRONLY | constants.O_NONBLOCK));
    return true;
  } catch {
    return false;
  }
};
