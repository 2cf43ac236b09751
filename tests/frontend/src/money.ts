/** The exact sum of amounts, in hundred-thousandths: JavaScript's numbers would round it. */
export function sum(amounts: string[]): bigint {
  return amounts.map(units).reduce((total, amount) => total + amount, 0n);
}

function units(amount: string): bigint {
  const [whole = "", part = ""] = amount.split(".");
  return BigInt(whole + part.padEnd(5, "0"));
}
