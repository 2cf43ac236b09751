// What the bar shows of a response: pairs of a label and a value.
export function outcomeOf({ status, headers, body, ms }) {
  const cost = body.extensions?.cost;
  const execution = headers.get("X-Execution");
  const facts = [];
  if (status !== 200) facts.push(["Status", `${status}`]);
  if (cost) facts.push(["Cost", `${number(cost.requested)} of ${number(cost.maximum)}`]);
  facts.push(["Time", `${number(Math.round(ms))} ms`]);
  if (execution) facts.push(["Execution", execution]);
  const quota = quotaOf(headers.get("RateLimit"));
  if (quota) facts.push(["Quota left", quota]);
  return facts;
}

// RateLimit: "name";r=REMAINING;t=SECONDS, with several policies separated by commas. The one with
// the least remaining is shown.
function quotaOf(header) {
  const policies = [...(header ?? "").matchAll(/;\s*r=(\d+)(?:\s*;\s*t=(\d+))?/g)];
  if (policies.length === 0) return null;
  const [, remaining, seconds] = policies.sort(([, one], [, other]) => one - other)[0];
  return seconds ? `${number(remaining)}, reset in ${number(seconds)} s` : number(remaining);
}

const number = (value) => Number(value).toLocaleString("en-GB");
