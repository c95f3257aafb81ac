/** Asks a photocheck service about a photo, once for both signals of a rule. */

import { Client, type Report } from "photocheck";

/** As an organisation filled it in. */
export interface Settings {
  url: string;
  key: string | undefined;
}

/** Rules are run while somebody waits: rather an error than another minute. */
const RETRIES = { attemptsMax: 3, secondsMax: 30 };

/** Where the service is and with which key it is called, or what is missing. */
export function readSettings(
  config: Record<string, unknown> | null | undefined,
  operatorsUrl = process.env["PHOTOCHECK_URL"],
): Settings | string {
  const text = (key: string) => {
    const value = config?.[key];
    return typeof value === "string" ? value.trim() : "";
  };
  // Who runs Coop may name one service for all; an organisation then cannot point elsewhere.
  const url = operatorsUrl || text("serviceUrl");
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    return "Fill in the address of your photocheck service, such as https://photocheck.example.org.";
  }
  return { url, key: text("apiKey") || undefined };
}

const underWay = new Map<string, Promise<Report>>();

/** The report on the photo at this address, which the service fetches. */
export function report({ url, key }: Settings, photoUrl: string): Promise<Report> {
  const name = JSON.stringify([url, key, photoUrl]);
  const asked = underWay.get(name);
  if (asked !== undefined) {
    return asked;
  }
  const client = new Client(url, { key, retries: RETRIES });
  const asking = client.check({ url: photoUrl }).finally(() => underWay.delete(name));
  underWay.set(name, asking);
  return asking;
}
