// Marks for what is good (green), waiting (yellow) or wrong (red). Without colours the signs say the same.
import { styleText } from 'node:util';

export type Mark = 'good' | 'waiting' | 'bad';

const signs = { good: '✓', waiting: '…', bad: '✗' } as const;
const colours = { good: 'green', waiting: 'yellow', bad: 'red' } as const;

/** Has colours on a terminal, unless NO_COLOR is set; with FORCE_COLOR always. */
export const marked = (mark: Mark, text: string): string =>
  `${styleText(colours[mark], signs[mark], { stream: process.stdout })} ${text}`;
