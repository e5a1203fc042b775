// The resources that a process has used so far, from /proc.
import { readFileSync } from 'node:fs';

/** Ticks per second: the value of `getconf CLK_TCK` on every current Linux. */
const ticksPerSecond = 100;

const kibibytes = (pid: number, field: string): number =>
  Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);

export interface Usage {
  readonly residentMiB: number;
  readonly peakMiB: number;
  readonly cpuSeconds: number;
}

export function usageOf(pid: number): Usage {
  // The command's name may have spaces. The fields after it have none.
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');
  const ticks = Number(fields[11]) + Number(fields[12]);
  return {
    residentMiB: kibibytes(pid, 'VmRSS') / 1024,
    peakMiB: kibibytes(pid, 'VmHWM') / 1024,
    cpuSeconds: ticks / ticksPerSecond,
  };
}

export const describeUsage = ({ residentMiB, peakMiB, cpuSeconds }: Usage): string =>
  `${residentMiB.toFixed(0)} MiB resident (peak ${peakMiB.toFixed(0)}), ${cpuSeconds.toFixed(1)} s of CPU`;
