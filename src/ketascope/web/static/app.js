// Forms marked data-live answer without a new page: the same address is fetched, its parts replaced, and pushed to the
// address bar. Without this script the same forms work as plain GET.

// Elements that an answer brings anew: the results, and whatever a form marks, such as its error lines.
const PARTS = "#results, [data-live-part][id]";
const WAIT_MS = 450;
let shown = location.pathname + location.search;

function addressOf(form) {
  const given = [...new FormData(form)].filter(([, value]) => typeof value === "string" && value.trim() !== "");
  const address = new URL(form.action, location.href);
  address.search = new URLSearchParams(given).toString();
  return address;
}

function say(form, words) {
  const status = form.querySelector("[role=status]");
  if (status) status.textContent = words;
}

function swap(answer) {
  for (const part of document.querySelectorAll(PARTS)) {
    const fresh = answer.getElementById(part.id);
    if (fresh) part.replaceWith(document.adoptNode(fresh));
  }
  // An error that an answer found beside a field, or the lack of one.
  for (const field of document.querySelectorAll("form[data-live] [id]")) {
    const fresh = answer.getElementById(field.id);
    if (!fresh || !("name" in field)) continue;
    for (const name of ["aria-invalid", "aria-describedby"]) {
      if (fresh.hasAttribute(name)) field.setAttribute(name, fresh.getAttribute(name));
      else field.removeAttribute(name);
    }
  }
  document.title = answer.title;
  document.dispatchEvent(new CustomEvent("ketascope:swapped"));
}

function liven(form) {
  let running = null;
  let timer = 0;
  async function ask() {
    clearTimeout(timer);
    running?.abort();
    const mine = (running = new AbortController());
    const address = addressOf(form);
    const results = document.getElementById("results");
    results?.setAttribute("aria-busy", "true");
    say(form, "Computing…");
    try {
      const response = await fetch(address, { signal: mine.signal, headers: { Accept: "text/html" } });
      if (response.status === 503) {
        const seconds = Number(response.headers.get("Retry-After")) || 5;
        say(form, `Busy; asking again in ${seconds} seconds.`);
        timer = setTimeout(ask, 1000 * seconds);
        return;
      }
      const answer = new DOMParser().parseFromString(await response.text(), "text/html");
      if (!answer.getElementById("results")) return void location.assign(address);
      swap(answer);
      history.pushState(null, "", address);
      shown = location.pathname + location.search;
      say(form, response.ok ? "Up to date." : "Please look at what is marked.");
    } catch (error) {
      if (error.name === "AbortError") return;
      say(form, "No answer. Please try again.");
    } finally {
      if (running === mine) document.getElementById("results")?.removeAttribute("aria-busy");
    }
  }
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    ask();
  });
  form.addEventListener("change", () => {
    clearTimeout(timer);
    timer = setTimeout(ask, WAIT_MS);
  });
}

for (const form of document.querySelectorAll("form[data-live]")) liven(form);
// A step back shows what that address asks for; a link within the page changes only what follows the #.
addEventListener("popstate", () => {
  if (location.pathname + location.search !== shown) location.reload();
});

// Buttons that need this script are hidden until it runs, also in parts that an answer brought.
function showButtons() {
  for (const button of document.querySelectorAll("[data-copy-link], [data-print]")) button.hidden = false;
}
showButtons();
document.addEventListener("ketascope:swapped", showButtons);
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy-link], [data-print]");
  if (!button) return;
  if (button.matches("[data-print]")) return void print();
  try {
    await navigator.clipboard.writeText(location.href);
    button.textContent = "Copied";
  } catch {
    prompt("The link to this result:", location.href);
  }
});
