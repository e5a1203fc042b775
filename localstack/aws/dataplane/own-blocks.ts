/** Two blocks of 127.0.0.0/8, for load balancers and for targets, that are this process's own: others run beside it. */
export function ownBlocks(pid: number): { readonly addresses: string; readonly targets: string } {
  const first = 64 + 2 * (pid % 90);
  return { addresses: `127.${first}.0.0/16`, targets: `127.${first + 1}.0.0/16` };
}
