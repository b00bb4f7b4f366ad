/** What every publishing verb works with: where the repository lies, its settings, its keys and the time. */
import type { Disk } from "./disk.ts";
import type { Keys } from "./keys.ts";
import type { ExpiryDays, paths, RepositoryConfig } from "./layout.ts";

export interface Workshop {
  readonly directory: string;
  readonly at: ReturnType<typeof paths>;
  readonly config: RepositoryConfig;
  readonly keys: Keys;
  readonly disk: Disk;
  now(): number;
  /** When metadata of a role that is signed now expires. */
  expires(role: keyof ExpiryDays): string;
  /** Throws REPO_LOCKED when the lock was lost: asked before the write that publishes. */
  stillLocked(): void;
}
