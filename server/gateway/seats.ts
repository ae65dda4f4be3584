/** Places for what stays open, in all and for one peer. */
export interface Seats {
  /** @returns how to give the seat back, or null where none is left. */
  take(peer: string): (() => void) | null;
  taken(): number;
}

export const createSeats = (most: { readonly inAll: number; readonly perPeer: number }): Seats => {
  const seats = new Map<string, number>();
  let taken = 0;
  return {
    take: (peer) => {
      const held = seats.get(peer) ?? 0;
      if (taken >= most.inAll || held >= most.perPeer) return null;
      seats.set(peer, held + 1);
      taken += 1;
      let isHeld = true;
      return () => {
        if (!isHeld) return;
        isHeld = false;
        taken -= 1;
        const left = (seats.get(peer) ?? 1) - 1;
        if (left === 0) seats.delete(peer);
        else seats.set(peer, left);
      };
    },
    taken: () => taken,
  };
};
