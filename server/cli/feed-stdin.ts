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

export const createStdinFeed = (source: NodeJS.ReadStream): StdinFeed => {
  let pipe: number | null = null;
  let runDir = '';
  let hasEnded = false;

  const letGo = (): void => {
    if (pipe !== null) closeSync(pipe);
    pipe = null;
  };
  const end = (): void => {
    hasEnded = true;
    closeInput(runDir);
  };
  const forward = (chunk: Buffer): void => {
    if (pipe === null) return;
    source.pause();
    writeAll(pipe, chunk, () => source.resume());
  };
  source.on('data', forward);
  source.once('end', end);
  source.on('error', end);
  return {
    follow: (nextDir) => {
      letGo();
      runDir = nextDir;
      pipe = openPipe(path.join(nextDir, 'stdin'));
      if (hasEnded) closeInput(nextDir);
    },
    stop: () => {
      source.off('data', forward);
      source.pause();
      source.unref?.();
      letGo();
    },
  };
};

// Open for reading as well: that never blocks and never fails for want of a reader, whatever the shim is doing.
const openPipe = (file: string): number | null => {
  try {
    return openSync(file, constants.O_RDWR | constants.O_NOFOLLOW);
  } catch {
    return null; // the run is over already, and its pipe with it
  }
};

const writeAll = (descriptor: number, bytes: Buffer, done: () => void): void => {
  write(descriptor, bytes, 0, bytes.length, null, (error, written) => {
    if (error === null && written < bytes.length) writeAll(descriptor, bytes.subarray(written), done);
    else done();
  });
};

/** The shim holds the job's input open through the death of any writer; opening this pipe is how it is told to let go. */
const closeInput = (runDir: string): void => {
  try {
    closeSync(openSync(path.join(runDir, 'stdin.close'), constants.O_WRONLY | constants.O_NONBLOCK));
  } catch {
    /* closed already, or gone with its run */
  }
};
