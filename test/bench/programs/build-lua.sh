#!/bin/sh
# Makes lua.wasm beside this file: Lua 5.4 from Debian's source package with lua.c as its main program.
# Needs clang-14, lld-14, wasi-libc, libclang-rt-14-dev-wasm32 and the network; nothing is installed or left behind.
# Lua's errors end the program (WASI has no setjmp): the script raises none. Lua is under the MIT licence, see LUA-LICENSE.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
mkdir -p lists/partial inc parts
# The machine's own sources, for source packages.
for one in /etc/apt/sources.list /etc/apt/sources.list.d/*; do
  [ -f "$one" ] && sed 's/^Types: deb$/Types: deb-src/; s/^deb /deb-src /' "$one" > "parts/$(basename "$one")"
done
apt="-o Dir::Etc::SourceList=/dev/null -o Dir::Etc::SourceParts=$work/parts -o Dir::State::Lists=$work/lists"
apt-get -qq $apt update
apt-get -qq $apt source --download-only lua5.4
tar xzf lua5.4_*.orig.tar.gz --strip-components=1
cd src
: > "$work/inc/setjmp.h"
flags='--target=wasm32-wasi -O2 -D_WASI_EMULATED_SIGNAL -D_WASI_EMULATED_PROCESS_CLOCKS'
for one in lapi lcode lctype ldebug ldo ldump lfunc lgc llex lmem lobject lopcodes lparser lstate lstring ltable ltm \
  lundump lvm lzio lauxlib lbaselib lmathlib lstrlib ltablib; do
  clang-14 $flags -I"$work/inc" -I. '-DLUAI_THROW(L,c)=abort()' '-DLUAI_TRY(L,c,a)=if(1){a}' -Dluai_jmpbuf=int \
    -c "$one.c" -o "$work/$one.o"
done
clang-14 $flags -I. -I"$here" -c "$here/lua.c" -o "$work/main.o"
# Two steps, because clang runs wasm-opt, where it finds one, if it links with -O.
clang-14 --target=wasm32-wasi -s "$work"/*.o -o "$here/lua.wasm" -lwasi-emulated-signal -lwasi-emulated-process-clocks
ls -l "$here/lua.wasm"
