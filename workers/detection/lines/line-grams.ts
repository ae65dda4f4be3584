import { longestPeriod, ringMask } from './line-history.ts';

/** Four lines together are rarely found twice by chance, and a block that says each line twice still has its own four. */
export const gram = 4;
// More than the lines that are looked back at; a place that two share is the newer one's.
const tableRoom = 512;
const placeMask = 0xffff;

/**
 * Where the four lines at the end of a ring were together last. Only the place is kept, two bytes of it: whether the lines
 * there are the same is seen in the ring.
 */
export class LineGrams {
  private readonly places = new Uint16Array(tableRoom);
  /** The three lines before the newest. */
  private before1 = 0;
  private before2 = 0;
  private before3 = 0;

  /** Notes the newest line, each one in turn. @returns how many lines ago the newest four came last; 0 when not lately. */
  note(ring: Uint32Array, newest: number): number {
    const { places, before1, before2, before3 } = this;
    const line = ring[newest & ringMask] ?? 0;
    this.before3 = before2;
    this.before2 = before1;
    this.before1 = line;
    // Four lines as one number, in their order; written out, because this is done for each line three times.
    let hash = Math.imul(line ^ 0x9e3779b9, 0x85ebca6b);
    hash = Math.imul((hash ^ (hash >>> 15)) + before1, 0xc2b2ae35);
    hash = Math.imul((hash ^ (hash >>> 13)) + before2, 0x27d4eb2f);
    hash = Math.imul((hash ^ (hash >>> 15)) + before3, 0x165667b1);
    const at = (hash ^ (hash >>> 16)) & (tableRoom - 1);
    const place = places[at] ?? 0;
    places[at] = newest;
    // Asked first, because it is almost always so.
    if (ring[place & ringMask] !== line) return 0;
    const period = (newest - place) & placeMask;
    const isInReach = period >= 1 && period <= longestPeriod && newest >= period + gram - 1;
    return isInReach && isSameBefore(ring, newest, period) ? period : 0;
  }

  get bytes(): number {
    return this.places.byteLength;
  }
}

const isSameBefore = (ring: Uint32Array, newest: number, period: number): boolean => {
  for (let back = 1; back < gram; back++)
    if (ring[(newest - back) & ringMask] !== ring[(newest - back - period) & ringMask]) return false;
  return true;
};
