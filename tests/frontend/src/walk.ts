import type { OrderFieldsFragment } from "./generated/graphql";
import { sum } from "./money";

/** What a program of this folder prints. */
export type Walk = {
  /** How many orders the client showed after each page. */
  counts: number[];
  orders: OrderFieldsFragment[];
  /** The first order, got again by its id. */
  again: OrderFieldsFragment | null | undefined;
};

const [server = "", subject = ""] = process.argv.slice(2);
export { server as url, subject, subject as customer, subject as id };
export const first = 12;

// A warning of a client library ends the program.
console.warn = console.error = (...message: unknown[]) => {
  if (String(message[0]).startsWith("react-test-renderer is deprecated")) return;
  process.stderr.write(message.join(" ") + "\n", () => process.exit(1));
};

/** Prints what `walk` finds. */
export function run(walk: () => Promise<Walk>): void {
  const total = (found: Walk) =>
    sum(found.orders.map((order) => order.totalAmountIncludingTax)).toString();
  print(walk().then((found) => ({ ...found, total: total(found) })));
}

/** Prints what is found as JSON. */
export function print(found: Promise<object>): void {
  const write = (value: object) => process.stdout.write(JSON.stringify(value), () => process.exit());
  found.then(write, console.error);
}
