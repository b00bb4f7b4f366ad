/**
 * The words of wasi_snapshot_preview1: error numbers, rights, flags, file types and the signature of every function. One
 * table each; the calls, the linker and the tests read them.
 */

export const WASI_MODULE = "wasi_snapshot_preview1";

/** In the order of their numbers. */
const ERRNO_NAMES = [
  ...["success", "2big", "acces", "addrinuse", "addrnotavail", "afnosupport", "again", "already", "badf", "badmsg"],
  ...["busy", "canceled", "child", "connaborted", "connrefused", "connreset", "deadlk", "destaddrreq", "dom", "dquot"],
  ...["exist", "fault", "fbig", "hostunreach", "idrm", "ilseq", "inprogress", "intr", "inval", "io", "isconn", "isdir"],
  ...["loop", "mfile", "mlink", "msgsize", "multihop", "nametoolong", "netdown", "netreset", "netunreach", "nfile"],
  ...["nobufs", "nodev", "noent", "noexec", "nolck", "nolink", "nomem", "nomsg", "noprotoopt", "nospc", "nosys"],
  ...["notconn", "notdir", "notempty", "notrecoverable", "notsock", "notsup", "notty", "nxio", "overflow", "ownerdead"],
  ...["perm", "pipe", "proto", "protonosupport", "prototype", "range", "rofs", "spipe", "srch", "stale", "timedout"],
  ...["txtbsy", "xdev", "notcapable"],
] as const;

export type ErrnoName = (typeof ERRNO_NAMES)[number];

export const ERRNO = Object.fromEntries(ERRNO_NAMES.map((name, n) => [name, n])) as Readonly<Record<ErrnoName, number>>;

/** What an error number is called; for messages and tests. */
export const errnoName = (errno: number): string => ERRNO_NAMES[errno] ?? `errno ${errno}`;

/** The number of an error that the operating system gave by its name, `ENOENT`. */
export function errnoOfSystem(code: string): number {
  if (code === "EOPNOTSUPP") return ERRNO.notsup;
  const name = code.slice(1).toLowerCase();
  return Object.hasOwn(ERRNO, name) ? ERRNO[name as ErrnoName] : ERRNO.io;
}

/** A call that is refused or has failed; the guest sees the number. Never leaves the room. */
export class WasiError extends Error {
  readonly errno: number;

  constructor(name: ErrnoName) {
    super(name);
    this.name = "WasiError";
    this.errno = ERRNO[name];
  }
}

/** In the order of their bits. All fit 30 bits, so that rights are plain numbers here. */
const RIGHT_NAMES = [
  ...["fd_datasync", "fd_read", "fd_seek", "fd_fdstat_set_flags", "fd_sync", "fd_tell", "fd_write", "fd_advise"],
  ...["fd_allocate", "path_create_directory", "path_create_file", "path_link_source", "path_link_target", "path_open"],
  ...["fd_readdir", "path_readlink", "path_rename_source", "path_rename_target", "path_filestat_get"],
  ...["path_filestat_set_size", "path_filestat_set_times", "fd_filestat_get", "fd_filestat_set_size"],
  ...["fd_filestat_set_times", "path_symlink", "path_remove_directory", "path_unlink_file", "poll_fd_readwrite"],
  ...["sock_shutdown", "sock_accept"],
] as const;

export type RightName = (typeof RIGHT_NAMES)[number];

export const RIGHT = Object.fromEntries(RIGHT_NAMES.map((name, n) => [name, 1 << n])) as Readonly<
  Record<RightName, number>
>;

export const rightsOf = (...names: readonly RightName[]): number => names.reduce((sum, name) => sum | RIGHT[name], 0);

export const ALL_RIGHTS = rightsOf(...RIGHT_NAMES);

/** The name of the lowest right in a set. */
export const rightName = (rights: number): RightName => RIGHT_NAMES[31 - Math.clz32(rights & -rights)] ?? "fd_read";

export const FILE_RIGHTS = rightsOf(
  ...(["fd_datasync", "fd_read", "fd_seek", "fd_fdstat_set_flags", "fd_sync", "fd_tell", "fd_write"] as const),
  ...(["fd_advise", "fd_allocate", "fd_filestat_get", "fd_filestat_set_size", "fd_filestat_set_times"] as const),
  "poll_fd_readwrite",
);

export const DIRECTORY_RIGHTS = rightsOf(
  ...(["fd_fdstat_set_flags", "fd_sync", "fd_advise", "path_create_directory", "path_create_file"] as const),
  ...(["path_link_source", "path_link_target", "path_open", "fd_readdir", "path_readlink"] as const),
  ...(["path_rename_source", "path_rename_target", "path_filestat_get", "path_filestat_set_size"] as const),
  ...(["path_filestat_set_times", "fd_filestat_get", "fd_filestat_set_times", "path_symlink"] as const),
  ...(["path_remove_directory", "path_unlink_file", "poll_fd_readwrite"] as const),
);

/** What a read-only directory does not give. A link made of its files elsewhere could be written through: no source, too. */
export const WRITE_RIGHTS = rightsOf(
  ...(["fd_datasync", "fd_write", "fd_allocate", "fd_filestat_set_size", "fd_filestat_set_times"] as const),
  ...(["path_create_directory", "path_create_file", "path_link_source", "path_link_target"] as const),
  ...(["path_rename_source", "path_rename_target", "path_filestat_set_size", "path_filestat_set_times"] as const),
  ...(["path_symlink", "path_remove_directory", "path_unlink_file"] as const),
);

export const IN_RIGHTS = rightsOf("fd_read", "fd_filestat_get", "fd_fdstat_set_flags", "poll_fd_readwrite");
export const OUT_RIGHTS = rightsOf("fd_write", "fd_filestat_get", "fd_fdstat_set_flags", "poll_fd_readwrite");
export const SOCKET_RIGHTS = IN_RIGHTS | OUT_RIGHTS | rightsOf("sock_shutdown", "sock_accept");

export const FILETYPE = {
  unknown: 0,
  block: 1,
  character: 2,
  directory: 3,
  regular: 4,
  stream: 6,
  symlink: 7,
} as const;
export const OFLAG = { creat: 1, directory: 2, excl: 4, trunc: 8, all: 15 } as const;
export const FDFLAG = { append: 1, dsync: 2, nonblock: 4, rsync: 8, sync: 16, all: 31 } as const;
export const FSTFLAG = { atim: 1, atimNow: 2, mtim: 4, mtimNow: 8, all: 15 } as const;
export const FOLLOW = 1;
export const WHENCE = { set: 0, cur: 1, end: 2 } as const;
export const CLOCK = { realtime: 0, monotonic: 1, process: 2, thread: 3 } as const;
export const EVENT_TYPE = { clock: 0, read: 1, write: 2 } as const;

/**
 * Parameters of each function: `i` is an i32, `I` an i64; a pair of pointer and length is `ii`. All answer an i32 error
 * number but proc_exit, which does not come back.
 */
export const SIGNATURES = {
  args_get: "ii",
  args_sizes_get: "ii",
  environ_get: "ii",
  environ_sizes_get: "ii",
  clock_res_get: "ii",
  clock_time_get: "iIi",
  fd_advise: "iIIi",
  fd_allocate: "iII",
  fd_close: "i",
  fd_datasync: "i",
  fd_fdstat_get: "ii",
  fd_fdstat_set_flags: "ii",
  fd_fdstat_set_rights: "iII",
  fd_filestat_get: "ii",
  fd_filestat_set_size: "iI",
  fd_filestat_set_times: "iIIi",
  fd_pread: "iiiIi",
  fd_prestat_get: "ii",
  fd_prestat_dir_name: "iii",
  fd_pwrite: "iiiIi",
  fd_read: "iiii",
  fd_readdir: "iiiIi",
  fd_renumber: "ii",
  fd_seek: "iIii",
  fd_sync: "i",
  fd_tell: "ii",
  fd_write: "iiii",
  path_create_directory: "iii",
  path_filestat_get: "iiiii",
  path_filestat_set_times: "iiiiIIi",
  path_link: "iiiiiii",
  path_open: "iiiiiIIii",
  path_readlink: "iiiiii",
  path_remove_directory: "iii",
  path_rename: "iiiiii",
  path_symlink: "iiiii",
  path_unlink_file: "iii",
  poll_oneoff: "iiii",
  proc_exit: "i",
  proc_raise: "i",
  sched_yield: "",
  random_get: "ii",
  sock_accept: "iii",
  sock_recv: "iiiiii",
  sock_send: "iiiii",
  sock_shutdown: "ii",
} as const;

export type WasiName = keyof typeof SIGNATURES;
