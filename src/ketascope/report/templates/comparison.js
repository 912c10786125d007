// Replaces each still drawing by a live one with tooltips; where that fails the still drawing stays.
for (const holder of document.querySelectorAll(".drawing")) {
  const spec = JSON.parse(document.getElementById(holder.id.replace("chart-", "spec-")).textContent);
  const stage = document.createElement("div");
  window
    .vegaEmbed(stage, spec, {
      renderer: "svg",
      ast: true,
      actions: { export: true, source: false, compiled: false, editor: false },
      tooltip: { theme: "light" },
    })
    .then(() => holder.replaceChildren(stage))
    .catch((error) => console.warn("The still drawing is kept:", error));
}
