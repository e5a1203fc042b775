// The command lines of the npm scripts. All have --help, and refuse unknown arguments with status 2 and one line.
import { Command, InvalidArgumentError } from 'commander';

/** @param name the script's name in package.json */
export function script(name: string, description: string): Command {
  return new Command(name === 'test' ? 'npm test --' : `npm run ${name} --`)
    .description(description)
    .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2));
}

/** Parses an option's whole number. */
export function wholeNumber(least: number, most = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const number = Number(text);
    if (/^\d+$/.test(text) && number >= least && number <= most) return number;
    const range = most === Number.MAX_SAFE_INTEGER ? `${least} on` : `${least} to ${most}`;
    throw new InvalidArgumentError(`Expected a whole number from ${range}.`);
  };
}
