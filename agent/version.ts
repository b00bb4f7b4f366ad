/** The agent's version and the moment it was built: the lowest time a board without a clock believes in. */
export const AGENT_VERSION = "0.1.0";

/** Raised with each release; a system clock before it is wrong (DESIGN section 3.5). */
export const BUILD_TIME_MS = Date.UTC(2026, 10, 21);
