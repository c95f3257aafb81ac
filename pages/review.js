// Keys that press the buttons of the page. Without this file the page works as well.
"use strict";

const byId = (id) => document.getElementById(id);
const SWITCHED_OFF = "photocheck-review-keys-off";

/** Some browsers keep nothing, and say so by throwing. */
function remembered() {
  try {
    return localStorage.getItem(SWITCHED_OFF) === null;
  } catch {
    return true;
  }
}

function remember(isOn) {
  try {
    if (isOn) localStorage.removeItem(SWITCHED_OFF);
    else localStorage.setItem(SWITCHED_OFF, "");
  } catch {
    // Then it holds for this page alone.
  }
}

function begin() {
  const [keys, show, on, why] = ["keys", "show-keys", "keys-on", "why"].map(byId);
  if (!keys) return;
  show.hidden = false;
  on.checked = remembered();
  show.addEventListener("click", () => keys.showModal());
  byId("hide-keys").addEventListener("click", () => keys.close());
  on.addEventListener("change", () => remember(on.checked));
  document.addEventListener("keydown", (event) => {
    const isWriting = event.target.closest("input, textarea, select") !== null;
    if (event.ctrlKey || event.altKey || event.metaKey || event.repeat || isWriting) return;
    if (!on.checked) return;
    if (event.key === "?") {
      event.preventDefault();
      if (keys.open) keys.close();
      else keys.showModal();
      return;
    }
    const button = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
    if (keys.open || !button) return;
    event.preventDefault();
    // A reason is needed first.
    if (event.key === "e" && why && why.value.trim() === "") why.focus();
    else button.click();
  });
}

begin();
