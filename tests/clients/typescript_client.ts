// Tries the types that openapi-typescript made, with openapi-fetch, against a running service.
// Usage: node typescript_client.js URL TOKEN PHOTO
import { readFileSync } from "node:fs";
import createClient from "openapi-fetch";
import type { paths, components } from "./api.js";

const [baseUrl, token, path] = process.argv.slice(2) as [string, string, string];
const client = createClient<paths>({ baseUrl, headers: { authorization: `Bearer ${token}` } });

function ensure(holds: boolean, what: unknown): void {
  if (!holds) {
    throw new Error(JSON.stringify(what));
  }
}

const made = await client.POST("/v1/banks", { body: { name: "TYPESCRIPT", purpose: "known_fake" } });
ensure(made.data?.name === "TYPESCRIPT", made);

const photo = readFileSync(path);
const checked = await client.POST("/v1/check", {
  // A file is typed as a text; what is sent is a form.
  body: { photo: "" },
  bodySerializer: () => {
    const form = new FormData();
    form.append("photo", new Blob([photo]));
    return form;
  },
});
const verdict: "clear" | "inconclusive" | "suspect" | "fake" | undefined = checked.data?.verdict;
ensure(verdict !== undefined && ["suspect", "fake", "clear"].includes(verdict), checked);

const missing = await client.GET("/v1/banks/{name}", { params: { path: { name: "NONE" } } });
const problem: components["schemas"]["Problem"] | undefined = missing.error;
ensure(problem?.code === "NO_SUCH_BANK", missing);
console.log("checked");
