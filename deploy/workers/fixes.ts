/** What to do about a refusal: a code of Cloudflare's API in, a sentence out (API docs, "Workers API error codes"). */

const again = "what is live was not touched unless the lines above say so; repair it and run the command again, it goes on from there";

const fixes: Readonly<Record<number, string>> = {
  10000:
    "CLOUDFLARE_API_TOKEN must be a token of that account with the permission Workers Scripts: Edit (for domains also Zone: Workers Routes: Edit)",
  9109: "CLOUDFLARE_API_TOKEN must be a token of that account with the permission Workers Scripts: Edit",
  10021:
    "mend what it names; where that is the code, portico dev --target workers shows the same: what runs while a Worker starts has a second, and cannot fetch or wait",
  10027: "import less: portico routes shows what each route weighs; a Worker may have 64 MB",
  10034: "confirm the e-mail address of the Cloudflare account first",
  10037:
    "the account has as many Workers as its plan allows: portico remove --stage … for a stage that is not needed any more, or another plan",
  10041: 'make the KV namespace first, or mend its id under "workers": { "bindings" } in hosting.json',
  10063: "open Workers & Pages in Cloudflare's dashboard once: that registers the account's workers.dev subdomain",
  10085: 'make the R2 bucket first, or mend its name under "workers": { "bindings" } in hosting.json',
  10304:
    "Cloudflare takes 20,000 static files with the Free plan and 100,000 with the paid one, those that are kept for earlier releases included, of 25 MiB each: put some of them into an R2 bucket, or choose another plan",
  10142: "other Workers bind to this one: remove those bindings first",
  10143: 'deploy that Worker first, or mend its name under "workers": { "bindings" } in hosting.json',
  10145: "deploy that Worker first: it has no version that takes traffic",
  10020: 'another Worker has that route: remove it there, or mend "routes" under "workers" in hosting.json',
  11000: 'make the queue first, or mend its name under "workers": { "bindings" } in hosting.json',
  100328: "limits of CPU time need the paid plan",
};

/** Falls back to what holds for all of them. */
export const fixFor = (code: number): string => fixes[code] ?? again;
