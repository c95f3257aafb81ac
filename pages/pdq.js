// The PDQ hash of pixels, as the service computes it (core/src/matching/hashes/): luma, two passes
// of a box filter, 64x64 samples, the 16x16 lowest frequencies of a DCT, one bit each for "above
// the median". The quality says how much detail the samples have.
"use strict";

const SAMPLES = 64;
const FREQUENCIES = 16;

/** The window of the box filter around a pixel: from the first to behind the last. */
function windowAround(position, length) {
  const window = Math.ceil(length / (2 * SAMPLES));
  const end = position + Math.floor(window / 2) + 1;
  return [Math.max(end - window, 0), Math.min(end, length)];
}

/** The pixels along a side that a sample is the mean of, and what each weighs after two passes. */
function reachAround(position, length) {
  const [first, last] = windowAround(position, length);
  const [start] = windowAround(first, length);
  const [, end] = windowAround(last - 1, length);
  const weights = new Float64Array(end - start);
  for (let middle = first; middle < last; middle += 1) {
    const [from, to] = windowAround(middle, length);
    for (let at = from; at < to; at += 1) {
      weights[at - start] += 1 / ((last - first) * (to - from));
    }
  }
  return { start, weights };
}

function reachesAlong(length) {
  return Array.from({ length: SAMPLES }, (_, index) =>
    reachAround(Math.floor(((2 * index + 1) * length) / (2 * SAMPLES)), length));
}

/** The 64x64 samples of RGBA pixels, row after row. */
function filteredSamples(pixels, width, height) {
  const columns = reachesAlong(width);
  const samples = new Float64Array(SAMPLES * SAMPLES);
  const filtered = new Float64Array(width);
  reachesAlong(height).forEach((reach, line) => {
    filtered.fill(0);
    reach.weights.forEach((weight, row) => {
      let at = 4 * width * (reach.start + row);
      for (let x = 0; x < width; x += 1, at += 4) {
        const luma = 0.299 * pixels[at] + 0.587 * pixels[at + 1] + 0.114 * pixels[at + 2];
        filtered[x] += weight * luma;
      }
    });
    columns.forEach(({ start, weights }, column) => {
      let sum = 0;
      for (let at = 0; at < weights.length; at += 1) sum += filtered[start + at] * weights[at];
      samples[SAMPLES * line + column] = sum;
    });
  });
  return samples;
}

const COSINES = Array.from({ length: FREQUENCIES }, (_, frequency) =>
  Float64Array.from({ length: SAMPLES }, (_, position) =>
    Math.sqrt(2 / SAMPLES) *
    Math.cos((Math.PI / (2 * SAMPLES)) * (frequency + 1) * (2 * position + 1))));

/** The lowest frequencies of samples, without the constant one, row after row. */
function frequenciesOf(samples) {
  const frequencies = [];
  for (const down of COSINES) {
    const across = new Float64Array(SAMPLES);
    down.forEach((weight, row) => {
      for (let x = 0; x < SAMPLES; x += 1) across[x] += weight * samples[SAMPLES * row + x];
    });
    for (const cosines of COSINES) {
      frequencies.push(cosines.reduce((sum, cosine, x) => sum + cosine * across[x], 0));
    }
  }
  return frequencies;
}

/** Bits as 64 hexadecimal digits; bit 0 is the last. */
function hexOf(bits) {
  let hex = "";
  for (let at = bits.length - 4; at >= 0; at -= 4) {
    const [one, two, four, eight] = bits.slice(at, at + 4).map(Number);
    hex += (one + 2 * two + 4 * four + 8 * eight).toString(16);
  }
  return hex;
}

/** How much detail samples have, 0 to 100. */
function qualityOf(samples) {
  const step = (from, to) => Math.abs(Math.trunc(((samples[from] - samples[to]) * 100) / 255));
  let steps = 0;
  for (let at = 0; at < samples.length; at += 1) {
    if (at % SAMPLES < SAMPLES - 1) steps += step(at, at + 1);
    if (at + SAMPLES < samples.length) steps += step(at, at + SAMPLES);
  }
  return Math.min(Math.floor(steps / 90), 100);
}

/** Hash and quality of pixels as a canvas has them (RGBA, opaque). */
function pdqOf({ data, width, height }) {
  const samples = filteredSamples(data, width, height);
  const frequencies = frequenciesOf(samples);
  const sorted = [...frequencies].sort((one, other) => one - other);
  // The lower of the two middle values.
  const median = sorted[sorted.length / 2 - 1];
  const bits = frequencies.map((value) => median < value);
  return { pdq: hexOf(bits), quality: qualityOf(samples) };
}
