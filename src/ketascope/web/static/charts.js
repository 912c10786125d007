// Each chart is a still drawing. A button beside it loads the drawing library, once, and draws the same chart live, with
// values under the pointer; where that fails the still drawing stays.

// Milliseconds after which a drawing is asked for again where the service was too busy for it, in turn.
const AGAIN_AFTER_MS = [5000, 10000, 20000];
const VEGA_ADDRESS = document.currentScript.dataset.vega;
let loading = null;

function loadVega() {
  loading ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = VEGA_ADDRESS;
    script.onload = resolve;
    script.onerror = () => reject(new Error("the drawing library did not load"));
    document.head.append(script);
  });
  return loading;
}

async function drawLive(figure, button) {
  button.disabled = true;
  const holder = figure.querySelector(".drawing");
  const stage = document.createElement("div");
  try {
    const [answer] = await Promise.all([fetch(figure.dataset.spec), loadVega()]);
    if (!answer.ok) throw new Error(`the chart answered ${answer.status}`);
    // ast: the interpreter, as the policy of these pages allows no code made from text.
    await window.vegaEmbed(stage, await answer.json(), {
      renderer: "canvas",
      ast: true,
      actions: false,
      defaultStyle: false,
      tooltip: { disableDefaultStyle: true },
    });
    stage.setAttribute("role", "img");
    stage.setAttribute("aria-label", holder.querySelector("img").alt);
    holder.replaceChildren(stage);
    button.remove();
  } catch (error) {
    button.disabled = false;
    button.textContent = "Show values did not work; try again";
  }
}

function offerLive() {
  for (const figure of document.querySelectorAll("figure[data-spec]:not([data-live-offered])")) {
    figure.dataset.liveOffered = "";
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "Show values under the pointer";
    button.addEventListener("click", () => drawLive(figure, button));
    figure.querySelector(".tools")?.append(button);
  }
}

function askAgain(image) {
  const tries = Number(image.dataset.tries ?? 0);
  if (tries >= AGAIN_AFTER_MS.length) return;
  image.dataset.tries = tries + 1;
  setTimeout(() => (image.src = image.src), AGAIN_AFTER_MS[tries]);
}

// Drawings that failed before this script ran, and all that fail later; an error of an image does not bubble.
function watchDrawings() {
  for (const image of document.querySelectorAll(".drawing img")) {
    if (image.complete && image.naturalWidth === 0 && !image.dataset.tries) askAgain(image);
  }
}
document.addEventListener("error", ({ target }) => target.matches?.(".drawing img") && askAgain(target), true);

offerLive();
watchDrawings();
document.addEventListener("ketascope:swapped", offerLive);
