/** The session ends the run; there is nothing else to do. */
export const exit = (): number => 0
