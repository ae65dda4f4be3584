// Loops to append to a healthy log. Each shape is a function of the line's number after onset.
const hex = (seed, digits) => {
  let state = (seed * 2654435761 + 97) >>> 0;
  let text = '';
  while (text.length < digits) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    text += (state >>> 8).toString(16).padStart(6, '0');
  }
  return text.slice(0, digits);
};
const uuid = (seed) =>
  `${hex(seed, 8)}-${hex(seed + 1, 4)}-${hex(seed + 2, 4)}-${hex(seed + 3, 4)}-${hex(seed + 4, 12)}`;
const small = 'abcdefghijklmnopqrstuvwxyz0123456789';
const mixed = `${small}ABCDEFGHIJKLMNOPQRSTUVWXYZ`;
/** A made-up id of letters from `alphabet`, another one for each seed. */
const madeUp = (seed, letters, alphabet = small) => {
  const text = hex(seed * 31 + 7, letters * 4);
  return Array.from({ length: letters }, (_, at) => {
    const value = Number.parseInt(text.slice(at * 4, at * 4 + 4), 16);
    return alphabet[value % alphabet.length];
  }).join('');
};
const cycle = (lines) => (index) => lines[index % lines.length](Math.floor(index / lines.length));

export const loopShapes = {
  'exact, one failing line': () => 'ERROR upload failed: the remote end hung up unexpectedly',
  'exact, four neutral lines': cycle([
    () => 'change seen in build/output.css',
    () => 'compiling stylesheets',
    () => 'wrote build/output.css',
    () => 'waiting for changes',
  ]),
  'exact, six lines with a failure': cycle([
    () => 'opening the queue',
    () => 'reading the next message',
    () => 'Traceback (most recent call last):',
    () => '  File "worker.py", line 88, in handle',
    () => 'KeyError: customer',
    () => 'putting the message back',
  ]),
  'counter inside, one failing line': (index) => `request ${index + 4000} failed: connection refused, trying again`,
  'counter inside, three lines': cycle([
    (round) => `round ${round + 1}: fetching the page`,
    (round) => `round ${round + 1}: request timed out after 30 s`,
    (round) => `round ${round + 1}: giving the browser back`,
  ]),
  'changing ids, three lines': cycle([
    (round) => `starting worker pid=${5200 + round * 3} session ${uuid(round)}`,
    (round) => `worker ${hex(round + 70, 12)}: cannot open /var/lib/app/state: permission denied`,
    (round) => `worker ${hex(round + 70, 12)} exited with code 1`,
  ]),
  'changing ids, five lines with times': cycle([
    (round) => `${clock(round, 0)} INFO  supervisor: spawning ${uuid(round + 9)}`,
    (round) => `${clock(round, 1)} INFO  loading settings`,
    (round) => `${clock(round, 2)} INFO  connecting to broker:5672 as client-${hex(round, 8)}`,
    (round) => `${clock(round, 3)} FATAL login rejected (request ${hex(round + 5, 16)})`,
    (round) => `${clock(round, 4)} INFO  supervisor: child gone, status 1, next try soon`,
  ]),
  'short hexadecimal ids, one failing line': (index) => `ERROR call ${hex(index + 11, 6)} gave up: connection reset`,
  'ids of small letters and digits, one failing line': (index) =>
    `ERROR order ${madeUp(index, 8)} was rejected by the till`,
  'ids of both cases, one failing line': (index) => `ERROR trace ${madeUp(index, 10, mixed)}: permission denied`,
  'long ids with dashes, one failing line': (index) =>
    `ERROR message ${madeUp(index, 21, `${mixed}_-`)} not delivered: mailbox unavailable`,
  'names of pods, three lines': cycle([
    (round) => `starting shop-${hex(round + 3, 9)}-${madeUp(round, 5, 'bcdfghjklmnpqrstvwxz2456789')}`,
    () => 'FATAL the volume is not mounted',
    (round) => `removed shop-${hex(round + 3, 9)}-${madeUp(round, 5, 'bcdfghjklmnpqrstvwxz2456789')}`,
  ]),
  'temporary files, three lines': cycle([
    (round) => `unpacking into /tmp/job.${madeUp(round, 10, mixed)}/parts`,
    () => 'tar: unexpected end of file, error is not recoverable',
    (round) => `removing /tmp/job.${madeUp(round, 10, mixed)}`,
  ]),
  'ids of small letters and digits, three lines': cycle([
    (round) => `job ${madeUp(round, 8)} taken from the queue`,
    () => 'ERROR no licence for this worker, request denied',
    (round) => `job ${madeUp(round, 8)} put back`,
  ]),
  'mixed block, eight lines': cycle([
    (round) => `[${round + 17}] cloning the repository`,
    () => 'resolving dependencies',
    (round) => `fetched ${120 + (round % 7)} packages`,
    () => 'building module core',
    () => 'error: cannot find symbol Session',
    () => 'building module api',
    (round) => `error: build ${hex(round, 7)} failed`,
    () => 'cleaning the workspace',
  ]),
  'mixed, a failing line among strangers': (index) =>
    index % 5 === 3
      ? `note ${hex(index, 9)}: ${strangers[index % strangers.length]}`
      : `ERROR write of block ${index} failed: no space left on device`,
};

const clock = (round, step) => {
  const ms = Date.UTC(2031, 4, 6, 7, 8, 9) + (round * 5 + step) * 200;
  return new Date(ms).toISOString();
};
const strangers = ['flushing metrics', 'user logged in', 'cache warmed', 'rotating the log', 'checking for updates'];
