/** One line and when it came, seconds after the start. */
export interface TimedLine {
  readonly t: number;
  readonly line: string;
}

/** A dice that falls the same way each time. */
export interface Dice {
  /** A whole number from 0 to below `sides`. */
  roll(sides: number): number;
  pick<T>(from: readonly [T, ...T[]]): T;
  hex(digits: number): string;
  uuid(): string;
}

export const createDice = (seed: number): Dice => {
  let state = (seed * 2654435761 + 1013904223) >>> 0;
  const roll = (sides: number): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state % sides;
  };
  const hex = (digits: number): string => Array.from({ length: digits }, () => roll(16).toString(16)).join('');
  return {
    roll,
    hex,
    pick: (from) => from[roll(from.length)] ?? from[0],
    uuid: () => [8, 4, 4, 4, 12].map(hex).join('-'),
  };
};

/** A stream of lines: said one after the other, at a pace with some unrest. */
export class Script {
  readonly lines: TimedLine[] = [];
  private readonly dice: Dice;
  private readonly everyS: number;
  private t = 0;

  constructor(dice: Dice, linesPerSecond: number) {
    this.dice = dice;
    this.everyS = 1 / linesPerSecond;
  }

  say(...lines: readonly string[]): void {
    for (const line of lines) {
      this.t += this.everyS * (0.5 + this.dice.roll(1000) / 1000);
      this.lines.push({ t: this.t, line });
    }
  }

  wait(seconds: number): void {
    this.t += seconds;
  }

  /** The time of the stream, as loggers print it. */
  at(): string {
    return new Date(Date.UTC(2031, 2, 3) + this.t * 1000).toISOString();
  }

  clock(): string {
    return this.at().slice(11, 19);
  }
}

export type MakeStream = (script: Script, dice: Dice) => void;

export interface MadeUpStream {
  readonly name: string;
  readonly linesPerSecond: number;
  readonly make: MakeStream;
}

export const times = (count: number, say: (round: number) => void): void => {
  for (let round = 0; round < count; round++) say(round);
};
