/** How long to wait for what AWS does by itself, in milliseconds. */
export const pollMs = 3000;
