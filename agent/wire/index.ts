/** The protocol both ends speak. */
export * from "./command.ts";
export * from "./messages.ts";
export * from "./topics.ts";
