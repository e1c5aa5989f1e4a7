// Offers to open the OpenAPI documents of a page in Swagger UI. Nothing is loaded before a reader
// asks for it, and nothing from another server. The frame keeps Swagger's style off the page.
(() => {
  const base = new URL(document.documentElement.dataset.content_root || "./", document.baseURI);
  const files = new URL("swagger-ui/", base).href;

  const frameFor = (data, title) => {
    const frame = document.createElement("iframe");
    frame.title = `${title}, in Swagger UI`;
    frame.className = "wb-swagger-frame";
    const options = `{spec, domNode: document.querySelector("main"), validatorUrl: null,
      supportedSubmitMethods: [], docExpansion: "list", deepLinking: false}`;
    const dark = document.documentElement.dataset.theme === "dark";
    frame.srcdoc = `<!doctype html><html lang="en" class="${dark ? "dark-mode" : ""}"><meta charset="utf-8"><title>${title}</title>
      <meta name="viewport" content="width=device-width">
      <link rel="stylesheet" href="${files}swagger-ui.css">
      <style>body{margin:0;background:${dark ? "#1c2022" : "#fff"}}</style><main></main>
      <script src="${files}swagger-ui-bundle.js"></` + `script>
      <script>const spec = ${data}; SwaggerUIBundle(${options});</` + `script></html>`;
    return frame;
  };

  for (const source of document.querySelectorAll("script.wb-openapi")) {
    const title = source.closest("[aria-label]")?.getAttribute("aria-label") || "The description";
    const fold = document.createElement("details");
    fold.className = "wb-swagger";
    const summary = document.createElement("summary");
    summary.textContent = "Open the same description in Swagger UI";
    fold.append(summary);
    fold.addEventListener("toggle", () => {
      if (fold.open && !fold.querySelector("iframe")) fold.append(frameFor(source.textContent, title));
    });
    source.after(fold);
  }
})();
