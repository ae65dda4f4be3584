/** A 53-bit hash of text, exact in a number. Two 32-bit lanes; not for secrets, only for "the same again". */
export const hash53 = (text: string): number => {
  let low = 0x9e3779b1;
  let high = 0x85ebca6b;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    low = Math.imul(low ^ unit, 0x01000193);
    high = Math.imul(high ^ (unit + at), 0x27d4eb2f);
  }
  low = Math.imul(low ^ (low >>> 15), 0x2c1b3c6d) ^ Math.imul(high ^ (high >>> 13), 0x297a2d39);
  high = Math.imul(high ^ (high >>> 16), 0x6c8e9cf5) ^ Math.imul(low ^ (low >>> 14), 0x3c79ac49);
  return (high & 0x1fffff) * 0x100000000 + (low >>> 0);
};
