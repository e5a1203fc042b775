import { randomBytes } from 'node:crypto';

/** The source of ids. */
export interface Random {
  /** This many lower-case hexadecimal digits. */
  hex(digits: number): string;
}

export const systemRandom: Random = {
  hex: (digits) =>
    randomBytes(Math.ceil(digits / 2))
      .toString('hex')
      .slice(0, digits),
};

/** A version-4 UUID. */
export function uuid(random: Random): string {
  const hex = random.hex(30);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(12, 15)}-a${hex.slice(15, 18)}-${hex.slice(18, 30)}`;
}
