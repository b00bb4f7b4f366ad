/** A body that does not end, as fast as it is taken. */
import type { ServerResponse } from "node:http";

const CHUNK = Buffer.alloc(16_384, "a");

export function pour(response: ServerResponse): void {
  // An answer to HEAD has no body: what is written would go nowhere, for ever.
  if (response.req.method === "HEAD") return void response.end();
  const more = () => {
    while (!response.destroyed && response.write(CHUNK));
  };
  response.on("drain", more);
  more();
}
