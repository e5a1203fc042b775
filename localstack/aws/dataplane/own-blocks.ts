/** Two blocks of 127.0.0.0/8 for this process, because others run beside it: one for load balancers, one for targets. */
export function ownBlocks(pid: number): { readonly addresses: string; readonly targets: string } {
  const first = 64 + 2 * (pid % 90);
  return { addresses: `127.${first}.0.0/16`, targets: `127.${first + 1}.0.0/16` };
}
