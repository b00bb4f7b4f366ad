/** Source paths: put together from a directory and a name, and compared by their ends. */

/** `name` inside `folder`, without "." components; ".." stays when there is nothing that it could take away. */
export function joinPath(folder: string, name: string): string {
  const whole = isAbsolute(name) || folder === "" ? name : `${folder}/${name}`;
  const root = whole.startsWith("/") ? "/" : "";
  const parts: string[] = [];
  for (const part of whole.split("/")) {
    if (part === "" || part === ".") continue;
    const last = parts.at(-1);
    if (part === ".." && last !== undefined && last !== "..") parts.pop();
    else parts.push(part);
  }
  return root + parts.join("/");
}

function isAbsolute(path: string): boolean {
  return path.startsWith("/") || /^[A-Za-z]:[\\/]/.test(path);
}

/** Whether `path` is `end`, or ends with it at the border of a component. */
export function endsWithPath(path: string, end: string): boolean {
  return path === end || (end !== "" && path.endsWith(end.startsWith("/") ? end : `/${end}`));
}
