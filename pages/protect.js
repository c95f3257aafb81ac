// Makes fingerprints of photos on this device and writes them as a list. Nothing is sent: this file
// opens no connection.
"use strict";

/** Pixels of a photo: the canvases of some phones hold no more. */
const PIXELS_MAX = 16_000_000;

const byId = (id) => document.getElementById(id);
const words = byId("main").dataset;
let latest = 0;

function canvasOf(width, height) {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [width, height];
  return canvas.getContext("2d", { willReadFrequently: true, colorSpace: "srgb" });
}

/** Whether the browser adds noise to what is read from a canvas, as private modes of some do. */
function hasNoise() {
  const side = 64;
  const context = canvasOf(side, side);
  const written = context.createImageData(side, side);
  for (let at = 0; at < written.data.length; at += 1) {
    written.data[at] = at % 4 === 3 ? 255 : (at * 37) % 251;
  }
  context.putImageData(written, 0, 0);
  const read = context.getImageData(0, 0, side, side).data;
  return read.some((value, at) => value !== written.data[at]);
}

/** The pixels of a photo as the browser shows it, on white. */
async function pixelsOf(file) {
  const picture = await createImageBitmap(file);
  const scale = Math.min(1, Math.sqrt(PIXELS_MAX / (picture.width * picture.height)));
  const [width, height] = [picture.width, picture.height].map((side) =>
    Math.max(1, Math.round(side * scale)));
  const context = canvasOf(width, height);
  context.fillStyle = "#fff";
  context.fillRect(0, 0, width, height);
  context.imageSmoothingQuality = "high";
  context.drawImage(picture, 0, 0, width, height);
  picture.close();
  return context.getImageData(0, 0, width, height);
}

async function fingerprint(file) {
  try {
    return { name: file.name, ...pdqOf(await pixelsOf(file)) };
  } catch {
    return { name: file.name, pdq: null };
  }
}

/** The list as a platform imports it. Nothing of the photo is in it but the fingerprint. */
function listOf(made) {
  const lines = made.map(({ pdq, quality }) => `${pdq},${quality},unsure`);
  return ["pdq,quality,opinion", ...lines, ""].join("\n");
}

async function makeAll(files) {
  const mine = (latest += 1);
  byId("made").hidden = true;
  byId("status").textContent = words.working;
  if (hasNoise()) {
    byId("status").textContent = words.noise;
    return;
  }
  const all = [];
  for (const file of files) {
    all.push(await fingerprint(file));
    if (mine !== latest) return;
  }
  const least = Number(words.qualityMin);
  const isUsable = ({ pdq, quality }) => pdq !== null && least <= quality;
  const items = all.map((one) => {
    const item = document.createElement("li");
    const [name, said] = [document.createElement("strong"), document.createElement("span")];
    name.textContent = one.name;
    said.textContent = isUsable(one) ? words.usable
      : one.pdq === null ? words.unreadable : words.lowDetail;
    item.append(name, ": ", said);
    return item;
  });
  byId("photos").replaceChildren(...items);
  const usable = all.filter(isUsable);
  byId("list").value = listOf(usable);
  byId("save").disabled = usable.length === 0;
  byId("made").hidden = false;
  byId("status").textContent = words.done;
  byId("made-title").focus();
}

function save() {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([byId("list").value], { type: "text/csv" }));
  link.download = "photo-fingerprints.csv";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

document.documentElement.classList.add("script");
byId("file").addEventListener("change", ({ target }) => {
  const files = [...target.files];
  target.value = "";
  if (files.length > 0) makeAll(files);
});
for (const event of ["dragover", "drop"]) {
  document.addEventListener(event, (dragged) => {
    dragged.preventDefault();
    if (event === "drop" && dragged.dataTransfer.files.length > 0) {
      makeAll(dragged.dataTransfer.files);
    }
  });
}
byId("save").addEventListener("click", save);
