/** The usual variables of the environment that name proxies; in small letters they come first, as in other tools. */
import type { ProxySettings } from "../../updater/index.ts";

/** Empty variables count as not set. */
export function proxyOfEnvironment(environment: Readonly<Record<string, string | undefined>>): ProxySettings {
  const read = (name: string) => environment[name] || environment[name.toUpperCase()] || undefined;
  return {
    http: read("http_proxy"),
    https: read("https_proxy"),
    except: (read("no_proxy") ?? "").split(/[\s,]+/).filter((one) => one !== ""),
  };
}
