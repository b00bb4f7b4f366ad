/** What every publishing verb works with: where the repository lies, its settings, its keys and the time. */
import type { Keyring } from "./keys.ts";
import type { paths, RepositoryConfig } from "./layout.ts";

export interface Workshop {
  readonly directory: string;
  readonly at: ReturnType<typeof paths>;
  readonly config: RepositoryConfig;
  readonly keyring: Keyring;
  /** When metadata of a role that is signed now expires. */
  expires(role: keyof RepositoryConfig["expiryDays"]): string;
}
