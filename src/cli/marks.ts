// What a reader is to see first: green what is good, yellow what takes time, red what is wrong. Without colour the signs say it.
import { styleText } from 'node:util';

export type Mark = 'good' | 'waiting' | 'bad';

const signs = { good: '✓', waiting: '…', bad: '✗' } as const;
const colours = { good: 'green', waiting: 'yellow', bad: 'red' } as const;

/** Coloured on a terminal, unless NO_COLOR is set; with FORCE_COLOR always. */
export const marked = (mark: Mark, text: string): string =>
  `${styleText(colours[mark], signs[mark], { stream: process.stdout })} ${text}`;
