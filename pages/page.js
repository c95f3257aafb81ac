// Sends the chosen photos to the form of this page, one after the other, and puts the results that
// come back into it. Every sentence is the page's: in its data attributes, or in what comes back.
"use strict";

const ATTEMPTS_MAX = 6;
const WAIT_S_MAX = 60;
/** Bits of 256 in which the hashes of one picture may differ, and the quality that a hash needs. */
const SAME_PICTURE_MAX = 31;
const QUALITY_MIN = 50;

const byId = (id) => document.getElementById(id);
const page = byId("main");
const words = page.dataset;
let latest = 0;
let sending = null;

const filled = (sentence, ...values) =>
  values.reduce((text, value) => text.replace("{}", value), sentence);

function say(text, percent) {
  byId("status").textContent = text;
  byId("working").hidden = percent === undefined;
  if (percent === undefined) return;
  if (percent < 100) byId("bar").value = percent;
  else byId("bar").removeAttribute("value");
}

/** Sends one photo; resolves to the answer, or to null where nothing could be reached. */
function send(photo) {
  return new Promise((resolve) => {
    const form = new FormData();
    // Its name stays on this device.
    form.append("photo", photo, "photo");
    const request = new XMLHttpRequest();
    request.open("POST", byId("form").getAttribute("action"));
    request.responseType = "document";
    const key = byId("key")?.value.trim();
    if (key) request.setRequestHeader("authorization", `Bearer ${key}`);
    request.upload.onprogress = ({ loaded, total }) => {
      const percent = Math.floor((100 * loaded) / total);
      if (percent < 100) {
        // Only the bar: whoever listens would hear every percent.
        byId("bar").value = percent;
      } else {
        say(words.looking, percent);
      }
    };
    request.onload = () => resolve(request);
    request.onerror = request.onabort = () => resolve(null);
    sending = request;
    say(words.sending, 0);
    request.send(form);
  });
}

/** The same, again and again for a while where the service says that it is busy. */
async function sendPatiently(photo, mine) {
  for (let attempt = 1; ; attempt += 1) {
    const answer = await send(photo);
    const isBusy = answer?.status === 503 || answer?.status === 429;
    if (!isBusy || attempt === ATTEMPTS_MAX || mine !== latest) return answer;
    const seconds = Number(answer.getResponseHeader("retry-after")) || 1;
    // A quota that is used up says so itself.
    if (WAIT_S_MAX < seconds) return answer;
    say(filled(words.waiting, seconds), 100);
    await new Promise((resolve) => setTimeout(resolve, 1000 * seconds));
    if (mine !== latest) return null;
  }
}

function paragraph(text, name) {
  const element = document.createElement("p");
  element.textContent = text;
  element.className = name;
  return element;
}

/** The refusal of a photo that is too large to be sent at all. */
function tooLarge() {
  const article = document.createElement("article");
  article.className = "card refusal";
  const title = document.createElement("h2");
  title.textContent = words.refusalTitle;
  title.tabIndex = -1;
  const header = document.createElement("header");
  header.append(title, paragraph("", "name"));
  article.append(header, paragraph(words.tooLarge, ""));
  article.append(paragraph(words.tooLargeDo, "do"));
  return article;
}

/** The result or refusal in an answer, and the field for a key if it asks for one. */
function taken(answer) {
  const found = answer?.response?.querySelector("#results > article");
  if (!found) return null;
  const keyRow = answer.response.getElementById("key-row");
  if (keyRow && !byId("key-row")) byId("form").prepend(document.importNode(keyRow, true));
  return document.importNode(found, true);
}

/** Names the file in its result. */
function named(article, photo, number, count) {
  const name = photo.name || "";
  const shown = article.querySelector(".name");
  shown.textContent = count > 1 ? `${number}. ${name}` : name;
  shown.hidden = shown.textContent === "";
  for (const element of article.querySelectorAll(".file-name")) element.hidden = name === "";
  const value = article.querySelector("dd.file-name");
  if (value) value.textContent = name;
  article.dataset.name = count > 1 ? `${number}` : name;
  for (const slider of article.querySelectorAll(".slider")) slider.hidden = false;
  article.querySelector(".save-hint")?.remove();
  return article;
}

async function checkAll(files) {
  const mine = (latest += 1);
  sending?.abort();
  const most = Number(words.photosMax);
  const photos = [...files].slice(0, most);
  const results = byId("results");
  results.replaceChildren();
  results.setAttribute("aria-busy", "true");
  byId("common").hidden = byId("keep").hidden = true;
  let isReached = true;
  for (const [place, photo] of photos.entries()) {
    const isTooLarge = Number(words.bytesMax) < photo.size;
    const article = isTooLarge ? tooLarge() : taken(await sendPatiently(photo, mine));
    if (mine !== latest) return;
    if (!article) {
      isReached = false;
      break;
    }
    results.append(named(article, photo, place + 1, photos.length));
  }
  results.removeAttribute("aria-busy");
  const found = [...results.querySelectorAll(".result")];
  if (found.length > 1) showCommon(found);
  byId("keep").hidden = found.length === 0;
  if (!isReached) say(words.offline);
  else if (most < files.length) say(filled(words.tooMany, most));
  else say(found.length > 0 ? words.done : words.refused);
  const first = found.length > 1 ? byId("common") : results;
  const title = first.querySelector("h2") ?? byId("status");
  title.tabIndex = -1;
  title.focus();
}

/** In how many bits two hashes differ. */
function distance(one, other) {
  let bits = 0;
  for (let at = 0; at < one.length; at += 8) {
    let differing = parseInt(one.slice(at, at + 8), 16) ^ parseInt(other.slice(at, at + 8), 16);
    for (; differing !== 0; differing &= differing - 1) bits += 1;
  }
  return bits;
}

const isSamePicture = ({ dataset: one }, { dataset: other }) =>
  one.sha === other.sha ||
  (QUALITY_MIN <= Number(one.quality) && QUALITY_MIN <= Number(other.quality) &&
    distance(one.pdq, other.pdq) <= SAME_PICTURE_MAX);

/** Groups of two and more in which `isAlike` holds with the first. */
function groups(results, isAlike) {
  const left = [...results];
  const found = [];
  while (left.length > 0) {
    const first = left.shift();
    const alike = left.filter((other) => isAlike(first, other));
    if (alike.length > 0) found.push([first, ...alike]);
    for (const other of alike) left.splice(left.indexOf(other), 1);
  }
  return found;
}

const names = (results) => results.map((result) => result.dataset.name).join(", ");

function showCommon(results) {
  const common = byId("common");
  const say = common.dataset;
  const lines = [];
  const bySame = (field) => (one, other) =>
    one.dataset[field] !== "" && one.dataset[field] === other.dataset[field];
  const files = groups(results, bySame("sha"));
  for (const group of files) lines.push(filled(say.sameFile, names(group)));
  for (const group of groups(results, isSamePicture)) {
    const isOneFile = group.every((result) => result.dataset.sha === group[0].dataset.sha);
    if (!isOneFile) lines.push(filled(say.samePicture, names(group)));
  }
  for (const group of groups(results, bySame("list"))) {
    lines.push(filled(say.sameList, group[0].dataset.list, names(group)));
  }
  const ai = results.filter((result) => "ai" in result.dataset);
  if (ai.length > 1) lines.push(filled(say.ai, names(ai)));
  for (const group of groups(results, bySame("origin"))) {
    lines.push(filled(say.sameOrigin, group[0].dataset.origin, names(group)));
  }
  if (lines.length === 0) lines.push(say.nothing);
  byId("common-lead").textContent = filled(say.lead, results.length);
  const items = lines.map((line) => {
    const item = document.createElement("li");
    item.textContent = line;
    return item;
  });
  byId("common-list").replaceChildren(...items);
  common.hidden = false;
}

/** Saves the page with its results as one file that opens without this service. */
async function save() {
  const style = await (await fetch("page.css")).text();
  const copy = document.documentElement.cloneNode(true);
  const dropped = "script, link, form, nav, footer, .skip, .jump, #working, #status, #keep, .slider";
  for (const element of copy.querySelectorAll(dropped)) element.remove();
  for (const element of copy.querySelectorAll("details")) element.open = true;
  copy.querySelector(".brand").removeAttribute("href");
  copy.querySelector("title").before("STYLE");
  const html = `<!doctype html>\n${copy.outerHTML.replace("STYLE", `<style>${style}</style>`)}`;
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([html], { type: "text/html" }));
  link.download = `photocheck-${copy.querySelector(".result").dataset.sha.slice(0, 8)}.html`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

function begin() {
  document.documentElement.classList.add("script");
  const [file, camera, drop] = [byId("file"), byId("camera-file"), byId("drop")];
  file.multiple = true;
  file.required = false;
  byId("send").hidden = true;
  byId("or").hidden = false;
  byId("camera").hidden = !matchMedia("(pointer: coarse)").matches;
  byId("camera").addEventListener("click", () => camera.click());
  for (const field of [file, camera]) {
    field.addEventListener("change", () => {
      const files = [...field.files];
      field.value = "";
      if (files.length > 0) checkAll(files);
    });
  }
  byId("form").addEventListener("submit", (event) => event.preventDefault());
  document.addEventListener("dragover", (event) => {
    event.preventDefault();
    drop.classList.add("over");
  });
  document.addEventListener("dragleave", () => drop.classList.remove("over"));
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    if (event.dataTransfer.files.length > 0) checkAll(event.dataTransfer.files);
  });
  document.addEventListener("paste", (event) => {
    if (event.clipboardData.files.length > 0) checkAll(event.clipboardData.files);
  });
  byId("results").addEventListener("input", ({ target }) => {
    const heat = target.closest("figure")?.querySelector(".heat");
    heat?.setAttribute("opacity", target.value / 100);
  });
  byId("print").addEventListener("click", () => window.print());
  byId("save").addEventListener("click", save);
  const showConnection = () => { byId("connection").hidden = navigator.onLine; };
  for (const event of ["online", "offline"]) addEventListener(event, showConnection);
  showConnection();
}

begin();
