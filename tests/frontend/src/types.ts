/** What the generated types must say; nothing here runs. */

import type { OrderFieldsFragment } from "./generated/graphql";
import type { CreateSalesOrderInput, SalesOrder, Scalars } from "./generated/schema";
import type { OrderRow_order$data } from "./relay/__generated__/OrderRow_order.graphql";

type Text = "lastModifiedDateTime" | "orderDate" | "totalAmountIncludingTax";
type Same<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

export const everywhere: Same<Scalars["Date" | "DateTime" | "Decimal"]["output"], string> = true;
export const inTheSchema: Same<SalesOrder[Text], string> = true;
export const inDocuments: Same<OrderFieldsFragment[Text], string> = true;
export const inRelay: Same<OrderRow_order$data[Text], string> = true;

export const order: CreateSalesOrderInput = {
  customer: { number: "ALFKI" },
  discountPercent: "2.5",
  lines: [{ item: { number: "1" }, quantity: "3", shipmentDate: "2026-05-31" }],
};

export const refused: CreateSalesOrderInput = {
  // @ts-expect-error a customer is named in exactly one way
  customer: { number: "ALFKI", id: "c0ffee00-0000-4000-8000-000000000000" },
  // @ts-expect-error money is text
  discountAmount: 9.19,
  // @ts-expect-error a line has no such field
  lines: [{ product: "1" }],
};
