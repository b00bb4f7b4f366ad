/** Instructions that fill, copy and grow memories and tables, and those of segments. */
import { I32, I64 } from "../../../runtime/module/val-type.ts";
import type { Body } from "./generate-body.ts";
import { find, indexed, type Weighted } from "./generate-instructions.ts";

function memories(body: Body): void {
  const { random, shape } = body;
  if (shape.memories.length === 0) return;
  const [a, b] = [random.below(shape.memories.length), random.below(shape.memories.length)];
  const [to, from] = [indexed(shape.memories[a]?.limits ?? SMALL), indexed(shape.memories[b]?.limits ?? SMALL)];
  switch (random.below(4)) {
    case 0:
      body.need(to, I32, to);
      body.op("memory.fill");
      body.u32(a);
      return;
    case 1:
      body.need(to, from, to === I64 && from === I64 ? I64 : I32);
      body.op("memory.copy");
      body.u32(a);
      body.u32(b);
      return;
    default: {
      if (shape.datas === 0) return;
      const drop = random.chance(0.3);
      if (!drop) body.need(to, I32, I32);
      body.op(drop ? "data.drop" : "memory.init");
      body.u32(random.below(shape.datas));
      if (!drop) body.u32(a);
    }
  }
}
const SMALL = { address: "i32" } as const;

function tables(body: Body): void {
  const { random, shape } = body;
  const a = random.below(shape.tables.length);
  const table = shape.tables[a];
  if (table === undefined) return;
  const { element } = table;
  const index = indexed(table.limits);
  const write = (name: string, ...immediates: readonly number[]) => {
    body.op(name);
    for (const one of immediates) body.u32(one);
  };
  switch (random.below(8)) {
    case 0:
      body.need(index);
      write("table.get", a);
      return body.push(element);
    case 1:
      body.need(index, element);
      return write("table.set", a);
    case 2:
      write("table.size", a);
      return body.push(index);
    case 3:
      body.need(element, index);
      write("table.grow", a);
      return body.push(index);
    case 4:
      body.need(index, element, index);
      return write("table.fill", a);
    case 5: {
      const b = find(random, shape.tables, (one) => body.matches(one.element, element));
      if (b === undefined) return;
      const from = indexed(shape.tables[b]?.limits ?? SMALL);
      body.need(index, from, index === I64 && from === I64 ? I64 : I32);
      return write("table.copy", a, b);
    }
    case 6: {
      const segment = find(random, shape.elements, (one) => body.matches(one, element));
      if (segment === undefined) return;
      body.need(index, I32, I32);
      return write("table.init", segment, a);
    }
    default:
      if (shape.elements.length > 0) write("elem.drop", random.below(shape.elements.length));
  }
}

export const BULK: readonly Weighted[] = [
  [4, memories],
  [5, tables],
];
