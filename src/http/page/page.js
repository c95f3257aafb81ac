// The page for people: sends the chosen photo to the check and shows the answer in plain words.
"use strict";

const BYTES_MAX = 20 * 1024 * 1024;

const VERDICTS = {
  clear: ["Nothing found", "No sign of a fake was found. That is no proof that the photo is genuine."],
  inconclusive: ["Not sure", "The check cannot say whether this photo is genuine."],
  suspect: ["Suspicious", "There are signs that this photo is a fake. Be careful."],
  fake: ["Fake", "There is strong evidence that this photo is a fake."],
};

const byId = (id) => document.getElementById(id);
let latest = 0;

function say(text, isError = false) {
  const status = byId("status");
  status.textContent = text;
  status.classList.toggle("error", isError);
}

function percent(share) {
  return `${Number((share * 100).toPrecision(2))} %`;
}

/** What a number means, in words. */
function inNumbers(reason, stability) {
  if (/^(KNOWN|ALLOWED)_PHOTO/.test(reason.code)) {
    return `${reason.value} of 256 picture features differ; up to ${reason.threshold} count as the ` +
      `same photo. By our measurements at most one pair of different photos in ` +
      `${Math.round(1 / reason.false_match_rate)} comes so close.`;
  }
  if (reason.code.startsWith("SYNTHETIC_FACE")) {
    const variants = stability ? ` Mirrored, saved again or cut a little, this photo scores ` +
      `${percent(stability.lowest)} to ${percent(stability.highest)}.` : "";
    return `Score ${percent(reason.value)}. Of honest photos, ${percent(reason.false_positive_rate)} ` +
      `score ${percent(reason.threshold)} or more.${variants}`;
  }
  return "";
}

function showReasons({ reasons, evidence }) {
  const stability = evidence.synthetic.stability;
  const items = reasons.map((reason) => {
    const item = document.createElement("li");
    item.textContent = reason.message[0].toUpperCase() + reason.message.slice(1) + ".";
    const numbers = inNumbers(reason, stability);
    if (numbers) {
      const small = document.createElement("small");
      small.textContent = numbers;
      item.append(small);
    }
    return item;
  });
  if (evidence.known_photo.code === "NO_BANKS") {
    const item = document.createElement("li");
    item.textContent = "The photo was not compared with known photos: there are none here yet.";
    items.push(item);
  }
  byId("reasons").replaceChildren(...items);
}

function rectangles(box, kind) {
  return ["under", kind].map((name) => {
    const rect = document.createElementNS("http://www.w3.org/2000/svg", "rect");
    rect.setAttribute("class", name);
    for (const side of ["x", "y", "width", "height"]) rect.setAttribute(side, box[side]);
    return rect;
  });
}

/** The parts of the face that speak for AI, the stronger the more they do. */
function heat({ region, rows }) {
  const most = Math.max(...rows.flat());
  return rows.flatMap((row, down) => row.map((value, across) => {
    const cell = document.createElementNS("http://www.w3.org/2000/svg", "rect");
    cell.setAttribute("class", "heat");
    cell.setAttribute("x", region.x + region.width * across / row.length);
    cell.setAttribute("y", region.y + region.height * down / rows.length);
    cell.setAttribute("width", region.width / row.length);
    cell.setAttribute("height", region.height / rows.length);
    cell.setAttribute("fill-opacity", most > 0 ? 0.6 * Math.max(0, value) / most : 0);
    return cell;
  }));
}

/** What the frames around the faces mean, and each face's score where there are several. */
function faceCaption({ face, faces, heat_map: map }) {
  const redder = map ? " The redder a part, the more it speaks for AI." : "";
  if (faces.length < 2) return face ? `The face that was judged is framed.${redder}` : "";
  const scores = faces.map((one) => one.score === undefined ? "not judged" : percent(one.score));
  const framed = face ? "The most suspicious face has the thick frame." : "";
  return `${faces.length} faces were found; the largest first, they score ${scores.join(", ")}. ` +
    framed + redder;
}

/** Draws which part of the photo matched, or else the faces that were judged, and what in them. */
function showBoxes(evidence) {
  const match = evidence.matches.find((found) => found.purpose === "known_fake");
  const { face, faces = [] } = evidence.synthetic;
  const map = match ? null : evidence.synthetic.heat_map;
  byId("boxes").replaceChildren();
  byId("caption").textContent = match ? "The part that matches a known photo is framed."
    : faceCaption({ ...evidence.synthetic, faces });
  const box = match ? match.region : face;
  const others = match ? [] : faces.map((one) => one.box)
    .filter((other) => JSON.stringify(other) !== JSON.stringify(face));
  if (!box && others.length === 0) return;
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 1 1");
  svg.setAttribute("preserveAspectRatio", "none");
  if (map) svg.append(...heat(map));
  for (const other of others) svg.append(...rectangles(other, "other"));
  if (box) svg.append(...rectangles(box, match ? "match" : "face"));
  byId("boxes").append(svg);
}

function showReport(report, photo) {
  const [title, meaning] = VERDICTS[report.verdict];
  const preview = byId("preview");
  URL.revokeObjectURL(preview.src);
  preview.src = URL.createObjectURL(photo);
  byId("result").className = report.verdict;
  byId("verdict").textContent = title;
  const allowed = report.verdict === "clear" &&
    report.reasons.some((reason) => reason.code === "ALLOWED_PHOTO");
  byId("meaning").textContent =
    allowed ? "This photo is on a list of photos that are never flagged." : meaning;
  showReasons(report);
  showBoxes(report.evidence);
  byId("details").textContent = JSON.stringify(report, null, 2);
  byId("result").hidden = false;
  byId("verdict").focus();
}

/** Sends the photo; tries again for a while when the service says that it is busy. */
async function ask(photo, mine) {
  const form = new FormData();
  form.append("photo", photo);
  const key = byId("key").value.trim();
  const headers = key ? { authorization: `Bearer ${key}` } : {};
  for (let attempt = 0; ; attempt += 1) {
    const answer = await fetch("v1/check", { method: "POST", body: form, headers });
    if (answer.status !== 503 || attempt === 5) return answer;
    const seconds = Number(answer.headers.get("retry-after")) || 1;
    if (mine === latest) say(`Many photos are being checked. Trying again in ${seconds} s…`);
    await new Promise((resolve) => setTimeout(resolve, 1000 * seconds));
  }
}

async function check(photo) {
  const mine = (latest += 1);
  byId("result").hidden = true;
  if (photo.size > BYTES_MAX) {
    say(`The file has ${(photo.size / 1048576).toFixed(1)} MB, the limit is 20 MB.`, true);
    return;
  }
  say("Looking at the photo…");
  try {
    const answer = await ask(photo, mine);
    const body = await answer.json();
    if (mine !== latest) return;
    if (answer.status === 401) {
      byId("key-row").hidden = false;
      say(`${body.detail}. Enter an API key below the photo, then choose the photo again.`, true);
      byId("key").focus();
      return;
    }
    if (!answer.ok) {
      say(`This file could not be checked: ${body.detail}.`, true);
      return;
    }
    say("");
    showReport(body, photo);
  } catch {
    if (mine === latest) say("The check could not be reached. Please try again.", true);
  }
}

const drop = byId("drop");
byId("file").addEventListener("change", (event) => {
  const [photo] = event.target.files;
  event.target.value = "";
  if (photo) check(photo);
});
document.addEventListener("dragover", (event) => {
  event.preventDefault();
  drop.classList.add("over");
});
document.addEventListener("dragleave", () => drop.classList.remove("over"));
document.addEventListener("drop", (event) => {
  event.preventDefault();
  drop.classList.remove("over");
  const [photo] = event.dataTransfer.files;
  if (photo) check(photo);
});
document.addEventListener("paste", (event) => {
  const [photo] = event.clipboardData.files;
  if (photo) check(photo);
});
