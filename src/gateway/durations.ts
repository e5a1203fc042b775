// GEP-2257 durations, such as `1h30m` or `500ms`.
const units: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1_000, ms: 1 };

export const milliseconds = (duration: string): number =>
  [...duration.matchAll(/(\d+)(h|ms|m|s)/g)].reduce(
    (sum, [, count = '', unit = '']) => sum + Number(count) * (units[unit] ?? 0),
    0,
  );
