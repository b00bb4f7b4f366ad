/*
 * The Lua interpreter running a script: a real program, large functions, indirect jumps. Lua's sources are not here;
 * build-lua.sh fetches Debian's package lua5.4 and compiles them beside this file.
 */
#include "bench.h"
#include "lauxlib.h"
#include "lua.h"
#include "lualib.h"

static const char script[] =
    "local rounds = ...\n"
    "local sum = 0\n"
    "local function fib(n) if n < 2 then return n end return fib(n - 1) + fib(n - 2) end\n"
    "local Shape = {}\n"
    "Shape.__index = Shape\n"
    "function Shape.new(w, h) return setmetatable({ w = w, h = h }, Shape) end\n"
    "function Shape:area() return self.w * self.h end\n"
    "for round = 1, rounds do\n"
    "  sum = sum + fib(12)\n"
    "  local list = {}\n"
    "  for n = 1, 100 do list[n] = (n * 7919 + round) % 1009 end\n"
    "  table.sort(list)\n"
    "  for n = 1, #list, 10 do sum = sum + list[n] end\n"
    "  local words = {}\n"
    "  for n = 1, 30 do words[#words + 1] = string.format('%d:%s', n, ('x'):rep(n % 5)) end\n"
    "  for key, value in table.concat(words, ' '):gmatch('(%d+):(x*)') do sum = sum + tonumber(key) * #value end\n"
    "  local shapes = {}\n"
    "  for n = 1, 40 do shapes[n] = Shape.new(n, n + 0.5) end\n"
    "  for _, shape in ipairs(shapes) do sum = sum + shape:area() end\n"
    "  sum = sum % 1000003\n"
    "end\n"
    "return math.floor(sum)\n";

int main(int argc, char **argv) {
  int rounds = argc > 1 ? atoi(argv[1]) : 1;
  lua_State *L = luaL_newstate();
  if (L == NULL) return 1;
  luaL_requiref(L, "_G", luaopen_base, 1);
  luaL_requiref(L, "string", luaopen_string, 1);
  luaL_requiref(L, "table", luaopen_table, 1);
  luaL_requiref(L, "math", luaopen_math, 1);
  lua_settop(L, 0);
  if (luaL_loadstring(L, script) != LUA_OK) return 2;
  lua_pushinteger(L, rounds);
  lua_call(L, 1, 1);
  return report("lua", rounds, (uint32_t)lua_tointeger(L, -1));
}
